// What a ballot says, in the words a person signs:
//
//     for
//     for 60%, against 40%
//     for with conviction 3
//     for; approve kings, queens
//     for; rank kings > queens > jacks
//     for; share kings 70%, queens 30%
//
// First whether anything is to happen, then, where there are options, which. One meaning has
// exactly one spelling: what does not print as it was read is refused, so that two wallets cannot
// show two texts for one ballot.

public import Primitives

/// A part of a ballot's power behind one choice.
public struct SideShare: Hashable, Sendable {
    /// The choice.
    public var choice: Choice
    /// How many parts of ten thousand.
    public var parts: UInt16

    /// Makes a share.
    public init(_ choice: Choice, parts: UInt16) {
        self.choice = choice
        self.parts = parts
    }
}

/// A part of a ballot's power behind one option.
public struct OptionShare<Option: Hashable & Sendable>: Hashable, Sendable {
    /// The option.
    public var option: Option
    /// How many parts of ten thousand.
    public var parts: UInt16

    /// Makes a share.
    public init(_ option: Option, parts: UInt16) {
        self.option = option
        self.parts = parts
    }
}

/// What a ballot says about the options: by name as it is signed, by position as it is counted.
public enum Preference<Option: Hashable & Sendable>: Hashable, Sendable {
    /// Each of these.
    case approve([Option])
    /// These, best first.
    case rank([Option])
    /// These, each with a part of the power.
    case share([OptionShare<Option>])

    /// The options named.
    public var options: [Option] {
        switch self {
        case .approve(let options), .rank(let options): options
        case .share(let shares): shares.map(\.option)
        }
    }

    /// The word it begins with.
    public var word: String {
        switch self {
        case .approve: "approve"
        case .rank: "rank"
        case .share: "share"
        }
    }

    /// The same with other names for the options.
    func map<Other>(
        _ transform: (Option) throws(Refusal) -> Other
    ) throws(Refusal) -> Preference<Other> {
        switch self {
        case .approve(let options):
            var others: [Other] = []
            for option in options { others.append(try transform(option)) }
            return .approve(others)
        case .rank(let options):
            var others: [Other] = []
            for option in options { others.append(try transform(option)) }
            return .rank(others)
        case .share(let shares):
            var others: [OptionShare<Other>] = []
            for share in shares {
                others.append(OptionShare(try transform(share.option), parts: share.parts))
            }
            return .share(others)
        }
    }
}

/// What a ballot says.
public struct Statement: Hashable, Sendable {
    /// The parts of the whole.
    public static let whole: UInt16 = 10_000
    /// The longest words, in bytes: 256 names of 64 letters fit.
    public static let byteLimit = 20_000

    /// Whether anything is to happen; several where the power is split.
    public var sides: [SideShare]
    /// How long tokens are locked for weight, from 0 to 6; nil where nothing is said.
    public var conviction: UInt8?
    /// Which of the options.
    public var preference: Preference<String>?

    /// A statement of one choice.
    public init(
        _ choice: Choice, conviction: UInt8? = nil, preference: Preference<String>? = nil
    ) {
        self.init(
            [SideShare(choice, parts: Statement.whole)], conviction: conviction,
            preference: preference)
    }

    /// A statement of several choices.
    public init(
        _ sides: [SideShare], conviction: UInt8? = nil, preference: Preference<String>? = nil
    ) {
        self.sides = sides
        self.conviction = conviction
        self.preference = preference
    }

    /// The words that are signed.
    public var words: String {
        var words = Statement.words(of: sides)
        if let conviction { words += " with conviction \(conviction)" }
        switch preference {
        case nil: break
        case .approve(let names): words += "; approve " + names.joined(separator: ", ")
        case .rank(let names): words += "; rank " + names.joined(separator: " > ")
        case .share(let shares):
            words +=
                "; share "
                + shares.map { "\($0.option) \(Statement.percent($0.parts))" }
                .joined(separator: ", ")
        }
        return words
    }

    static func words(of sides: [SideShare]) -> String {
        if let first = sides.first, sides.count == 1 { return first.choice.word }
        return sides.map { "\($0.choice.word) \(percent($0.parts))" }.joined(separator: ", ")
    }

    static func percent(_ parts: UInt16) -> String {
        Fraction(UInt128(parts), over: UInt128(whole))?.description ?? ""
    }

