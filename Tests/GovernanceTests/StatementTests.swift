// What a ballot says: one meaning, one spelling.

import Governance
import Primitives
import Testing

@Suite struct StatementTests {
    @Test(arguments: [
        "for", "against", "abstain", "veto", "for 60%, against 40%",
        "for 33.33%, against 33.33%, abstain 33.34%", "for with conviction 3",
        "for 50%, against 50% with conviction 6", "for; approve kings",
        "for; approve kings, queens", "against; rank kings > queens > jacks.2",
        "for; share kings 70%, queens 30%", "abstain; share a 0.01%, b 99.99%",
    ])
    func `words are read and printed alike`(words: String) throws {
        #expect(try Statement(words: words).words == words)
    }

    @Test(arguments: [
        "", "For", "FOR", " for", "for ", "yes", "1", "for 100%", "for 60%", "for 60%, against 50%",
        "for 60%, for 40%", "for 60% , against 40%", "for 60.0%, against 40%",
        "for 0%, against 100%", "for 3/5, against 2/5", "for 33.333%, against 66.667%",
        "for with conviction", "for with conviction 03", "for with conviction 7",
        "for with conviction 1 with conviction 1", "for;", "for; ", "for; approve",
        "for; approve ", "for; approve a, a", "for; approve a,b", "for; rank a",
        "for; rank a > a", "for; rank a >b", "for; share a 50%", "for; share a 50%, a 50%",
        "for; share a 0%, b 100%", "for; love a", "for; approve a; approve b",
        "for\u{200B}", "for\n",
    ])
    func `what has no single meaning is refused`(words: String) {
        // "for; rank a" is a whole ranking of one; everything else is nothing.
        let isWhole = words == "for; rank a"
        #expect(refusalCode { _ = try Statement(words: words) } != nil || isWhole)
    }

    @Test func `random statements survive their words`() throws {
        var generator = SplitMix64(seed: 11)
        for _ in 0..<2000 {
            let statement = StatementTests.random(&generator)
            #expect(try Statement(words: statement.words) == statement)
        }
    }

    private static func random(_ generator: inout SplitMix64) -> Statement {
        func parts(_ count: Int) -> [UInt16] {
            var cuts: Set<UInt16> = []
            while cuts.count < count - 1 { cuts.insert(.random(in: 1..<10_000, using: &generator)) }
            let points = [0] + cuts.sorted() + [10_000]
            return zip(points, points.dropFirst()).map { $1 - $0 }
        }
        let choices = Choice.allCases.shuffled(using: &generator)
        let count = Int.random(in: 1...4, using: &generator)
        let sides = zip(choices, parts(count)).map { SideShare($0, parts: $1) }
        let names = (0..<Int.random(in: 1...9, using: &generator)).map { "option-\($0)" }
            .shuffled(using: &generator)
        let preference: Preference<String>? =
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: .approve(names)
            case 1: .rank(names)
            case 2: .share(zip(names, parts(names.count)).map { OptionShare($0, parts: $1) })
            default: nil
            }
        return Statement(
            sides,
            conviction: Bool.random(using: &generator)
                ? UInt8.random(in: 0...6, using: &generator) : nil, preference: preference)
    }
}
