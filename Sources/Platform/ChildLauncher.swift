// Opens what a child needs and starts it.

import CPlatform
import Glibc
import Primitives

/// Starts children; called on the supervisor's thread only.
enum ChildLauncher {
    /// A child that runs, with the parent's ends of its pipes.
    struct Started {
        let process: pid_t
        let pidDescriptor: FileDescriptor
        let time: UInt64
        let input: FileDescriptor?
        let outputs: [OutputPipe]
    }

    static func launch(_ command: ChildCommand) throws(Refusal) -> Started {
        guard let executable = Environment.find(program: command.executable) else {
            throw Refusal(
                "process.not-found", "there is no program \(command.executable) to run")
        }
        let input = try openInput(command.input)
        let output = try openOutput(command.output, standard: STDOUT_FILENO)
        let error = try openOutput(command.error, standard: STDERR_FILENO)
        let descriptors =
            [input.child, output.child, error.child] + command.inherited.map(\.number)
        let process = try spawn(command, executable: executable, descriptors: descriptors)
        let number = cplatform_pidfd(process)
        guard number >= 0 else {
            let reason = errno
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw SystemError.refusal(reason, "watch the process \(executable)")
        }
        return Started(
            process: process, pidDescriptor: FileDescriptor(owning: number, path: "a process"),
            time: SystemClock.monotonicNanoseconds(), input: input.parent,
            outputs: [
                OutputPipe(output.parent, command.output), OutputPipe(error.parent, command.error),
            ])
    }

    /// One end for the child (kept open by `keeper` until it has started), one for us.
    private struct Ends {
        let child: Int32
        let keeper: FileDescriptor?
        var parent: FileDescriptor?
    }

    private static func openInput(_ input: ChildCommand.Input) throws(Refusal) -> Ends {
        switch input {
        case .inherited: return Ends(child: STDIN_FILENO, keeper: nil)
        case .none: return try ends(at: "/dev/null", O_RDONLY)
        case .file(let path): return try ends(at: path, O_RDONLY)
        case .bytes:
            let (reader, writer) = try FileDescriptor.pipe()
            writer.setNonblocking()
            return Ends(child: reader.number, keeper: reader, parent: writer)
        }
    }

    private static func openOutput(
        _ output: ChildCommand.Output, standard: Int32
    ) throws(Refusal) -> Ends {
        switch output {
        case .inherited: return Ends(child: standard, keeper: nil)
        case .none: return try ends(at: "/dev/null", O_WRONLY)
        case .file(let path): return try ends(at: path, O_WRONLY | O_CREAT | O_APPEND)
        case .captured, .streamed:
            let (reader, writer) = try FileDescriptor.pipe()
            reader.setNonblocking()
            return Ends(child: writer.number, keeper: writer, parent: reader)
        }
    }

    private static func ends(at path: String, _ flags: Int32) throws(Refusal) -> Ends {
        let file = try FileDescriptor.open(path, flags)
        return Ends(child: file.number, keeper: file)
    }

    private static func spawn(
        _ command: ChildCommand, executable: String, descriptors: [Int32]
    ) throws(Refusal) -> pid_t {
        let environment = command.environment ?? Environment.all()
        let arguments = CStringArray([command.executable] + command.arguments)
        let variables = CStringArray(environment.map { "\($0.name)=\($0.value)" })
        let path = CStringArray([executable, command.workingFolder ?? ""])
        let groups = command.controlGroups.map(\.number)
        let limits = command.limits.map {
            cplatform_limit(resource: $0.resource, soft: $0.value, hard: $0.hardValue)
        }

        var request = cplatform_spawn_request()
        request.executable = UnsafePointer(path.pointers[0])
        request.directory = command.workingFolder == nil ? nil : UnsafePointer(path.pointers[1])
        request.descriptor_count = Int32(descriptors.count)
        request.group_count = Int32(groups.count)
        request.limit_count = Int32(limits.count)
        request.flags = flags(of: command)
        var process: pid_t = 0
        var stage: Int32 = 0
        let failure = descriptors.withUnsafeBufferPointer { descriptors in
            groups.withUnsafeBufferPointer { groups in
                limits.withUnsafeBufferPointer { limits in
                    arguments.pointers.withUnsafeBufferPointer { arguments in
                        variables.pointers.withUnsafeBufferPointer { variables in
                            request.descriptors = descriptors.baseAddress
                            request.group_descriptors = groups.baseAddress
                            request.limits = limits.baseAddress
                            request.arguments = arguments.baseAddress
                            request.environment = variables.baseAddress
                            return cplatform_spawn(&request, &process, &stage)
                        }
                    }
                }
            }
        }
        // The strings and files must live until here, where the child has its own.
        withExtendedLifetime((arguments, variables, path, command)) {}
        guard failure == 0 else { throw refusal(failure, stage, command) }
        return process
    }

    private static func flags(of command: ChildCommand) -> Int32 {
        var flags = command.startsSession ? CPLATFORM_NEW_SESSION : CPLATFORM_NEW_GROUP
        if command.diesWithParent { flags |= CPLATFORM_DIE_WITH_PARENT }
        if command.gainsNoPrivileges { flags |= CPLATFORM_NO_NEW_PRIVILEGES }
        return Int32(flags)
    }

    private static func refusal(
        _ failure: Int32, _ stage: Int32, _ command: ChildCommand
    ) -> Refusal {
        let step =
            switch Int(stage) {
            case CPLATFORM_STAGE_FORK: "make a process"
            case CPLATFORM_STAGE_DESCRIPTORS: "set up its files"
            case CPLATFORM_STAGE_GROUP: "join its control group"
            case CPLATFORM_STAGE_LIMITS: "set its limits"
            case CPLATFORM_STAGE_DIRECTORY: "enter \(command.workingFolder ?? "its folder")"
            case CPLATFORM_STAGE_PRIVILEGES: "give up privileges"
            default: "execute it"
            }
        return Refusal(
            "process.not-started",
            "cannot start \(command.executable): \(step): \(SystemError.sentence(for: failure))")
    }
}

/// Strings as C wants them: an array of pointers that ends with null.
private final class CStringArray {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
}
