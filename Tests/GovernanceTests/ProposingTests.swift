// Who may propose what: power, limits, duplicates, slices, members.

import Governance
import Primitives
import Testing

@Suite("Proposing")
struct ProposingTests {
    @Test("a proposer needs power, from before this entry")
    func power() throws {
        let house = try Parliament([(1, 990), (2, 10), (3, 0)])
        try house.signal(by: 2)
        #expect(refusalCode { try house.signal("B", by: 3) } == "proposal.power")
    }

    @Test("the same effects are voted once at a time, and recognised later")
    func duplicates() throws {
        let house = try Parliament([(1, 100)])
        try house.signal()
        #expect(refusalCode { try house.signal(at: 5) } == "proposal.duplicate")
        try house.entry(at: 500)
        try house.entry(at: 501)
        try house.entry(at: 700)
        #expect(house.status() == .defeated)
        try house.signal(at: 800)
        #expect(house.record(2)?.resubmissionOf == 1)
        #expect(house.record(1)?.identity != house.record(2)?.identity)
    }

    @Test("spending in slices meets the rules of the sum")
    func slices() throws {
        let house = try Parliament([(1, 100)])
        house.host.treasury = Amount(10_000_000)
        func spend(_ amount: Int, at seconds: UInt64) throws -> String? {
            let number = try house.submit(
                "kind: treasury-spend\ntitle: T\neffects:\n  - asset: CREDIT\n    to: \""
                    + address(9).hex + "\"\n    amount: \(amount)", by: 1, at: seconds)
            return house.record(number)?.rules.name
        }
        #expect(try spend(49_900, at: 0) == "treasury-spend")
        #expect(try spend(49_901, at: 1) == "treasury-spend")
        #expect(try spend(49_902, at: 2) == "treasury-spend-large")
        #expect(try spend(49_903, at: 700_000) == "treasury-spend")
    }

    @Test("payments are together no more than the treasury has, when handed in and when voted on")
    func funds() throws {
        let house = try Parliament([(1, 100)])
        house.host.treasury = Amount(1_000)
        func pay(_ amounts: [Int], at seconds: UInt64) throws {
            let payments = amounts.enumerated().map {
                "  - asset: CREDIT\n    to: \"\(address(UInt8(9 + $0.offset)).hex)\"\n"
                    + "    amount: \($0.element)\n"
            }
            try house.submit(
                "kind: treasury-spend\ntitle: T\neffects:\n" + payments.joined(), by: 1, at: seconds
            )
        }
        #expect(refusalCode { try pay([1_001], at: 0) } == "treasury.too-small")
        #expect(refusalCode { try pay([600, 401], at: 0) } == "treasury.too-small")
        #expect(
            refusalCode { try pay([Int.max, Int.max, Int.max], at: 0) } == "treasury.too-small")
        try pay([600, 400], at: 0)
        house.host.treasury = Amount(999)
        try house.entry(at: 10)
        #expect(house.status() == .expired)
    }

    @Test("a vote changes a minority of the members, and then waits")
    func members() throws {
        let house = try Parliament([(1, 100)])
        func change(remove: [String], at seconds: UInt64) throws {
            try house.submit(
                "kind: change-members\ntitle: T\neffects:\n  - remove: ["
                    + remove.joined(separator: ", ") + "]", by: 1, at: seconds)
        }
        #expect(
            refusalCode { try change(remove: ["m1", "m2"], at: 0) } == "members.majority")
        #expect(refusalCode { try change(remove: ["m9"], at: 0) } == "members.unknown")
        try change(remove: ["m1"], at: 0)
        try house.vote(.for, by: 1, at: 10)
        try house.entry(at: 111)
        try house.entry(at: 131)
        #expect(house.status() == .executed)
        #expect(refusalCode { try change(remove: ["m2"], at: 140) } == "proposal.cooldown")
        try change(remove: ["m2"], at: 131 + 3600)
    }

    @Test("a ballot that names another title or other effects is refused")
    func blindSigning() throws {
        let house = try Parliament([(1, 100)])
        try house.signal()
        try house.entry(at: 10)
        func vote(title: String, effects: Digest) -> String? {
            refusalCode {
                try house.entry(at: 11) { moment, state in
                    try house.engine.vote(
                        Vote(proposal: 1, title: title, choice: .for, effects: effects),
                        by: address(1), at: moment, in: state)
                }
            }
        }
        let digest = try #require(house.record()?.effectsDigest)
        #expect(vote(title: "Other", effects: digest) == "vote.title")
        #expect(vote(title: "T", effects: .zero) == "vote.effects")
        #expect(vote(title: "T", effects: digest) == nil)
        #expect(vote(title: "T", effects: digest) == "vote.already")
    }
}
