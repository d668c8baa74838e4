// What the checkers of governance cases share: expectations, and reading the fields of a case.

import Governance
import Primitives

/// A case that does not hold.
func mismatch(_ sentence: String) -> Refusal { Refusal("case.mismatch", sentence) }

/// Refuses unless `condition`.
func expect(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(Refusal) {
    if !condition { throw mismatch(sentence()) }
}

/// Refuses unless both are the same.
func expectEqual<Value: Equatable>(
    _ ours: Value, _ theirs: Value, _ what: String = "result"
) throws(Refusal) {
    if ours != theirs { throw mismatch("\(what): ours \(ours), expected \(theirs)") }
}

/// Refuses unless `body` is refused.
func expectRefused(_ what: String, _ body: () throws(Refusal) -> Void) throws(Refusal) {
    do {
        try body()
    } catch {
        return
    }
    throw mismatch("\(what) was accepted and must be refused")
}

extension JSON {
    /// The member `key`; throws when it is missing.
    func field(_ key: String) throws(Refusal) -> JSON {
        guard let value = self[key] else { throw mismatch("the case has no `\(key)`") }
        return value
    }

    /// The text under `key`.
    func string(_ key: String) throws(Refusal) -> String {
        guard let text = try field(key).text else { throw mismatch("`\(key)` is no text") }
        return text
    }

    /// The list under `key`.
    func items(_ key: String) throws(Refusal) -> [JSON] {
        guard let list = try field(key).elements else { throw mismatch("`\(key)` is no list") }
        return list
    }

    /// The whole number under `key`.
    func integer(_ key: String) throws(Refusal) -> Int {
        guard let value = try field(key).integer else {
            throw mismatch("`\(key)` is no whole number")
        }
        return value
    }

    /// The amount under `key`.
    func units(_ key: String) throws(Refusal) -> Amount {
        guard let value = try field(key).amount else { throw mismatch("`\(key)` is no amount") }
        return value
    }

    /// An exact non-negative number: a number or text such as `0.334`, `7/13`, `12%`, `1e-06`.
    var rational: Rational? {
        switch self {
        case .number(let text), .string(let text): Rational(scientific: text)
        default: nil
        }
    }

    /// The exact number under `key`.
    func exact(_ key: String) throws(Refusal) -> Rational {
        guard let value = try field(key).rational else { throw mismatch("`\(key)` is no number") }
        return value
    }

    /// The text of a number or string.
    var scalar: String? {
        switch self {
        case .number(let text), .string(let text): text
        default: nil
        }
    }
}

extension Rational {
    /// Reads what `init(_:)` reads, and an exponent: `1e-06`.
    init?(scientific text: String) {
        if let whole = Amount(decimal: text) {
            self.init(whole.units)
            return
        }
        guard let mark = text.lastIndex(where: { $0 == "e" || $0 == "E" }) else {
            // A float is printed with more digits than a fraction reads; the rest is below 10^-18.
            let decimals = text.firstIndex(of: ".").map { text.index(after: $0) } ?? text.endIndex
            let isPlain = text[decimals...].allSatisfy(\.isNumber)
            self.init(isPlain ? String(text[..<decimals] + text[decimals...].prefix(18)) : text)
            return
        }
        guard let exponent = Int(text[text.index(after: mark)...]), abs(exponent) <= 30,
            var value = Rational(String(text[..<mark]))
        else { return nil }
        for _ in 0..<abs(exponent) {
            value = exponent > 0 ? value * Rational(10) : value.divided(by: Rational(10)) ?? .zero
        }
        self = value
    }

    /// The distance to another.
    func distance(to other: Rational) -> Rational {
        self > other ? subtracting(other) : other.subtracting(self)
    }
}

/// The tally of votes; the crypto suite has a tally of its own.
typealias VoteTally = Governance.Tally
