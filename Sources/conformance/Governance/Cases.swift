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

    /// The whole number under `key`: a time, a count or a length, none of which is that large.
    func integer(_ key: String) throws(Refusal) -> Int {
        guard let value = try field(key).integer, value.magnitude < 1 << 53 else {
            throw mismatch("`\(key)` is no whole number, or too large")
        }
        return value
    }

    /// The yes or no under `key`.
    func flag(_ key: String) throws(Refusal) -> Bool {
        guard let value = try field(key).flag else { throw mismatch("`\(key)` is no yes or no") }
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

extension Natural {
    /// Reads decimal digits, at most 400 of them.
    init?(digits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.count <= 400,
            text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        self = text.utf8.reduce(.zero) { $0 * Natural(10) + Natural(UInt128($1 - 0x30)) }
    }
}

extension Rational {
    /// Reads what `init(_:)` reads, of any length, and an exponent: `7/13`, `1e-06`, `12.5%`.
    init?(scientific text: String) {
        if let slash = text.firstIndex(of: "/") {
            guard let above = Natural(digits: text[..<slash]),
                let below = Natural(digits: text[text.index(after: slash)...])
            else { return nil }
            self.init(above, over: below)
            return
        }
        let mark = text.firstIndex { $0 == "e" || $0 == "E" }
        let percent = text.hasSuffix("%")
        let parts = text[..<(mark ?? text.endIndex)].dropLast(percent ? 1 : 0)
            .split(separator: ".", omittingEmptySubsequences: false)
        let exponent = mark.map { Int(text[text.index(after: $0)...]) } ?? 0
        guard parts.count <= 2, !(percent && mark != nil), let exponent, abs(exponent) <= 400,
            let digits = Natural(digits: parts.joined())
        else { return nil }
        let decimals = parts.count == 2 ? parts[1].utf8.count : 0
        // `.5` and `5.` are no numbers.
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        let shift = exponent - decimals - (percent ? 2 : 0)
        let scale = (0..<abs(shift)).reduce(Natural.one) { scale, _ in scale * Natural(10) }
        self.init(shift > 0 ? digits * scale : digits, over: shift < 0 ? scale : .one)
    }

    /// The same number as a fraction of 128 bits, for the tally rules; nil when it is wider.
    var fraction: Fraction? {
        guard let above = numerator.asUInt128, let below = denominator.asUInt128 else { return nil }
        return Fraction(above, over: below)
    }

    /// The distance to another.
    func distance(to other: Rational) -> Rational {
        self > other ? subtracting(other) : other.subtracting(self)
    }
}

extension Int {
    /// The sum, held at the ends of the range: a case may name any time.
    func later(by other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

/// The tally of votes; the crypto suite has a tally of its own.
typealias VoteTally = Governance.Tally
