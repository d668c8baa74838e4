// One event loop as a home: an actor that lives where its connections do takes their messages, and
// answers them, without waking another thread for each.

import NIOCore
import NIOPosix

/// An event loop that an actor may have as its executor, and connections as their home.
public struct TransportLoop: Sendable {
    let loop: any EventLoop

    /// One of the process' loops; a process with many members spreads them.
    public init() { loop = MultiThreadedEventLoopGroup.singleton.next() }

    /// For an actor's `unownedExecutor`.
    public var executor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// Runs `work` soon, on the loop, after what runs there now.
    public func call(_ work: @escaping @Sendable () -> Void) { loop.execute(work) }

    /// Runs `work` on the loop once that much time has passed.
    public func call(afterNanoseconds nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
        loop.scheduleTask(in: .nanoseconds(Int64(clamping: nanoseconds)), work)
    }

    /// Runs `work` on the loop again and again. After a pause it runs once, not once for each time
    /// that was missed.
    public func every(
        nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void
    ) -> TransportTimer {
        let interval = TimeAmount.nanoseconds(Int64(clamping: nanoseconds))
        return TransportTimer(
            task: loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                work()
            })
    }
}

/// Work that is repeated until it is cancelled.
public struct TransportTimer: Sendable {
    let task: RepeatedTask

    /// No more.
    public func cancel() { task.cancel() }
}
