// One child as the watching thread sees it: its pipes, its deadline, its end.

import Glibc
import Primitives

/// A child between start and burial. Confined to the supervisor's thread.
final class RunningChild {
    let handle: ChildProcess
    private let command: ChildCommand
    private let pidDescriptor: FileDescriptor
    private let startedAt: UInt64
    private var input: FileDescriptor?
    private var inputRest: ArraySlice<UInt8> = []
    private var outputs: [OutputPipe]
    private var killAt: UInt64?
    private var isTimedOut = false
    private var buried: (ending: ChildOutcome.Ending, usage: ProcessUsage)?
    private var drainUntil: UInt64?
    private(set) var hasEnded = false

    /// How long to wait, after the end, for output still held open by a descendant that left the
    /// group.
    private static let drainNanoseconds: UInt64 = 250_000_000

    init(_ command: ChildCommand) throws(Refusal) {
        let started = try ChildLauncher.launch(command)
        self.command = command
        handle = ChildProcess(started.process)
        pidDescriptor = started.pidDescriptor
        startedAt = SystemClock.monotonicNanoseconds()
        killAt = command.timeLimitNanoseconds.map { limit in
            let (sum, overflow) = started.time.addingReportingOverflow(limit)
            return overflow ? .max : sum
        }
        outputs = started.outputs
        if case .bytes(let bytes) = command.input {
            input = started.input
            inputRest = bytes[...]
        }
    }

    /// The next moment at which something is due.
    var deadline: UInt64? { buried == nil ? killAt : drainUntil }

    func addInterests(to polled: inout [pollfd]) {
        if buried == nil {
            polled.append(pollfd(fd: pidDescriptor.number, events: Int16(POLLIN), revents: 0))
        }
        for pipe in outputs {
            guard let reader = pipe.reader else { continue }
            polled.append(pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0))
        }
        if let input {
            polled.append(pollfd(fd: input.number, events: Int16(POLLOUT), revents: 0))
        }
    }

    /// Does everything that can be done now.
    func advance() {
        guard !hasEnded else { return }
        feed()
        for index in outputs.indices { outputs[index].drain() }
        let now = SystemClock.monotonicNanoseconds()
        if buried == nil, let killAt, now >= killAt {
            isTimedOut = true
            self.killAt = nil
            handle.kill()
        }
        if buried == nil { buryIfEnded(now: now) }
        guard let buried, let drainUntil else { return }
        for index in outputs.indices { outputs[index].drain() }
        guard outputs.allSatisfy({ $0.reader == nil }) || now >= drainUntil else { return }
        finish(buried.ending, buried.usage, now: now)
    }

    private func feed() {
        guard let input else { return }
        while !inputRest.isEmpty {
            let put = inputRest.withUnsafeBytes {
                Glibc.write(input.number, $0.baseAddress, $0.count)
            }
            if put < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                break  // It no longer reads; the rest is lost, which is its own affair.
            }
            inputRest = inputRest.dropFirst(put)
        }
        self.input = nil
    }

    private func buryIfEnded(now: UInt64) {
        var event = pollfd(fd: pidDescriptor.number, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, 0) == 1 else { return }
        // While it is unburied its number, and so its group's, cannot be given to others: the
        // moment to end what it left behind.
        handle.kill()
        handle.markCollected()
        var status: Int32 = 0
        var used = rusage()
        while wait4(handle.processIdentifier, &status, 0, &used) < 0 {
            guard errno == EINTR else { break }
        }
        let signal = status & 0x7F
        let ending: ChildOutcome.Ending =
            signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
        buried = (ending, ProcessUsage(used))
        drainUntil = now + RunningChild.drainNanoseconds
    }

    private func finish(_ ending: ChildOutcome.Ending, _ usage: ProcessUsage, now: UInt64) {
        hasEnded = true
        input = nil
        let outcome = ChildOutcome(
            ending: ending, isTimedOut: isTimedOut, output: outputs[0].kept,
            error: outputs[1].kept, usage: usage, wallNanoseconds: now - startedAt)
        handle.end(with: outcome)
    }
}

/// The parent's end of one output.
struct OutputPipe {
    private(set) var reader: FileDescriptor?
    private let target: ChildCommand.Output
    private var captured = CapturedOutput()

    init(_ reader: FileDescriptor?, _ target: ChildCommand.Output) {
        self.reader = reader
        self.target = target
    }

    /// What the outcome shows.
    var kept: CapturedOutput {
        var result = captured
        if case .captured(let limit) = target { result.trim(to: max(0, limit)) }
        return result
    }

    /// Takes what is there, up to a bound so that one child cannot starve the others.
    mutating func drain() {
        guard let reader else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        for _ in 0..<16 {
            let got = chunk.withUnsafeMutableBytes {
                Glibc.read(reader.number, $0.baseAddress, $0.count)
            }
            if got < 0 && errno == EINTR { continue }
            if got < 0 && errno == EAGAIN { return }
            guard got > 0 else {
                self.reader = nil
                return
            }
            switch target {
            case .captured(let limit): captured.append(chunk[..<got], limit: max(0, limit))
            case .streamed(let handler): handler(Array(chunk[..<got]))
            case .none, .file, .inherited: break
            }
        }
    }
}

extension ProcessUsage {
    init(_ used: rusage) {
        func nanoseconds(_ time: timeval) -> UInt64 {
            UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_usec)) * 1000
        }
        userNanoseconds = nanoseconds(used.ru_utime)
        systemNanoseconds = nanoseconds(used.ru_stime)
        maximumResidentBytes = UInt64(max(0, used.ru_maxrss)) * 1024
    }
}
