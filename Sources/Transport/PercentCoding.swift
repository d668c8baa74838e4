// Percent-coding and query strings (RFC 3986; `+` as a blank only in a query).

import Primitives

/// Percent-coding of text in addresses.
public enum PercentCoding {
    /// The text that `coded` stands for, or nil when an escape is broken or the bytes are not
    /// UTF-8.
    public static func decode(_ coded: some StringProtocol, plusIsBlank: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(coded.utf8.count)
        var rest = coded.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Hex.value(ofDigit:)),
                    let low = rest.next().flatMap(Hex.value(ofDigit:))
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsBlank: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// `text` with everything but letters, digits and `-._~` escaped: safe in any part of a URL.
    public static func encode(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default:
                let digits = "0123456789ABCDEF".utf8
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digits[digits.index(digits.startIndex, offsetBy: Int(byte >> 4))])
                bytes.append(digits[digits.index(digits.startIndex, offsetBy: Int(byte & 15))])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The parameters after the question mark, in order.
public struct HTTPQuery: Sendable {
    /// One `name=value`; the value of a bare name is empty.
    public struct Item: Sendable, Equatable {
        /// Decoded.
        public let name: String
        /// Decoded.
        public let value: String
    }

    /// All parameters, decoded, in order; those with broken escapes are left out.
    public let items: [Item]

    /// More parameters than anyone sends by hand; the rest are ignored.
    static let itemLimit = 256

    /// Splits `text`, the part after the question mark.
    public init(parsing text: some StringProtocol) {
        var items: [Item] = []
        for pair in text.split(separator: "&", maxSplits: HTTPQuery.itemLimit) {
            guard items.count < HTTPQuery.itemLimit else { break }
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0], plusIsBlank: true),
                let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsBlank: true)
            else { continue }
            items.append(Item(name: name, value: value))
        }
        self.items = items
    }

    /// The first value given for `name`.
    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }
}
