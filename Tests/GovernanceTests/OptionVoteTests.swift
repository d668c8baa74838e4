// Every voting system on live proposals: ballots in words, counted when voting ends, the winner's
// effects executed.

import Governance
import Primitives
import Testing

@Suite struct OptionVoteTests {
    private static func house(
        _ system: String, _ balances: [(holder: UInt8, tokens: UInt64)], more: String = ""
    ) throws -> Parliament {
        try Parliament(
            balances, rules: Parliament.rules("signal", "system: \(system)\n\(more)"))
    }

    /// Runs the proposal to its end and answers the statement that was executed.
    private func outcome(_ house: Parliament) throws -> String? {
        try house.entry(at: 111)
        try house.entry(at: 131)
        guard case .signal(let text) = house.host.executed.first?.first else { return nil }
        return text
    }

    @Test func `approval: the option most power approves of`() throws {
        let house = try Self.house("approval", [(1, 40), (2, 35), (3, 25)])
        try house.choose(["kings", "queens", "jacks"])
        try house.say("for; approve kings", by: 1, at: 10)
        try house.say("for; approve queens, jacks", by: 2, at: 11)
        try house.say("against; approve jacks", by: 3, at: 12)
        #expect(try outcome(house) == "Do jacks.")
        #expect(house.record()?.winners == [2])
    }

    @Test func `weighted: power split over options`() throws {
        let house = try Self.house("weighted", [(1, 60), (2, 40)])
        try house.choose(["kings", "queens"])
        try house.say("for; share kings 50%, queens 50%", by: 1, at: 10)
        try house.say("for; share queens 60%, kings 40%", by: 2, at: 11)
        #expect(try outcome(house) == "Do queens.")
    }

    @Test func `ranked: the last one drops out until one has more than half`() throws {
        let house = try Self.house("ranked", [(1, 40), (2, 35), (3, 25)])
        try house.choose(["kings", "queens", "jacks"])
        try house.say("for; rank kings > queens > jacks", by: 1, at: 10)
        try house.say("for; rank queens > kings", by: 2, at: 11)
        // A partial ranking: when jacks drop out, this one's second choice counts.
        try house.say("for; rank jacks > queens", by: 3, at: 12)
        #expect(try outcome(house) == "Do queens.")
        let lines = try GovernanceEngine.explain(1, in: house.memory).lines
        #expect(lines.contains("round 1: kings 40, queens 35, jacks 25; jacks leaves"))
        #expect(lines.contains("round 2: kings 40, queens 60"))
    }

    @Test func `condorcet: who beats every other wins, though the run-off drops it first`() throws {
        // Queens is everybody's second choice.
        func run(_ system: String) throws -> String? {
            let house = try Self.house(system, [(1, 40), (2, 35), (3, 25)])
            try house.choose(["kings", "queens", "jacks"])
            try house.say("for; rank kings > queens > jacks", by: 1, at: 10)
            try house.say("for; rank jacks > queens > kings", by: 2, at: 11)
            try house.say("for; rank queens > kings > jacks", by: 3, at: 12)
            return try outcome(house)
        }
        #expect(try run("condorcet") == "Do queens.")
        #expect(try run("ranked") == "Do kings.")
    }

    @Test func `a tie goes by the lot that was drawn when voting opened`() throws {
        func run(_ delay: UInt64) throws -> (winner: [UInt16]?, lot: Digest?) {
            let house = try Self.house("approval", [(1, 50), (2, 50)])
            for _ in 0..<delay { try house.entry(at: 0) }
            try house.choose(["kings", "queens"])
            try house.entry(at: 10)
            let lot = house.record()?.lot
            try house.say("for; approve kings", by: 1, at: 11)
            try house.say("for; approve queens", by: 2, at: 12)
            _ = try outcome(house)
            #expect(house.record()?.lot == lot)
            return (house.record()?.winners, lot)
        }
        var winners: Set<[UInt16]?> = []
        for delay in 0..<12 as Range<UInt64> {
            let (first, again) = (try run(delay), try run(delay))
            #expect(first.winner == again.winner)
            #expect(first.lot == again.lot)
            winners.insert(first.winner)
        }
        // Neither name nor position decides: over some openings, both win.
        #expect(winners == [[0], [1]])
    }

