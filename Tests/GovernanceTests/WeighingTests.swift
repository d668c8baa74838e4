// Conviction with its locks, thresholds that fall, the expedited vote, hidden ballots.

import Governance
import Primitives
import Testing

@Suite struct WeighingTests {
    // MARK: Conviction

    private static let conviction = "system: conviction\nlock_period: 100s\n"

    @Test func `conviction weighs, and holds the winners' tokens still`() throws {
        let house = try Parliament(
            [(1, 40), (2, 60)], rules: Parliament.rules("signal", Self.conviction))
        try house.signal()
        try house.say("for with conviction 3", by: 1, at: 10)
        try house.say("against with conviction 1", by: 2, at: 11)
        // 40 x 3 against 60 x 1; the quorum counts tokens.
        #expect(house.record()?.tally == Tally(for: Amount(120), against: Amount(60)))
        #expect(house.record()?.turnout == Tally(for: Amount(40), against: Amount(60)))
        #expect(locked(house, 1, at: 12) == 40)
        #expect(locked(house, 2, at: 12) == 60)
        try house.entry(at: 111)
        #expect(house.status() == .queued)
        // The losing side is free at once; the winners stay four periods: 2^(3-1).
        #expect(locked(house, 2, at: 111) == nil)
        #expect(locked(house, 1, at: 510) == 40)
        #expect(locked(house, 1, at: 511) == nil)
    }

    private func locked(_ house: Parliament, _ holder: UInt8, at seconds: UInt64) -> UInt128? {
        let time = Timestamp(milliseconds: seconds * 1000)
        return VoteLocks.locked(address(holder), at: time, in: house.memory)?.amount.units
    }

    @Test func `no lock, a tenth; lent power is never locked and weighs a tenth`() throws {
        let house = try Parliament(
            [(1, 50), (2, 100)], rules: Parliament.rules("signal", Self.conviction))
        try house.delegate(from: 2, to: [(1, 10_000)], at: 0)
        try house.signal()
        try house.say("for with conviction 2", by: 1, at: 10)
        #expect(house.record()?.tally.for == Amount(50 * 2 + 10))
        // The holder's own vote takes the tenth back.
        try house.say("against", by: 2, at: 11)
        #expect(house.record()?.tally == Tally(for: Amount(100), against: Amount(10)))
        #expect(locked(house, 2, at: 12) == nil)
    }