    /// Reads words; throws `vote.choice` for anything that has no single meaning.
    public init(words: String) throws(Refusal) {
        // What most ballots say needs no taking apart.
        if let choice = Choice(word: words) {
            self.init(choice)
            return
        }
        guard words.utf8.count <= Statement.byteLimit else {
            throw Refusal("vote.choice", "a ballot has \(Statement.byteLimit) bytes at most")
        }
        let halves = words.split(separator: "; ", maxSplits: 1, omittingEmptySubsequences: false)
        var sides = String(halves[0])
        var conviction: UInt8?
        let parts = halves[0].split(
            separator: " with conviction ", omittingEmptySubsequences: false)
        if parts.count == 2, let level = UInt8(parts[1]) {
            sides = String(parts[0])
            conviction = level
        }
        self.init(
            try Statement.sides(sides), conviction: conviction,
            preference: halves.count == 2 ? try Statement.preference(String(halves[1])) : nil)
        guard self.words == words else {
            throw Refusal("vote.choice", "write it `\(self.words)`, not `\(words)`")
        }
        try check()
    }

    private static func sides(_ text: String) throws(Refusal) -> [SideShare] {
        if let choice = Choice(word: text) { return [SideShare(choice, parts: whole)] }
        var sides: [SideShare] = []
        for part in text.components(", ") {
            let words = part.components(" ")
            guard words.count == 2, let choice = Choice(word: words[0]),
                let parts = parts(words[1])
            else {
                let known = Choice.allCases.map(\.word).joined(separator: ", ")
                throw Refusal("vote.choice", "a choice is one of \(known), not `\(text)`")
            }
            sides.append(SideShare(choice, parts: parts))
        }
        return sides
    }

    private static func preference(_ text: String) throws(Refusal) -> Preference<String> {
        if let names = text.after("approve ") { return .approve(names.components(", ")) }
        if let names = text.after("rank ") { return .rank(names.components(" > ")) }
        guard let list = text.after("share ") else {
            throw Refusal(
                "vote.choice", "after `;` comes approve, rank or share, not `\(text)`")
        }
        var shares: [OptionShare<String>] = []
        for part in list.components(", ") {
            let words = part.components(" ")
            guard words.count == 2, let parts = parts(words[1]) else {
                throw Refusal("vote.choice", "a share is a name and a percentage, not `\(part)`")
            }
            shares.append(OptionShare(words[0], parts: parts))
        }
        return .share(shares)
    }

    /// `12.5%` as parts of ten thousand; nil for what is no whole number of them.
    private static func parts(_ text: String) -> UInt16? {
        guard text.hasSuffix("%"), let fraction = Fraction(text), fraction <= .one else {
            return nil
        }
        let scaled = fraction.numerator * UInt128(whole)
        guard scaled.isMultiple(of: fraction.denominator) else { return nil }
        return UInt16(exactly: scaled / fraction.denominator)
    }

    /// Refuses what adds up to more or less than the whole, or names something twice.
    func check() throws(Refusal) {
        if sides.count == 1, sides[0].parts == Statement.whole, conviction == nil, preference == nil
        {
            return
        }
        guard !sides.isEmpty, Set(sides.map(\.choice)).count == sides.count,
            sides.allSatisfy({ $0.parts > 0 }),
            sides.reduce(0, { $0 + UInt32($1.parts) }) == UInt32(Statement.whole)
        else {
            throw Refusal(
                "vote.choice", "the parts of a split vote make 100%, each choice named once")
        }
        if let conviction, Conviction(conviction) == nil {
            throw Refusal("vote.conviction", "conviction is 0 to \(Conviction.strongest)")
        }
        guard let preference else { return }
        let names = preference.options
        guard !names.isEmpty, Set(names).count == names.count else {
            throw Refusal("vote.choice", "a preference names each option once, and one at least")
        }
        // What no option can be called could hide a separator.
        for name in names {
            do throws(Refusal) {
                try Effect.checkName(name, "option")
            } catch {
                throw Refusal("vote.choice", error.message)
            }
        }
        if case .share(let shares) = preference {
            let sum = shares.reduce(0) { $0 + UInt32($1.parts) }
            guard shares.allSatisfy({ $0.parts > 0 }), sum == UInt32(Statement.whole) else {
                throw Refusal("vote.choice", "the shares of the options make 100%")
            }
        }
    }
}

extension String {
    /// The parts between separators, empty ones too.
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }

    /// What follows a prefix, or nil.
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
