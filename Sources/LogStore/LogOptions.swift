// How a log is kept.

/// Settings of a log.
public struct LogOptions: Sendable {
    /// The size of a segment; a larger single write gets a larger one.
    public var segmentBytes: UInt64 = 16 << 20
    /// How many bytes of waiting batches one flush takes at most.
    public var groupBytes = 4 << 20
    /// How far ahead of the records zeros are written. Reserved space that was never written costs
    /// file systems a change of their own records when it is, with every flush; so it is written
    /// beforehand, many writes' worth at once.
    public var zeroedAheadBytes: UInt64 = 128 << 10
    /// The identity of a new log; nil draws one. Simulations give their own.
    public var identity: UInt64?

    /// No segment is larger; a larger file is not read past this.
    static let segmentBytesLimit: UInt64 = 2 << 30

    /// Sixteen mebibytes a segment, four a flush.
    public init() {}
}
