// The address of something on a server: the part of RFC 3986 that an HTTP client needs.

public import Primitives

/// An `http` or `https` address.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// Whether the scheme is `https`.
    public let isSecure: Bool
    /// A name or an address, without brackets.
    public let host: String
    /// The port, given or the scheme's own.
    public let port: Int
    /// Path and query as they are sent; at least `/`.
    public let target: String

    /// Longer than any address this program makes.
    static let lengthLimit = 8192

    /// Reads `https://host:port/path?query`. A fragment is cut off; a user name is refused.
    public init(_ text: String) throws(Refusal) {
        func bad(_ why: String) -> Refusal {
            Refusal("transport.url", "\"\(text.prefix(200))\" is not an address: \(why)")
        }
        guard text.utf8.count <= HTTPURL.lengthLimit else { throw bad("it is too long") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw bad("it holds blanks or characters that must be percent-coded")
        }
        let lower = text.lowercased()
        let scheme = lower.hasPrefix("https://") ? 8 : lower.hasPrefix("http://") ? 7 : 0
        guard scheme > 0 else { throw bad("it starts with neither http:// nor https://") }
        isSecure = scheme == 8
        let rest = text.dropFirst(scheme).prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest[authority.endIndex...]
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
        guard !authority.contains("@") else { throw bad("it holds a user name") }
        var name = authority
        var port = isSecure ? 443 : 80
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0
            else {
                throw bad("its port is not a number from 1 to 65535")
            }
            port = Int(number)
            name = authority[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        guard !name.isEmpty, !name.contains("["), !name.contains("]") else {
            throw bad("it names no host")
        }
        self.port = port
        host = name.lowercased()
    }

    /// Host and port as a header names them: the scheme's own port is left out.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The address as text.
    public var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }
}
