// Warnings that somebody else can cause as often as they like: one line a second for each code,
// with the number of those that were left out.

public import Logging
public import Platform
import Synchronization

/// Writes a warning at most once a second for each code.
public final class LogThrottle: Sendable {
    private struct Slot {
        var next: UInt64 = 0
        var dropped: UInt64 = 0
    }

    /// Codes beyond this share one slot: whoever invents codes gains nothing.
    private static let slotLimit = 64
    private static let interval: UInt64 = 1_000_000_000

    private let logger: Logger
    private let clock: @Sendable () -> UInt64
    private let slots = Mutex<[String: Slot]>([:])

    /// Writes to `logger`; `clock` counts nanoseconds.
    public init(
        _ logger: Logger, clock: @escaping @Sendable () -> UInt64 = SystemClock.monotonicNanoseconds
    ) {
        self.logger = logger
        self.clock = clock
    }

    /// Warns, unless this code was heard in the last second.
    public func warn(_ code: String, _ message: String, metadata: Logger.Metadata = [:]) {
        let now = clock()
        let dropped = slots.withLock { slots -> UInt64? in
            let isKnown = slots[code] != nil || slots.count < LogThrottle.slotLimit
            let key = isKnown ? code : ""
            var slot = slots[key] ?? Slot()
            guard now >= slot.next else {
                slot.dropped += 1
                slots[key] = slot
                return nil
            }
            defer { slots[key] = Slot(next: now + LogThrottle.interval, dropped: 0) }
            return slot.dropped
        }
        guard let dropped else { return }
        var metadata = metadata
        metadata["code"] = "\(code)"
        if dropped > 0 { metadata["left_out"] = "\(dropped)" }
        logger.warning("\(message)", metadata: metadata)
    }
}
