// Frames between members: a kind, a length, a payload. Long messages go in pieces, so that an
// urgent one never waits for more than a piece.

import Primitives

/// How soon a message goes out. Messages of one priority keep their order.
public enum PeerPriority: Sendable {
    /// Heartbeats, votes, acknowledgements: before everything else.
    case urgent
    /// Entries and snapshots.
    case bulk
}

/// Bounds of the peer protocol.
enum PeerLimits {
    static let message = 8 << 20
    static let piece = 64 << 10
    static let header = 5
    /// The first frame, a greeting or a refusal: nobody holds more for a stranger.
    static let greeting = 1024
}

/// What a frame holds.
enum PeerFrameKind: UInt8 {
    case hello, refusal, urgentPiece, urgentEnd, bulkPiece, bulkEnd
}

/// A frame as it goes over the wire.
func peerFrame(_ kind: PeerFrameKind, _ payload: some Collection<UInt8>) -> [UInt8] {
    let count = UInt32(truncatingIfNeeded: payload.count)
    var frame: [UInt8] = []
    frame.reserveCapacity(PeerLimits.header + payload.count)
    frame.append(kind.rawValue)
    for shift in stride(from: 24, through: 0, by: -8) {
        frame.append(UInt8(truncatingIfNeeded: count >> UInt32(shift)))
    }
    frame.append(contentsOf: payload)
    return frame
}

/// Takes a byte stream apart into frames, and puts messages together again.
struct PeerFrameReader {
    /// What the stream held.
    enum Item: Equatable {
        case hello([UInt8])
        case refusal([UInt8])
        case message([UInt8])
    }

    private var pending: [UInt8] = []
    private var urgent: [UInt8] = []
    private var bulk: [UInt8] = []
    private var isGreeted = false

    /// Whether a frame or a message has begun and is not whole.
    var isMidway: Bool { !pending.isEmpty || !urgent.isEmpty || !bulk.isEmpty }

    /// Takes the next bytes; gives what is now whole.
    mutating func take(_ bytes: [UInt8]) throws(Refusal) -> [Item] {
        pending.append(contentsOf: bytes)
        var items: [Item] = []
        var position = 0
        while pending.count - position >= PeerLimits.header {
            let count = pending[position + 1..<position + PeerLimits.header].reduce(0) {
                $0 << 8 | Int($1)
            }
            guard count <= PeerLimits.piece, let kind = PeerFrameKind(rawValue: pending[position])
            else { throw Refusal("transport.protocol", "a peer sent a frame of no known form") }
            try checkOpening(kind, count)
            let start = position + PeerLimits.header
            guard pending.count - start >= count else { break }
            if let item = try take(kind, pending[start..<start + count]) { items.append(item) }
            position = start + count
        }
        pending.removeFirst(position)
        return items
    }

    /// Before the greeting nothing is put together for the other side.
    private func checkOpening(_ kind: PeerFrameKind, _ count: Int) throws(Refusal) {
        guard !isGreeted else { return }
        guard kind == .hello || kind == .refusal else {
            throw Refusal("transport.protocol", "a peer spoke before it greeted")
        }
        guard count <= PeerLimits.greeting else {
            throw Refusal(
                "transport.protocol",
                "a peer's greeting is longer than \(PeerLimits.greeting) bytes")
        }
    }

    private mutating func take(
        _ kind: PeerFrameKind, _ payload: ArraySlice<UInt8>
    ) throws(Refusal) -> Item? {
        switch kind {
        case .hello:
            isGreeted = true
            return .hello(Array(payload))
        case .refusal: return .refusal(Array(payload))
        case .urgentPiece, .urgentEnd:
            return try PeerFrameReader.join(payload, to: &urgent, isEnd: kind == .urgentEnd)
        case .bulkPiece, .bulkEnd:
            return try PeerFrameReader.join(payload, to: &bulk, isEnd: kind == .bulkEnd)
        }
    }

    private static func join(
        _ payload: ArraySlice<UInt8>, to message: inout [UInt8], isEnd: Bool
    ) throws(Refusal) -> Item? {
        guard message.count + payload.count <= PeerLimits.message else {
            throw Refusal(
                "transport.protocol", "a peer's message is longer than \(PeerLimits.message) bytes")
        }
        message.append(contentsOf: payload)
        guard isEnd else { return nil }
        defer { message = [] }
        return .message(message)
    }
}

/// Messages waiting for the wire: two lanes, each bounded, the oldest dropped first.
///
/// What waits is worth less the older it is: Raft sends again whatever still matters.
struct PeerSendQueue {
    private struct Lane {
        var messages: [[UInt8]] = []
        var first = 0
        var sent = 0
        var bytes = 0
        let byteLimit: Int

        var isEmpty: Bool { first == messages.count }

        /// What a message weighs: an empty one is not free either.
        private static func weight(_ message: [UInt8]) -> Int { message.count + 64 }

        mutating func add(_ message: [UInt8]) -> Int {
            messages.append(message)
            bytes += Lane.weight(message)
            var dropped = 0
            // A message whose first pieces are out cannot be dropped; the one after it can.
            while bytes > byteLimit, messages.count - first > (sent > 0 ? 2 : 1) {
                if sent > 0 { messages.swapAt(first, first + 1) }
                removeFirst()
                dropped += 1
            }
            return dropped
        }

        private mutating func removeFirst() {
            bytes -= Lane.weight(messages[first])
            messages[first] = []
            first += 1
            if first >= 1024 || isEmpty {
                messages.removeFirst(first)
                first = 0
            }
        }

        mutating func nextPiece() -> (ArraySlice<UInt8>, isEnd: Bool) {
            let message = messages[first]
            let piece = message[sent...].prefix(PeerLimits.piece)
            sent += piece.count
            guard sent == message.count else { return (piece, false) }
            sent = 0
            removeFirst()
            return (piece, true)
        }

        mutating func restart() {
            guard sent > 0 else { return }
            sent = 0
            removeFirst()
        }
    }

    private var urgent: Lane
    private var bulk: Lane

    init(urgentBytes: Int, bulkBytes: Int) {
        urgent = Lane(byteLimit: urgentBytes)
        bulk = Lane(byteLimit: bulkBytes)
    }

    var isEmpty: Bool { urgent.isEmpty && bulk.isEmpty }

    /// Adds a message; gives how many older ones had to go.
    mutating func add(_ message: [UInt8], _ priority: PeerPriority) -> Int {
        switch priority {
        case .urgent: urgent.add(message)
        case .bulk: bulk.add(message)
        }
    }

    /// The next frame to send, urgent ones first.
    mutating func nextFrame() -> [UInt8]? {
        if !urgent.isEmpty {
            let (piece, isEnd) = urgent.nextPiece()
            return peerFrame(isEnd ? .urgentEnd : .urgentPiece, piece)
        }
        guard !bulk.isEmpty else { return nil }
        let (piece, isEnd) = bulk.nextPiece()
        return peerFrame(isEnd ? .bulkEnd : .bulkPiece, piece)
    }

    /// The connection broke: messages that were half out are gone, the others wait for the next.
    mutating func restart() {
        urgent.restart()
        bulk.restart()
    }
}
