// Every bound the server keeps, in one place.

/// Bounds and deadlines of a server. The defaults suit a public control plane.
public struct HTTPLimits: Sendable {
    /// Names and values of one request's header fields, with 32 bytes of bookkeeping each.
    public var headerBytes = 64 << 10
    /// The body of one request; more is answered 413.
    public var bodyBytes = 64 << 20
    /// Requests in flight on one HTTP/2 connection.
    public var concurrentStreams: UInt32 = 256
    /// Stream resets a client may send at once, and how many it earns back per second.
    public var resetBurst: UInt64 = 1000
    /// See `resetBurst`.
    public var resetsPerSecond: UInt64 = 100
    /// Connections at once; more are closed as they come.
    public var connections = 4096
    /// Connections at once from one address.
    public var connectionsPerAddress = 4096
    /// From connecting to the end of the TLS handshake, or to the first bytes of plaintext.
    public var handshakeTimeout = Duration.seconds(10)
    /// A connection with nothing in flight is closed after this.
    public var idleTimeout = Duration.seconds(120)
    /// From the first byte of a request to its last; a longer body earns more time, see below.
    public var requestTimeout = Duration.seconds(30)
    /// A body that comes at this rate or faster is never too slow.
    public var bodyBytesPerSecond = 16 << 10
    /// A response that the client does not read is given up after this.
    public var stallTimeout = Duration.seconds(60)

    /// The defaults.
    public init() {}

    /// How often a connection looks at its deadlines: often enough to keep the shortest.
    var tick: Duration {
        let shortest = min(idleTimeout, requestTimeout, stallTimeout)
        return max(.milliseconds(5), min(.seconds(1), shortest / 8))
    }

    /// A deadline as a number of ticks, at least one.
    func ticks(_ duration: Duration) -> UInt32 { UInt32(clamping: max(1, Int(duration / tick))) }
}