    @Test func `who sold since the snapshot has nothing to lock`() throws {
        let house = try Parliament(
            [(1, 50), (2, 50)], rules: Parliament.rules("signal", Self.conviction))
        try house.signal()
        try house.entry(at: 10)
        try house.setBalance(of: 1, to: 10, at: 11)
        #expect(
            refusalCode { try house.say("for with conviction 6", by: 1, at: 12) }
                == "vote.conviction")
        try house.say("for", by: 1, at: 12)
        let plain = try Parliament([(1, 60), (2, 40)])
        try plain.signal()
        #expect(
            refusalCode { try plain.say("for with conviction 1", by: 1, at: 10) }
                == "vote.conviction")
    }

    // MARK: Falling thresholds

    private static let curves = """
        confirm: 10s
        curves:
          approval:
            shape: linear
            length: 100%
            floor: 50%
            ceiling: 100%
          support:
            shape: linear
            length: 100%
            floor: 0%
            ceiling: 50%
        """

    @Test func `what everybody wants passes early; what is narrow waits for its moment`() throws {
        let early = try Parliament(
            [(1, 60), (2, 40)], rules: Parliament.rules("signal", Self.curves))
        try early.signal()
        // All for, 60 of 100 took part: passing at once.
        try early.vote(.for, by: 1, at: 10)
        #expect(early.status() == .confirming)
        try early.entry(at: 21)
        #expect(early.status() == .queued)

        let narrow = try Parliament(
            [(1, 60), (2, 40)], rules: Parliament.rules("signal", Self.curves))
        try narrow.signal()
        try narrow.vote(.against, by: 2, at: 10)
        try narrow.vote(.for, by: 1, at: 11)
        // 60 % are for; the threshold falls to 60 % after four fifths of the period of 100 s.
        #expect(narrow.status() == .voting)
        #expect(GovernanceEngine.nextDueTime(in: narrow.memory)?.milliseconds == 90_000)
        try narrow.entry(at: 90)
        #expect(narrow.status() == .confirming)
        try narrow.entry(at: 101)
        #expect(narrow.status() == .queued)
    }

    @Test func `a confirmation that breaks returns to voting while the period lasts`() throws {
        let house = try Parliament(
            [(1, 30), (2, 30), (3, 40)], rules: Parliament.rules("signal", Self.curves))
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        try house.entry(at: 50)
        #expect(house.status() == .confirming)
        try house.vote(.against, by: 2, at: 55)
        #expect(house.status() == .voting)
        #expect(house.record()?.deadline == Timestamp(milliseconds: 110_000))
        // Half and half at the end: a tie never passes.
        try house.entry(at: 111)
        #expect(house.status() == .defeated)
    }

    @Test func `a confirmation may pass the end, and a break after it decides`() throws {
        let house = try Parliament(
            [(1, 30), (2, 30), (3, 40)], rules: Parliament.rules("signal", Self.curves))
        try house.signal()
        try house.vote(.against, by: 1, at: 10)
        try house.vote(.for, by: 3, at: 109)
        try house.entry(at: 110)
        #expect(house.status() == .confirming)
        try house.vote(.against, by: 2, at: 115)
        #expect(house.status() == .defeated)
    }

    // MARK: Expedited

    private static let expedited = """
        late_quorum_extension: 0s
        expedited:
          delay: 1s
          period: 20s
          timelock: 5s
          threshold: 2/3
        """

    @Test func `an expedited vote passes by more, or goes on with its votes`() throws {
        let rules = Parliament.rules("retire-model", Self.expedited)
        let header = "kind: retire-model\ntitle: T\nexpedited: true\neffects:\n  - model: m"
        let fast = try Parliament([(1, 70), (2, 30)], rules: rules)
        try fast.submit(header, by: 1, at: 0)
        try fast.vote(.for, by: 1, at: 1)
        try fast.vote(.against, by: 2, at: 2)
        try fast.entry(at: 22)
        #expect(fast.status() == .queued)
        try fast.entry(at: 27)
        #expect(fast.status() == .executed)

        let slow = try Parliament([(1, 60), (2, 40)], rules: rules)
        try slow.submit(header, by: 1, at: 0)
        try slow.vote(.for, by: 1, at: 1)
        try slow.vote(.against, by: 2, at: 2)
        try slow.entry(at: 22)
        #expect(slow.status() == .voting)
        #expect(slow.record()?.tally.for == Amount(60))
        try slow.entry(at: 102)
        #expect(slow.status() == .queued)
        #expect(slow.record()?.readyAt == Timestamp(milliseconds: 122_000))
    }

    @Test func `nothing that moves value has a fast way`() {
        for kind in ProposalKind.allCases where kind != .signal && kind != .retireModel {
            #expect(
                refusalCode {
                    _ = try Parliament(
                        [], rules: Parliament.rules(kind.word, Self.expedited))
                } == "constitution.bounds")
        }
        #expect(
            refusalCode {
                try Parliament([(1, 60)]).submit(
                    "kind: signal\ntitle: T\nexpedited: true\neffects:\n  - text: x", by: 1, at: 0)
            } == "proposal.not-expedited")
    }

    // MARK: Hidden ballots

    private static let hidden = "hidden:\n  bond: 5\n  reveal: 30s\n"

    private struct Booth {
        let house: Parliament
        let deployment = Digest(words: (1, 2, 3, 4))

        func salt(_ holder: UInt8) -> Digest { Digest(words: (9, 9, 9, UInt64(holder))) }

        func commit(_ words: String, by holder: UInt8, at seconds: UInt64) throws {
            let commitment = HiddenVoting.commitment(
                to: words, on: 1, by: address(holder), salt: salt(holder), deployment: deployment)
            try commit(commitment, by: holder, at: seconds)
        }

        func commit(_ commitment: Digest, by holder: UInt8, at seconds: UInt64) throws {
            try house.entry(at: seconds) { moment, state in
                let record = GovernanceEngine.proposal(1, in: state)
                return try house.engine.commit(
                    to: commitment, on: 1, title: record?.title ?? "",
                    effects: record?.effectsDigest ?? .zero, by: address(holder), at: moment,
                    in: state)
            }
        }

        func reveal(_ words: String, by holder: UInt8, salt: Digest? = nil, at seconds: UInt64)
            throws
        {
            try house.entry(at: seconds) { moment, state in
                try house.engine.reveal(
                    try house.ballot(words, on: 1, in: state),
                    salt: salt ?? self.salt(holder), deployment: deployment,
                    by: address(holder), at: moment, in: state)
            }
        }
    }

    private func openBooth(_ balances: [(holder: UInt8, tokens: UInt64)]) throws -> Booth {
        let booth = Booth(
            house: try Parliament(balances, rules: Parliament.rules("signal", Self.hidden)))
        try booth.house.signal()
        return booth
    }

    @Test func `only what is revealed counts, and what is not loses its bond`() throws {
        let booth = try openBooth([(1, 30), (2, 30), (3, 40)])
        #expect(refusalCode { try booth.house.vote(.for, by: 1, at: 10) } == "vote.hidden")
        try booth.commit("for", by: 1, at: 10)
        try booth.commit("against", by: 2, at: 11)
        try booth.commit("against", by: 3, at: 12)
        #expect(booth.house.record()?.tally == Tally())
        #expect(booth.house.record()?.committed == 3)
        #expect(refusalCode { try booth.reveal("for", by: 1, at: 100) } == "vote.not-revealing")
        try booth.house.entry(at: 111)
        #expect(booth.house.status() == .revealing)
        #expect(refusalCode { try booth.commit("for", by: 2, at: 112) } == "vote.closed")
        try booth.reveal("for", by: 1, at: 112)
        #expect(refusalCode { try booth.reveal("for", by: 1, at: 113) } == "vote.commitment")
        try booth.reveal("against", by: 2, at: 113)
        #expect(booth.house.record()?.tally == Tally(for: Amount(30), against: Amount(30)))
        let events = try booth.house.entry(at: 142)
        // A tie is a defeat; the third ballot was never shown.
        #expect(booth.house.status() == .defeated)
        #expect(
            events.contains(
                .bondSettled(proposal: 1, account: address(3), amount: Amount(5), fate: .burned)))
    }

    @Test func `what was committed to is what must be revealed`() throws {
        let booth = try openBooth([(1, 30), (2, 30)])
        try booth.commit("for", by: 1, at: 10)
        try booth.house.entry(at: 111)
        #expect(refusalCode { try booth.reveal("against", by: 1, at: 112) } == "vote.commitment")
        #expect(
            refusalCode { try booth.reveal("for", by: 1, salt: .zero, at: 112) }
                == "vote.commitment")
        #expect(refusalCode { try booth.reveal("for", by: 2, at: 112) } == "vote.commitment")
        try booth.reveal("for", by: 1, at: 112)
    }

    @Test func `a commitment covers its voter: a copy cannot be revealed`() throws {
        let booth = try openBooth([(1, 30), (2, 30)])
        let commitment = HiddenVoting.commitment(
            to: "for", on: 1, by: address(1), salt: booth.salt(1), deployment: booth.deployment)
        try booth.commit(commitment, by: 1, at: 10)
        try booth.commit(commitment, by: 2, at: 11)
        try booth.house.entry(at: 111)
        try booth.reveal("for", by: 1, at: 112)
        // The copier has seen words and salt by now, and still has no ballot.
        #expect(
            refusalCode { try booth.reveal("for", by: 2, salt: booth.salt(1), at: 113) }
                == "vote.commitment")
    }

    @Test func `hidden ballots go with nothing that needs a visible tally`() {
        for line in ["confirm: 1s", "late_quorum_extension: 1s", "swing_window: 1s\nobjection: 1s"]
        {
            #expect(
                refusalCode {
                    _ = try Parliament(
                        [], rules: Parliament.rules("signal", Self.hidden + line))
                } == "constitution.bounds")
        }
    }
}
