// Which request goes where. The table is also what the OpenAPI document is made from, so that the
// two cannot differ.

import Primitives
import Transport

/// One route of the API.
struct Route: Sendable {
    /// What a handler gets: the request and the values of the path's placeholders.
    typealias Handler =
        @Sendable (HTTPRequest, [String: String]) async throws(Refusal) ->
        HTTPResponse

    /// The method.
    let method: String
    /// The path; `{name}` stands for one segment.
    let path: String
    /// One sentence for the OpenAPI document.
    let summary: String
    /// Whether only the leader answers; other members pass the request on.
    let leaderOnly: Bool
    /// Answers.
    let handler: Handler
    /// The path's segments: every request is matched against every route.
    private let pattern: [String]

    init(
        _ method: String, _ path: String, _ summary: String, leaderOnly: Bool = false,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.leaderOnly = leaderOnly
        self.handler = handler
        pattern = path.split(separator: "/").map(String.init)
    }

    /// The values of the placeholders if `segments` fit the path.
    func match(_ segments: [String]) -> [String: String]? {
        guard pattern.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (expected, actual) in zip(pattern, segments) {
            if expected.hasPrefix("{") {
                values[String(expected.dropFirst().dropLast())] = actual
            } else if expected != actual {
                return nil
            }
        }
        return values
    }
}

/// A number in a path; throws `request.malformed`.
func pathNumber(_ values: [String: String], _ name: String) throws(Refusal) -> UInt64 {
    guard let number = values[name].flatMap({ UInt64($0) }) else {
        throw Refusal("request.malformed", "`\(name)` must be a number")
    }
    return number
}

/// An address in a path; throws `request.malformed`.
func pathAddress(_ values: [String: String], _ name: String) throws(Refusal) -> Address {
    guard let address = values[name].flatMap({ Address(hex: $0) }) else {
        throw Refusal("request.malformed", "`\(name)` must be an address")
    }
    return address
}

/// A digest in a path; throws `request.malformed`.
func pathDigest(_ values: [String: String], _ name: String) throws(Refusal) -> Digest {
    guard let digest = values[name].flatMap({ Digest(hex: $0) }) else {
        throw Refusal("request.malformed", "`\(name)` must be a SHA-256 in hexadecimal")
    }
    return digest
}
