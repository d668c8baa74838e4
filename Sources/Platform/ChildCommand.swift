// What to run as a child process, and what came of it.

import CPlatform
import Glibc

/// A limit that the kernel holds a process to.
public struct ResourceLimit: Sendable, Equatable {
    let resource: Int32
    let value: UInt64
    let hardValue: UInt64

    private init(resource: Int32, value: UInt64, grace: UInt64 = 0) {
        self.resource = resource
        self.value = value
        let (sum, overflow) = value.addingReportingOverflow(grace)
        hardValue = overflow ? .max : sum
    }

    /// Seconds of processor time: past them SIGXCPU, which says why it ended, and a second later
    /// SIGKILL for programs that do not listen.
    public static func processorSeconds(_ value: UInt64) -> ResourceLimit {
        ResourceLimit(resource: Int32(RLIMIT_CPU.rawValue), value: value, grace: 1)
    }
    /// Bytes of address space.
    public static func addressSpaceBytes(_ value: UInt64) -> ResourceLimit {
        ResourceLimit(resource: Int32(RLIMIT_AS.rawValue), value: value)
    }
    /// Bytes of the largest file it can write.
    public static func fileBytes(_ value: UInt64) -> ResourceLimit {
        ResourceLimit(resource: Int32(RLIMIT_FSIZE.rawValue), value: value)
    }
    /// Processes and threads of this user; not held against the superuser.
    public static func processes(_ value: UInt64) -> ResourceLimit {
        ResourceLimit(resource: Int32(CPLATFORM_LIMIT_PROCESSES), value: value)
    }
    /// Open descriptors.
    public static func openFiles(_ value: UInt64) -> ResourceLimit {
        ResourceLimit(resource: Int32(RLIMIT_NOFILE.rawValue), value: value)
    }
    /// Bytes of memory dump; 0 for none.
    public static func coreBytes(_ value: UInt64) -> ResourceLimit {
        ResourceLimit(resource: Int32(RLIMIT_CORE.rawValue), value: value)
    }
}

/// A program to run and its surroundings.
public struct ChildCommand: Sendable {
    /// Where its standard input comes from.
    public enum Input: Sendable {
        /// Nothing: end of file at once.
        case none
        /// These bytes, then end of file.
        case bytes([UInt8])
        /// A file.
        case file(String)
        /// The parent's.
        case inherited
    }

    /// Where its standard output or error goes.
    public enum Output: Sendable {
        /// Nowhere.
        case none
        /// The last `limit` bytes are kept for the outcome.
        case captured(limit: Int)
        /// Appended to a file.
        case file(String)
        /// To the parent's.
        case inherited
        /// Handed on as it comes, from a thread where the handler must not block for long.
        case streamed(@Sendable ([UInt8]) -> Void)
    }

    /// Path of the program, or a name to be found in `PATH`.
    public var executable: String
    /// Arguments, without the program's name.
    public var arguments: [String]
    /// The whole environment, or nil for the parent's.
    public var environment: [(name: String, value: String)]?
    /// The folder it starts in, or nil for the parent's.
    public var workingFolder: String?
    /// Standard input.
    public var input = Input.none
    /// Standard output.
    public var output = Output.captured(limit: 1 << 20)
    /// Standard error.
    public var error = Output.captured(limit: 1 << 20)
    /// Files that it finds open as descriptors 3, 4, ...
    public var inherited: [FileDescriptor] = []
    /// After this long its whole group is killed.
    public var timeLimitNanoseconds: UInt64?
    /// Limits that the kernel holds it to.
    public var limits: [ResourceLimit] = []
    /// Open `cgroup.procs` files of the control groups it joins before it runs.
    public var controlGroups: [FileDescriptor] = []
    /// Whether it starts a session of its own (no controlling terminal), not only a group.
    public var startsSession = false
    /// Whether it is killed when this process ends in any way.
    public var diesWithParent = true
    /// Whether it and its descendants are barred from gaining privileges.
    public var gainsNoPrivileges = false

    /// A command with nothing on its input, captured outputs and the parent's environment.
    public init(_ executable: String, _ arguments: [String] = []) {
        self.executable = executable
        self.arguments = arguments
    }
}

/// The end of what a child wrote.
public struct CapturedOutput: Sendable, Equatable {
    /// The last bytes, up to the limit.
    public internal(set) var bytes: [UInt8] = []
    /// How many bytes there were in all.
    public internal(set) var totalCount: UInt64 = 0

    /// Whether the beginning was dropped.
    public var isTruncated: Bool { totalCount > UInt64(bytes.count) }
    /// As text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Nothing written.
    public init() {}

    mutating func append(_ chunk: ArraySlice<UInt8>, limit: Int) {
        totalCount += UInt64(chunk.count)
        bytes.append(contentsOf: chunk.suffix(limit))
        // Trimmed only when twice the limit, so that each byte moves at most once.
        if bytes.count > 2 * limit { trim(to: limit) }
    }

    mutating func trim(to limit: Int) {
        if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
    }
}

/// What a process and those of its children that it waited for used.
public struct ProcessUsage: Sendable, Equatable {
    /// Processor time in its own code.
    public var userNanoseconds: UInt64 = 0
    /// Processor time in the kernel.
    public var systemNanoseconds: UInt64 = 0
    /// The most memory that one of them held.
    public var maximumResidentBytes: UInt64 = 0

    /// Nothing used.
    public init() {}
}

/// How a child ended.
public struct ChildOutcome: Sendable, Equatable {
    /// By itself, or by a signal.
    public enum Ending: Sendable, Equatable {
        /// It left with this status.
        case exited(Int32)
        /// A signal ended it.
        case signalled(Int32)
    }

    /// How it ended.
    public internal(set) var ending: Ending
    /// Whether it was killed for passing its time limit.
    public internal(set) var isTimedOut: Bool
    /// The end of its standard output, if captured.
    public internal(set) var output: CapturedOutput
    /// The end of its standard error, if captured.
    public internal(set) var error: CapturedOutput
    /// What it used.
    public internal(set) var usage: ProcessUsage
    /// How long it ran.
    public internal(set) var wallNanoseconds: UInt64

    /// Whether it left with status 0.
    public var isSuccess: Bool { ending == .exited(0) && !isTimedOut }
}
