// The sliding window of append messages that a follower has not answered yet.

/// Bounds what is under way to one follower, in messages and in bytes.
public struct Inflights: Hashable, Sendable {
    private struct Flight: Hashable {
        var lastIndex: LogIndex
        var bytes: UInt64
    }

    // A ring that grows by doubling up to the limit: most followers never need the whole window.
    private var ring: [Flight] = []
    private var start = 0
    /// How many messages are under way.
    public private(set) var count = 0
    /// How many bytes of entry data are under way.
    public private(set) var bytes: UInt64 = 0
    /// The most messages.
    public let maximumCount: Int
    /// The bytes at which the window closes. One message may pass it, so that an entry larger than
    /// the window still travels.
    public let maximumBytes: UInt64

    /// An empty window.
    public init(maximumCount: Int, maximumBytes: UInt64 = .max) {
        self.maximumCount = maximumCount
        self.maximumBytes = maximumBytes
    }

    /// Whether nothing more may be sent.
    public var isFull: Bool { count >= maximumCount || bytes >= maximumBytes }

    /// Notes a message whose last entry is `lastIndex`; indexes must ascend. Ignored when the
    /// number of messages is exhausted: the caller asks `isFull` first.
    mutating func add(lastIndex: LogIndex, bytes: UInt64) {
        guard count < maximumCount else { return }
        if count == ring.count { grow() }
        ring[(start + count) % ring.count] = Flight(lastIndex: lastIndex, bytes: bytes)
        count += 1
        self.bytes += bytes
    }

    /// Frees every message that ends at or before `index`.
    mutating func free(through index: LogIndex) {
        while count > 0, ring[start].lastIndex <= index {
            bytes -= ring[start].bytes
            start = (start + 1) % ring.count
            count -= 1
        }
    }

    /// Frees everything.
    mutating func removeAll() {
        start = 0
        count = 0
        bytes = 0
    }

    private mutating func grow() {
        let capacity = Swift.min(Swift.max(ring.count * 2, 4), maximumCount)
        var grown: [Flight] = []
        grown.reserveCapacity(capacity)
        for offset in 0..<count { grown.append(ring[(start + offset) % ring.count]) }
        while grown.count < capacity { grown.append(Flight(lastIndex: 0, bytes: 0)) }
        ring = grown
        start = 0
    }
}
