// Where a seat is reached, as text: a host and a port. Read strictly, because what a vote decided
// cannot be dialled where it does not read.

public import Primitives

/// A host and a port.
public struct HostPort: Sendable, Equatable {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    public let host: String
    /// The port, from 1.
    public let port: Int

    /// The longest name there is (RFC 1035, section 2.3.4).
    private static let nameLimit = 253
    private static let labelLimit = 63

    /// Reads `host:port`; an IPv6 address stands in brackets. Throws `address.malformed`.
    public init(_ text: String) throws(Refusal) {
        let bytes = Array(text.utf8.prefix(HostPort.nameLimit + 16))
        guard bytes.count == text.utf8.count else { throw HostPort.malformed(text, "is too long") }
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bytes.last != UInt8(ascii: "]")
        else { throw HostPort.malformed(text, "names no port") }
        guard let port = HostPort.number(bytes[(colon + 1)...], upTo: 65_535), port > 0 else {
            throw HostPort.malformed(text, "has a port that is no number from 1 to 65535")
        }
        let host = bytes[..<colon]
        if host.first == UInt8(ascii: "[") {
            guard host.last == UInt8(ascii: "]"), HostPort.isIPv6(host.dropFirst().dropLast())
            else { throw HostPort.malformed(text, "has no IPv6 address between its brackets") }
            self.host = String(decoding: host.dropFirst().dropLast(), as: UTF8.self)
        } else if host.contains(UInt8(ascii: ":")) {
            throw HostPort.malformed(text, "has more than one colon, and no brackets around them")
        } else {
            guard HostPort.isName(host) else {
                throw HostPort.malformed(text, "has no name or address of a host before its port")
            }
            self.host = String(decoding: host, as: UTF8.self)
        }
        self.port = port
    }

    /// Reads an origin, `http://host:port`; throws `address.malformed`.
    public init(origin: String) throws(Refusal) {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            try self.init(String(origin.dropFirst(scheme.count)))
            return
        }
        throw Refusal(
            "address.malformed",
            "`\(HostPort.shown(origin))` is no origin: what is expected is `http://host:port`, like"
                + " `http://d.example:7000`")
    }

    private static func malformed(_ text: String, _ why: String) -> Refusal {
        Refusal(
            "address.malformed",
            "`\(shown(text))` \(why): what is expected is `host:port`, like `d.example:7001`,"
                + " `192.0.2.4:7001` or `[2001:db8::4]:7001`")
    }

    private static func shown(_ text: String) -> String {
        String(text.prefix(80).filter { !$0.isNewline })
    }

    // MARK: Hosts

    /// A number in plain decimal digits, without a sign or leading zeros.
    private static func number(_ digits: ArraySlice<UInt8>, upTo limit: Int) -> Int? {
        guard 1...5 ~= digits.count, digits.allSatisfy(isDigit),
            digits.count == 1 || digits.first != UInt8(ascii: "0")
        else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return value <= limit ? value : nil
    }

    /// Labels of letters, digits, hyphens and underscores; where the last one is a number, all of
    /// it is an IPv4 address.
    private static func isName(_ host: ArraySlice<UInt8>) -> Bool {
        guard !host.isEmpty, host.count <= nameLimit else { return false }
        let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isNumeric = labels.last.map { $0.allSatisfy(isDigit) } == true
        guard !isNumeric else { return isIPv4(host) }
        return labels.allSatisfy { label in
            1...labelLimit ~= label.count && label.first != UInt8(ascii: "-")
                && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-")
                        || $0 == UInt8(ascii: "_")
                }
        }
    }

    private static func isIPv4(_ host: ArraySlice<UInt8>) -> Bool {
        let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { number($0, upTo: 255) != nil }
    }

    /// Eight groups of up to four hexadecimal digits (RFC 4291, section 2.2): `::` stands once for
    /// one or more groups of zeros, and the last two may be written as an IPv4 address.
    private static func isIPv6(_ host: ArraySlice<UInt8>) -> Bool {
        var groups = host.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard groups.count >= 3 else { return false }
        // At either end `::` leaves two empty groups instead of one.
        if groups[0].isEmpty {
            guard groups[1].isEmpty else { return false }
            groups.removeFirst()
        }
        if let last = groups.last, last.isEmpty {
            guard groups.count >= 2, groups[groups.count - 2].isEmpty else { return false }
            groups.removeLast()
        }
        var count = groups.count
        if let last = groups.last, last.contains(UInt8(ascii: ".")) {
            guard isIPv4(last) else { return false }
            groups.removeLast()
            count += 1
        }
        let gaps = groups.count { $0.isEmpty }
        return groups.allSatisfy { $0.count <= 4 && $0.allSatisfy(isHexDigit) }
            && (gaps == 0 ? count == 8 : gaps == 1 && count <= 8)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
    }
}
