// What to run in a sandbox, within which limits, and what came of it.

public import Platform
import Primitives

/// How a task is kept apart from the machine.
public enum SandboxDriver: String, Sendable, CaseIterable {
    /// Namespaces, a read-only root, no network, no capabilities, a filter of system calls.
    case bubblewrap
    /// A plain process with limits: for an owner's own work only.
    case process
}

/// What kept a task's memory within its limit.
public enum MemoryGuard: String, Sendable {
    /// A control group, version 2.
    case controlGroupV2 = "cgroup-v2"
    /// A control group, version 1.
    case controlGroupV1 = "cgroup-v1"
    /// A limit on each process's address space: weaker, since processes add up.
    case resourceLimits = "rlimit"
}

/// The bounds of a task.
public struct SandboxLimits: Sendable, Equatable {
    /// Time by the clock on the wall.
    public var wallMilliseconds: UInt64 = 600_000
    /// Processor time of each process.
    public var processorSeconds: UInt64 = 3_600
    /// Memory of all its processes together.
    public var memoryBytes: UInt64 = 1 << 30
    /// Processes and threads.
    public var processes: UInt64 = 256
    /// All output files together.
    public var outputBytes: UInt64 = 1 << 30
    /// Temporary files, which live in memory.
    public var temporaryBytes: UInt64 = 64 << 20
    /// How much of the end of standard output and of standard error is kept.
    public var capturedBytes = 64 << 10

    /// Ten minutes, one hour of processor, one gibibyte of memory and of output.
    public init() {}
}

/// A program to run, with what goes in and where results come out.
///
/// In its arguments `{inputs}` and `{output}` stand for the two folders as the program sees them;
/// the variables `ALTHING_INPUTS` and `ALTHING_OUTPUT` say the same.
public struct SandboxTask: Sendable {
    /// A file or folder that the program may read.
    public struct Input: Sendable, Equatable {
        /// Its name in the folder of inputs.
        public let name: String
        /// Where it is on this machine.
        public let path: String

        /// Names an input.
        public init(name: String, path: String) {
            self.name = name
            self.path = path
        }
    }

    /// The program, a path on this machine.
    public var executable: String
    /// Its arguments.
    public var arguments: [String]
    /// Its variables; nothing of ours is passed on.
    public var environment: [(name: String, value: String)] = []
    /// What it may read.
    public var inputs: [Input] = []
    /// An existing folder of this machine that receives its output.
    public var outputFolder: String
    /// What it finds on its standard input.
    public var standardInput: [UInt8] = []
    /// Its bounds.
    public var limits = SandboxLimits()

    /// A task without inputs and with the usual limits.
    public init(_ executable: String, _ arguments: [String] = [], outputFolder: String) {
        self.executable = executable
        self.arguments = arguments
        self.outputFolder = outputFolder
    }
}

/// What came of a task.
public struct SandboxResult: Sendable {
    /// Why it ended.
    public enum Ending: Sendable, Equatable {
        /// By itself, with this status.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)
        /// Its wall-clock limit.
        case timedOut
        /// Its limit of processor time.
        case usedUpProcessorTime
        /// Its memory limit.
        case outOfMemory
        /// Its output limit.
        case outputTooLarge
        /// The caller's wish.
        case cancelled

        /// What happened, as the end of a sentence about the program.
        public var words: String {
            switch self {
            case .exited(let status): "ended with exit status \(status)"
            case .signalled(let signal): "was ended by signal \(signal)"
            case .timedOut: "ran longer than it may"
            case .usedUpProcessorTime: "used up its processor time"
            case .outOfMemory: "needs more memory than it may have"
            case .outputTooLarge: "wrote more than it may"
            case .cancelled: "was stopped"
            }
        }
    }

    /// Why it ended.
    public let ending: Ending
    /// The end of its standard output.
    public let output: CapturedOutput
    /// The end of its standard error.
    public let error: CapturedOutput
    /// What it used.
    public let usage: ProcessUsage
    /// The most memory all its processes held together, where a control group measured it.
    public let peakMemoryBytes: UInt64?
    /// How long it ran.
    public let wallNanoseconds: UInt64
    /// How it was kept apart.
    public let driver: SandboxDriver
    /// What kept its memory within the limit.
    public let memoryGuard: MemoryGuard
    /// The files it left, by path below the output folder.
    public let files: [Files.Entry]

    /// Whether it could touch nothing but its output folder.
    public var isIsolated: Bool { driver == .bubblewrap }
    /// Whether it left by itself with status 0.
    public var isSuccess: Bool { ending == .exited(0) }
}

extension SandboxTask {
    /// Throws `sandbox.bad-task` for names that could reach out of the folder of inputs, missing
    /// inputs and a missing output folder.
    func check() throws(Refusal) {
        for input in inputs {
            guard !input.name.isEmpty, input.name != ".", input.name != "..",
                !input.name.contains("/"), !input.name.utf8.contains(0)
            else {
                throw Refusal("sandbox.bad-task", "\"\(input.name)\" is no name for an input")
            }
            guard Files.exists(input.path) else {
                throw Refusal(
                    "sandbox.bad-task", "the input \(input.name) is not at \(input.path)")
            }
        }
        guard Set(inputs.map(\.name)).count == inputs.count else {
            throw Refusal("sandbox.bad-task", "two inputs have the same name")
        }
        guard try Files.information(outputFolder)?.isFolder == true else {
            throw Refusal("sandbox.bad-task", "there is no output folder at \(outputFolder)")
        }
        for variable in environment {
            guard !variable.name.isEmpty, !variable.name.contains("=") else {
                throw Refusal("sandbox.bad-task", "\"\(variable.name)\" is no variable name")
            }
        }
    }

    /// The arguments with both folders filled in.
    func arguments(inputs: String, output: String) -> [String] {
        arguments.map {
            $0.replacing("{inputs}", with: inputs).replacing("{output}", with: output)
        }
    }

    /// The variables of the program: a small fixed set, then the task's own.
    func variables(inputs: String, output: String) -> [(name: String, value: String)] {
        let fixed = [
            (name: "PATH", value: "/usr/local/bin:/usr/bin:/bin"), (name: "HOME", value: "/tmp"),
            (name: "TMPDIR", value: "/tmp"), (name: "LANG", value: "C.UTF-8"),
            (name: "ALTHING_INPUTS", value: inputs), (name: "ALTHING_OUTPUT", value: output),
        ]
        let own = Set(environment.map(\.name))
        return fixed.filter { !own.contains($0.name) } + environment
    }
}