    @Test func `quadratic: roots of power, of persons somebody vouches for`() throws {
        let source = "identity: \"\(address(9).hex)\""
        let house = try Self.house(
            "quadratic", [(1, 100), (2, 49), (3, 49), (4, 49), (5, 49)], more: source)
        try house.choose(["kings", "queens"])
        try house.entry(at: 10)
        #expect(
            refusalCode { try house.say("for; share kings 100%", by: 1, at: 11) }
                == "vote.identity")
        for holder in 1...4 as ClosedRange<UInt8> { try attest(house, holder, at: 12) }
        // One person, one account: the second wallet of a known person is refused.
        #expect(refusalCode { try attest(house, 5, as: 4, at: 12) } == "identity.taken")
        try house.say("for; share kings 100%", by: 1, at: 13)
        try house.say("for; share queens 100%", by: 2, at: 14)
        try house.say("for; share queens 100%", by: 3, at: 15)
        // Roots 10 against 7 + 7: the quorum counts tokens, the tally counts roots.
        #expect(house.record()?.turnout.for == Amount(198))
        #expect(house.record()?.tally.for == Amount(24_000_000))
        #expect(
            refusalCode { try house.say("for 50%, against 50%", by: 4, at: 16) } == "vote.split")
        #expect(try outcome(house) == "Do queens.")
    }

    private func attest(
        _ house: Parliament, _ holder: UInt8, as person: UInt8? = nil, at seconds: UInt64
    ) throws {
        try house.entry(at: seconds) { _, state in
            let name = Digest(words: (0, 0, 0, UInt64(person ?? holder)))
            return [
                try Identities.attest(
                    address(holder), is: name, standing: true, by: address(9), in: state)
            ]
        }
    }

    @Test func `options need a track that counts them, and a ballot that names them`() throws {
        let plain = try Parliament([(1, 60), (2, 40)])
        #expect(refusalCode { try plain.choose(["a", "b"]) } == "proposal.options")
        let house = try Self.house("approval", [(1, 60), (2, 40)])
        #expect(refusalCode { try house.choose(["a"]) } == "effect.options")
        #expect(refusalCode { try house.choose(["a", "a"]) } == "effect.options")
        try house.choose(["a", "b"])
        #expect(
            refusalCode { try house.say("for; rank a > b", by: 1, at: 10) } == "vote.preference")
        #expect(
            refusalCode { try house.say("for; approve c", by: 1, at: 10) } == "vote.preference")
        // Everybody is for it and nobody says for what: nothing happens.
        try house.say("for", by: 1, at: 11)
        #expect(try outcome(house) == nil)
        #expect(house.status() == .defeated)
    }

    @Test func `a plain proposal on such a track is voted on as ever`() throws {
        let house = try Self.house("ranked", [(1, 60), (2, 40)])
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        #expect(try outcome(house) == "Yes")
    }

    @Test func `a changed ballot takes its preference with it`() throws {
        let house = try Self.house("approval", [(1, 60), (2, 40)], more: "change_votes: true")
        try house.choose(["a", "b"])
        try house.say("for; approve a", by: 1, at: 10)
        try house.say("for; approve b", by: 1, at: 11)
        #expect(try outcome(house) == "Do b.")
    }

    @Test func `ballots sign all options`() throws {
        let house = try Self.house("approval", [(1, 60), (2, 40)])
        try house.choose(["a", "b"])
        try house.choose(["a", "c"], at: 1)
        #expect(house.record(1)?.effectsDigest != house.record(2)?.effectsDigest)
        #expect(refusalCode { try house.choose(["a", "b"], at: 2) } == "proposal.duplicate")
    }

    @Test(arguments: ["approval", "weighted", "ranked", "condorcet"])
    func `the order of ballots changes nothing, and equal ballots count as one of their sum`(
        system: String
    ) throws {
        let names = ["a", "b", "c", "d"]
        for seed in 0..<12 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let ballots = (1...9).map { _ -> String in
                let some = names.shuffled(using: &random).prefix(Int(2 + random.next(below: 3)))
                switch system {
                case "approval": return "for; approve " + some.joined(separator: ", ")
                case "weighted": return "for; share \(some[0]) 25%, \(some[1]) 75%"
                default: return "for; rank " + some.joined(separator: " > ")
                }
            }
            func run(_ balances: [(holder: UInt8, tokens: UInt64)], _ cast: [(UInt8, String)])
                throws -> ([UInt16]?, [String])
            {
                let house = try Self.house(system, balances)
                try house.choose(names)
                try house.entry(at: 10)
                for (holder, words) in cast { try house.say(words, by: holder, at: 11) }
                let lines = GovernanceEngine.optionLines(on: 1, in: house.memory)
                try house.entry(at: 111)
                return (house.record()?.winners, lines)
            }
            let cast = ballots.enumerated().map { (UInt8($0.offset + 1), $0.element) }
            let balances = (1...9).map { (holder: UInt8($0), tokens: UInt64(10)) }
            let forwards = try run(balances, cast)
            let backwards = try run(balances, cast.reversed())
            #expect(forwards.0 == backwards.0)
            #expect(forwards.1 == backwards.1)
            // Three holders who say the same are one with three times the power.
            let same = cast.map { ($0.0, ballots[Int($0.0 - 1) / 3 * 3]) }
            let merged = [0, 3, 6].map { (UInt8($0 + 1), ballots[$0]) }
            let sums = [1, 4, 7].map { (holder: UInt8($0), tokens: UInt64(30)) }
            #expect(try run(balances, same).1 == run(sums, merged).1)
        }
    }
}
