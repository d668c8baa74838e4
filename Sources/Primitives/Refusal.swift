// The one error type of the pure floors: a stable code and a sentence for a person.

/// Why something was refused.
///
/// The `code` is stable (tools match on it, tests compare by it); the `message` is one clear
/// sentence that says what was wrong and what would be right. `place` says where, when the fault is
/// in a document ("Policies/revenue.yaml:12"). A refusal is an answer: nothing was half done.
public struct Refusal: Error, Sendable, CustomStringConvertible {
    /// Stable, dotted, lower case: `vote.closed`, `ledger.insufficient-funds`.
    public let code: String
    /// One sentence, without the code and without a final newline.
    public let message: String
    /// File and line of the fault, when it lies in a document.
    public var place: String?

    /// Makes a refusal.
    public init(_ code: String, _ message: String, at place: String? = nil) {
        self.code = code
        self.message = message
        self.place = place
    }

    /// `code: message`, with the place in front when there is one.
    public var description: String {
        if let place { return "\(place): \(code): \(message)" }
        return "\(code): \(message)"
    }

    /// The same refusal, placed in a document.
    public func placed(_ place: String) -> Refusal { Refusal(code, message, at: place) }
}

extension Refusal: Equatable {
    /// Two refusals are equal when their codes are: the sentence may change, the code may not.
    public static func == (left: Refusal, right: Refusal) -> Bool { left.code == right.code }
}
