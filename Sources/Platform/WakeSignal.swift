// Waking a thread that waits: a counting semaphore, and a descriptor that `poll` understands.

import CPlatform
import Glibc

/// A semaphore for threads of our own (never for the language's pool).
public final class WakeSignal: Sendable {
    // The kernel's event counter; reading it takes all that was added.
    private let descriptor: Int32

    /// A signal that nobody has raised. Without a free descriptor it never wakes anyone, which
    /// `isUsable` tells.
    public init() { descriptor = cplatform_event_counter() }

    deinit { _ = close(descriptor) }

    /// Whether the kernel gave a descriptor for it.
    public var isUsable: Bool { descriptor >= 0 }

    /// The descriptor, readable while raised.
    var number: Int32 { descriptor }

    /// Wakes who waits, or who waits next.
    public func raise() {
        var one: UInt64 = 1
        while write(descriptor, &one, 8) < 0 && errno == EINTR {}
    }

    /// Blocks this thread until raised, and takes the signal.
    public func wait() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0 && errno == EINTR {}
    }

    /// Blocks this thread until raised or until that many nanoseconds have passed, and takes the
    /// signal if there is one.
    public func wait(nanoseconds: UInt64) {
        // Up to the next whole millisecond: a wait that ends early would only wait again.
        let milliseconds = Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&event, 1, milliseconds) > 0 { wait() }
    }
}
