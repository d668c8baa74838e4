// SIGINT, SIGTERM and their kind, delivered to ordinary code on a thread of its own.

import CPlatform
public import Glibc
public import Primitives
import Synchronization

/// Signals sent to this process.
public enum Signals {
    private struct Watching {
        var writer: FileDescriptor?
        var handlers: [(number: Int32, handler: @Sendable (Int32) -> Void)] = []
    }

    private static let watching = Mutex(Watching())

    /// Calls `handler`, on a thread where it may block, each time one of `numbers` arrives; the
    /// signal's usual effect (the end of the process) no longer happens.
    public static func watch(
        _ numbers: [Int32] = [SIGINT, SIGTERM], _ handler: @escaping @Sendable (Int32) -> Void
    ) throws(Refusal) {
        let number = try descriptor()
        watching.withLock { state in
            for signal in numbers { state.handlers.append((signal, handler)) }
        }
        for signal in numbers {
            let failure = cplatform_signal_to_descriptor(signal, number)
            guard failure == 0 else {
                throw SystemError.refusal(failure, "watch signal \(signal)")
            }
        }
    }

    /// The arrivals of `numbers` as a sequence.
    public static func arrivals(
        of numbers: [Int32] = [SIGINT, SIGTERM]
    ) throws(Refusal) -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        try watch(numbers) { continuation.yield($0) }
        return stream
    }

    /// A write to a closed pipe or socket becomes an error of that write, not the end of us.
    public static func ignoreBrokenPipes() { _ = cplatform_signal_ignore(SIGPIPE) }

    /// The pipe that handlers write to; made once, kept for the life of the process.
    private static func descriptor() throws(Refusal) -> Int32 {
        let (reader, writer) = try FileDescriptor.pipe()
        writer.setNonblocking()
        let known = watching.withLock { state -> Int32? in
            if let known = state.writer { return known.number }
            state.writer = writer
            return nil
        }
        if let known { return known }
        try SystemThread.start("signals") { deliver(from: reader) }
        return writer.number
    }

    private static func deliver(from reader: FileDescriptor) {
        var byte: UInt8 = 0
        while true {
            let got = read(reader.number, &byte, 1)
            if got < 0 && errno == EINTR { continue }
            guard got == 1 else { return }
            let number = Int32(byte)
            let handlers = watching.withLock { state in
                state.handlers.filter { $0.number == number }
            }
            for entry in handlers { entry.handler(number) }
        }
    }
}
