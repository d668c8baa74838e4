// Recursive length prefix: Ethereum's encoding of nested byte strings. One value has one encoding,
// so reading refuses every other spelling.

public import Primitives

/// A byte string, or a list of such.
public indirect enum RLP: Sendable, Equatable {
    /// A byte string.
    case bytes([UInt8])
    /// A list.
    case list([RLP])

    /// The deepest nesting that is read.
    public static let depthLimit = 64

    /// A whole number: big-endian without leading zeros.
    public static func number(_ value: Word256) -> RLP { .bytes(value.minimalBytes) }

    /// A whole number.
    public static func number(_ value: UInt64) -> RLP { number(Word256(UInt128(value))) }

    // MARK: Writing

    /// The encoding.
    public var encoded: [UInt8] {
        switch self {
        case .bytes(let bytes):
            if bytes.count == 1, bytes[0] < 0x80 { return bytes }
            return RLP.prefix(bytes.count, base: 0x80) + bytes
        case .list(let items):
            let payload = items.flatMap(\.encoded)
            return RLP.prefix(payload.count, base: 0xC0) + payload
        }
    }

    private static func prefix(_ count: Int, base: UInt8) -> [UInt8] {
        if count <= 55 { return [base + UInt8(count)] }
        let length = Word256(UInt128(count)).minimalBytes
        return [base + 55 + UInt8(length.count)] + length
    }

    // MARK: Reading

    /// Reads exactly one value; throws `rlp.malformed`.
    public init(decoding bytes: [UInt8]) throws(Refusal) {
        var rest = bytes[...]
        self = try RLP.item(&rest, depth: 0)
        guard rest.isEmpty else { throw RLP.malformed("bytes follow the value") }
    }

    private static func item(_ rest: inout ArraySlice<UInt8>, depth: Int) throws(Refusal) -> RLP {
        guard depth <= depthLimit else { throw malformed("nested deeper than \(depthLimit)") }
        guard let first = rest.popFirst() else { throw malformed("a value is missing") }
        switch first {
        case 0..<0x80:
            return .bytes([first])
        case 0x80..<0xC0:
            let payload = try payload(&rest, first - 0x80)
            if payload.count == 1, let byte = payload.first, byte < 0x80 {
                throw malformed("a small byte has a prefix")
            }
            return .bytes(Array(payload))
        default:
            var payload = try payload(&rest, first - 0xC0)
            var items: [RLP] = []
            while !payload.isEmpty { items.append(try item(&payload, depth: depth + 1)) }
            return .list(items)
        }
    }

    /// Takes a payload off the front: `code` is its length up to 55, or 55 plus the length's
    /// length.
    private static func payload(
        _ rest: inout ArraySlice<UInt8>, _ code: UInt8
    ) throws(Refusal) -> ArraySlice<UInt8> {
        var count = Int(code)
        if code > 55 {
            let lengthCount = Int(code - 55)
            let length = rest.prefix(lengthCount)
            guard length.count == lengthCount, let first = length.first, first != 0 else {
                throw malformed("a length is cut short or has a leading zero")
            }
            guard lengthCount <= 4 else { throw malformed("a length passes the input") }
            count = length.reduce(0) { $0 << 8 | Int($1) }
            guard count > 55 else { throw malformed("a length is not in its shortest form") }
            rest = rest.dropFirst(lengthCount)
        }
        guard rest.count >= count else { throw malformed("a length passes the input") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private static func malformed(_ what: String) -> Refusal {
        Refusal("rlp.malformed", "not canonical RLP: \(what)")
    }
}
