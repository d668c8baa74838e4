// What an amount is an amount of.

public import Primitives

/// The short name of an asset: 1 to 8 capital letters and digits, a letter first.
///
/// Eight bytes fit one machine word, so account keys stay short and comparisons are one
/// instruction.
public struct AssetSymbol: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The characters, left-aligned and padded with zero bytes.
    let word: UInt64

    /// Reads a symbol such as `CREDIT`; nil when it is not one.
    public init?(_ text: some StringProtocol) {
        let utf8 = Array(text.utf8)
        guard let first = utf8.first, utf8.count <= 8, 0x41...0x5A ~= first,
            utf8.allSatisfy({ 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 })
        else { return nil }
        word = utf8.reduce(0) { $0 << 8 | UInt64($1) } << UInt64(8 * (8 - utf8.count))
    }

    /// The characters.
    public var description: String {
        let bytes = stride(from: 56, through: 0, by: -8)
            .map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Orders by the characters.
    public static func < (left: AssetSymbol, right: AssetSymbol) -> Bool { left.word < right.word }
}

extension AssetSymbol: BinaryCodable {
    /// Appends the characters with their count.
    public func encode(into encoder: inout BinaryEncoder) { encoder.text(description) }

    /// Reads the characters; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard let symbol = AssetSymbol(try decoder.text(limit: 8)) else {
            throw Refusal("codec.malformed", "not an asset symbol")
        }
        self = symbol
    }
}

/// An asset known to the ledger.
///
/// The scale is fixed for ever at registration: a later change would silently multiply every
/// balance that a person reads.
public struct Asset: Hashable, Sendable {
    /// The short name.
    public let symbol: AssetSymbol
    /// How many decimal places a person sees; the ledger itself counts minimal units only.
    public let scale: UInt8

    /// The largest scale: 10^38 is the largest power of ten below 2^128.
    public static let scaleLimit: UInt8 = 38

    /// Describes an asset; throws `ledger.asset-scale`.
    public init(symbol: AssetSymbol, scale: UInt8) throws(Refusal) {
        guard scale <= Asset.scaleLimit else {
            throw Refusal(
                "ledger.asset-scale",
                "an asset has at most \(Asset.scaleLimit) decimals, not \(scale)")
        }
        self.symbol = symbol
        self.scale = scale
    }

    /// `amount` as a person writes it: `12.5 CREDIT`. Trailing zeros are left out.
    public func text(of amount: Amount) -> String {
        var digits = Array(amount.description.utf8)
        let places = Int(scale)
        if digits.count <= places {
            digits.insert(
                contentsOf: [UInt8](repeating: 0x30, count: places + 1 - digits.count), at: 0)
        }
        var fraction = digits.suffix(places)
        while fraction.last == 0x30 { fraction.removeLast() }
        let whole = String(decoding: digits.dropLast(places), as: UTF8.self)
        let rest = String(decoding: fraction, as: UTF8.self)
        return rest.isEmpty ? "\(whole) \(symbol)" : "\(whole).\(rest) \(symbol)"
    }

    /// Reads what a person wrote, `12.5` or `12.5 CREDIT`; throws `ledger.amount-malformed`.
    ///
    /// More decimals than the asset has are refused, never rounded away.
    public func amount(parsing text: String) throws(Refusal) -> Amount {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let parts =
            words.first.map { $0.split(separator: ".", omittingEmptySubsequences: false) } ?? []
        let fraction = parts.count == 2 ? parts[1] : ""
        let symbolFits = words.count == 1 || (words.count == 2 && words[1] == symbol.description)
        guard symbolFits, parts.count == 1 || (parts.count == 2 && !fraction.isEmpty),
            let whole = parts.first, Amount(decimal: whole) != nil,
            fraction.utf8.count <= Int(scale), fraction.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
        else {
            throw Refusal(
                "ledger.amount-malformed",
                "`\(text)` is not an amount of \(symbol) with at most \(scale) decimals")
        }
        let padding = String(repeating: "0", count: Int(scale) - fraction.utf8.count)
        let digits = (whole + fraction + padding).drop { $0 == "0" }
        guard let amount = Amount(decimal: digits.isEmpty ? "0" : digits) else {
            throw Refusal("ledger.amount-malformed", "`\(text)` does not fit in 128 bits")
        }
        return amount
    }
}

extension Asset: BinaryCodable {
    /// Appends the symbol and the scale.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(symbol)
        encoder.byte(scale)
    }

    /// Reads an asset; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        symbol = try decoder.value()
        scale = try decoder.byte()
        guard scale <= Asset.scaleLimit else {
            throw Refusal("codec.malformed", "an asset's scale is \(scale)")
        }
    }
}
