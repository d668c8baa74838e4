// The canonical binary form of everything that is hashed, signed or written to the log.
//
// One value has one spelling: integers are unsigned LEB128 in the shortest form (or fixed width,
// little endian, where a type says so), sequences and texts carry their count, optionals one byte
// 0 or 1. A decoder refuses every other spelling and every count past its limit, and a decoded
// value must use all the bytes it was given.

/// Appends values in canonical form.
public struct BinaryEncoder: Sendable {
    /// What was encoded so far.
    public private(set) var bytes: [UInt8] = []

    /// An empty encoder.
    public init() { bytes.reserveCapacity(128) }

    /// One byte.
    public mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// An unsigned number in LEB128.
    public mutating func number(_ value: some UnsignedInteger & FixedWidthInteger & Sendable) {
        var rest = UInt128(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The same for the width that most numbers have: other modules call the general one through
    /// tables, which costs more than the number.
    public mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A 64-bit number in eight bytes, big endian, so that encoded keys sort as numbers do.
    public mutating func sortable(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    /// True as 1, false as 0.
    public mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Bytes with their count in front.
    public mutating func data(_ value: [UInt8]) {
        number(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// UTF-8 with its byte count in front.
    public mutating func text(_ value: String) {
        number(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// Bytes without a count: for fields of fixed size.
    public mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

    /// A digest, 32 bytes.
    public mutating func digest(_ value: Digest) {
        value.withBytes { bytes.append(contentsOf: $0) }
    }

    /// An address, 20 bytes.
    public mutating func address(_ value: Address) {
        value.withBytes { bytes.append(contentsOf: $0) }
    }

    /// An amount, LEB128.
    public mutating func amount(_ value: Amount) {
        if let small = UInt64(exactly: value.units) { number(small) } else { number(value.units) }
    }

    /// A time, LEB128 milliseconds.
    public mutating func timestamp(_ value: Timestamp) { number(value.milliseconds) }

    /// A value by its own encoding.
    @inlinable
    public mutating func value(_ value: some BinaryCodable) { value.encode(into: &self) }

    /// 0, or 1 and the value.
    @inlinable
    public mutating func optional<Value>(
        _ value: Value?, _ encode: (inout BinaryEncoder, Value) -> Void
    ) {
        if let value {
            byte(1)
            encode(&self, value)
        } else {
            byte(0)
        }
    }

    /// The count, then each element.
    @inlinable
    public mutating func array<Element>(
        _ values: [Element], _ encode: (inout BinaryEncoder, Element) -> Void
    ) {
        number(UInt64(values.count))
        for value in values { encode(&self, value) }
    }
}

/// Reads values in canonical form and refuses anything else (`codec.malformed`).
public struct BinaryDecoder: Sendable {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// The most elements or bytes one count may announce unless a field sets a lower limit.
    public static let countLimit = 64 << 20

    /// Reads `bytes` from the start.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// Whether every byte was read.
    public var isAtEnd: Bool { position == end }

    /// How many bytes are left.
    public var remaining: Int { end - position }

    private func malformed(_ what: String) -> Refusal {
        Refusal("codec.malformed", "\(what) at byte \(position) of \(end)")
    }

    /// One byte.
    public mutating func byte() throws(Refusal) -> UInt8 {
        guard position < end else { throw malformed("the value ends too soon") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func unsigned(bits: Int) throws(Refusal) -> UInt128 {
        var value: UInt128 = 0
        var shift = 0
        while true {
            let next = try byte()
            let digit = UInt128(next & 0x7F)
            guard shift < bits, shift == 0 || (digit << UInt128(shift)) >> UInt128(shift) == digit
            else { throw malformed("a number is too large") }
            value |= digit << UInt128(shift)
            if next & 0x80 == 0 {
                if next == 0 && shift > 0 { throw malformed("a number is not in shortest form") }
                break
            }
            shift += 7
        }
        if bits < 128, value >> UInt128(bits) != 0 { throw malformed("a number is too large") }
        return value
    }

    /// An unsigned 64-bit number.
    public mutating func number() throws(Refusal) -> UInt64 {
        // Most numbers have one byte.
        if position < end, bytes[position] < 0x80 {
            position += 1
            return UInt64(bytes[position - 1])
        }
        return UInt64(truncatingIfNeeded: try unsigned(bits: 64))
    }

    /// An unsigned 32-bit number.
    public mutating func number32() throws(Refusal) -> UInt32 {
        UInt32(truncatingIfNeeded: try unsigned(bits: 32))
    }

    /// An unsigned 128-bit number.
    public mutating func number128() throws(Refusal) -> UInt128 { try unsigned(bits: 128) }

    /// Eight bytes, big endian.
    public mutating func sortable() throws(Refusal) -> UInt64 {
        var value: UInt64 = 0
        for byte in try raw(8) { value = value << 8 | UInt64(byte) }
        return value
    }

    /// 0 or 1.
    public mutating func flag() throws(Refusal) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw malformed("a flag is neither 0 nor 1")
        }
    }

    /// A count, at most `limit` and at most what the rest could hold.
    public mutating func count(limit: Int = countLimit) throws(Refusal) -> Int {
        let value = try number()
        guard value <= UInt64(limit), value <= UInt64(remaining) else {
            throw malformed("a count of \(value) is past its limit")
        }
        return Int(value)
    }

    /// Counted bytes.
    public mutating func data(limit: Int = countLimit) throws(Refusal) -> [UInt8] {
        try raw(try count(limit: limit))
    }

    /// Counted, valid UTF-8.
    public mutating func text(limit: Int = countLimit) throws(Refusal) -> String {
        let count = try count(limit: limit)
        // Read in place: malformed UTF-8 is told from well-formed without a copy of the bytes.
        guard let text = String(validating: bytes[position..<position + count], as: UTF8.self)
        else {
            position += count
            throw malformed("a text is not UTF-8")
        }
        position += count
        return text
    }

    /// Exactly `count` bytes.
    public mutating func raw(_ count: Int) throws(Refusal) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw malformed("the value ends too soon") }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// 32 bytes.
    public mutating func digest() throws(Refusal) -> Digest {
        guard remaining >= Digest.count else { throw malformed("the value ends too soon") }
        defer { position += Digest.count }
        return bytes.withUnsafeBytes { buffer in
            Digest(
                unchecked: UnsafeRawBufferPointer(
                    rebasing: buffer[position..<position + Digest.count]))
        }
    }

    /// 20 bytes.
    public mutating func address() throws(Refusal) -> Address {
        guard remaining >= Address.count,
            let address = Address(bytes[position..<position + Address.count])
        else { throw malformed("the value ends too soon") }
        position += Address.count
        return address
    }

    /// An amount.
    public mutating func amount() throws(Refusal) -> Amount { Amount(try number128()) }

    /// A time.
    public mutating func timestamp() throws(Refusal) -> Timestamp {
        Timestamp(milliseconds: try number())
    }

    /// A value by its own decoding.
    @inlinable
    public mutating func value<Value: BinaryCodable>(_ type: Value.Type = Value.self)
        throws(Refusal) -> Value
    {
        try Value(from: &self)
    }

    /// Nil or a value.
    @inlinable
    public mutating func optional<Value>(
        _ decode: (inout BinaryDecoder) throws(Refusal) -> Value
    ) throws(Refusal) -> Value? {
        try flag() ? try decode(&self) : nil
    }

    /// A counted sequence.
    @inlinable
    public mutating func array<Element>(
        limit: Int = countLimit, _ decode: (inout BinaryDecoder) throws(Refusal) -> Element
    ) throws(Refusal) -> [Element] {
        let count = try count(limit: limit)
        var values: [Element] = []
        values.reserveCapacity(Swift.min(count, 4096))
        for _ in 0..<count { values.append(try decode(&self)) }
        return values
    }

    /// Refuses bytes left over.
    public func finish() throws(Refusal) {
        guard isAtEnd else { throw malformed("\(remaining) bytes are left over") }
    }
}

/// A value with one canonical binary form.
public protocol BinaryCodable {
    /// Appends the canonical form.
    func encode(into encoder: inout BinaryEncoder)
    /// Reads the canonical form; throws `codec.malformed`.
    init(from decoder: inout BinaryDecoder) throws(Refusal)
}

extension BinaryCodable {
    /// The canonical bytes.
    @inlinable
    public var encoded: [UInt8] {
        var encoder = BinaryEncoder()
        encode(into: &encoder)
        return encoder.bytes
    }

    /// Decodes all of `bytes`; throws `codec.malformed` for anything else, leftovers included.
    @inlinable
    public init(decoding bytes: [UInt8]) throws(Refusal) {
        var decoder = BinaryDecoder(bytes)
        self = try Self(from: &decoder)
        try decoder.finish()
    }
}
