// Where and when in the log something happens. Nothing here asks a clock.

public import Primitives

/// A log entry's index and the time it is stamped with.
public struct LogMoment: Hashable, Sendable {
    /// The entry's index.
    public var index: UInt64
    /// The entry's time.
    public var time: Timestamp

    /// Makes a moment.
    public init(index: UInt64, time: Timestamp) {
        self.index = index
        self.time = time
    }
}
