// Snapshots, delegation, overriding, ageing.

import Governance
import Primitives
import Testing

@Suite("Voting power")
struct VotingPowerTests {
    @Test("power got in the entry of the opening, or later, does not vote")
    func snapshot() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        try house.entry(at: 10) { moment, state in
            VotingPower.record(
                holder: address(3), balance: Amount(1000), at: moment, in: state)
            return []
        }
        #expect(refusalCode { try house.vote(.for, by: 3, at: 11) } == "vote.no-power")
        try house.vote(.for, by: 1, at: 12)
        #expect(house.record()?.tally.for == Amount(60))
    }

    @Test(
        "a holder's own vote takes back all shares, before and after the delegates",
        arguments: [[3, 4, 1], [1, 3, 4], [3, 1, 4]] as [[UInt8]])
    func overriding(order: [UInt8]) throws {
        let house = try Parliament([(1, 1001), (2, 500), (3, 100), (4, 50)])
        try house.delegate(from: 1, to: [(3, 6000), (4, 4000)], at: 0)
        try house.delegate(from: 2, to: [(3, 10_000)], at: 0)
        try house.retire(by: 1, at: 1)
        let choices: [UInt8: Choice] = [1: .against, 3: .for, 4: .abstain]
        for (position, voter) in order.enumerated() {
            try house.vote(choices[voter] ?? .for, by: voter, at: 20 + UInt64(position))
        }
        #expect(
            house.record()?.tally
                == Tally(for: Amount(600), against: Amount(1001), abstain: Amount(50)))
    }

    @Test("a delegation for one kind goes before the one for all, and lapses")
    func scopes() throws {
        let house = try Parliament([(1, 100), (2, 10), (3, 10)])
        try house.delegate(from: 1, to: [(2, 10_000)], at: 0)
        try house.delegate(
            from: 1, to: [(3, 5000)], scope: .kind(.retireModel), expires: 50, at: 0)
        let early = PowerSnapshot(index: 100, time: Timestamp(milliseconds: 49_999))
        let late = PowerSnapshot(index: 100, time: Timestamp(milliseconds: 50_000))
        func lent(_ delegate: UInt8, _ kind: ProposalKind, _ at: PowerSnapshot) -> UInt128 {
            VotingPower.lent(to: address(delegate), for: kind, at: at, in: house.memory)
                .reduce(0) { $0 + $1.amount.units }
        }
        #expect(lent(2, .signal, early) == 100)
        #expect(lent(2, .retireModel, early) == 0)
        #expect(lent(3, .retireModel, early) == 50)
        #expect(lent(3, .retireModel, late) == 0)
        #expect(lent(2, .retireModel, late) == 100)
    }

    @Test("aged power equals the least balance of the window, by brute force")
    func ageing() throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<200 {
            let memory = MemoryState()
            let state = StateOverlay(memory)
            var history: [(index: UInt64, time: UInt64, balance: UInt64)] = []
            var time: UInt64 = random.next(below: 5)
            for index in 1...(1 + random.next(below: 150)) {
                time += random.next(below: 10)
                let balance = random.next(below: 100)
                history.append((index, time, balance))
                VotingPower.record(
                    holder: address(1), balance: Amount(UInt128(balance)),
                    at: LogMoment(index: index, time: Timestamp(milliseconds: time)), in: state)
            }
            memory.commit(state.allChanges)
            let snapshot = PowerSnapshot(
                index: random.next(below: UInt64(history.count) + 2),
                time: Timestamp(milliseconds: time + random.next(below: 20)),
                age: random.next(below: 400))
            #expect(
                VotingPower.agedBalance(of: address(1), at: snapshot, in: memory).units
                    == UInt128(least(history, snapshot)))
        }
    }

    private func least(
        _ history: [(index: UInt64, time: UInt64, balance: UInt64)], _ snapshot: PowerSnapshot
    ) -> UInt64 {
        let seen = history.filter { $0.index <= snapshot.index }
        let opening = snapshot.time.milliseconds
        let start = opening > snapshot.age ? opening - snapshot.age : 0
        guard snapshot.age > 0 else { return seen.last?.balance ?? 0 }
        // What was held at the window's start, and everything set inside it.
        let atStart = seen.last { $0.time <= start }?.balance ?? 0
        return seen.filter { $0.time > start }.map(\.balance).reduce(atStart, Swift.min)
    }

    @Test("no ballots ever weigh more than the supply, whoever delegates to whom")
    func conservation() throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let house = try Parliament((1...8).map { ($0, 50 + random.next(below: 100)) })
            for _ in 0..<12 {
                let from = UInt8(1 + random.next(below: 8))
                let first = UInt8(1 + random.next(below: 4))
                let second = UInt8(5 + random.next(below: 4))
                guard from != first, from != second else { continue }
                let parts = UInt16(1 + random.next(below: 9999))
                // Circles are refused; whatever is left must add up.
                _ = refusalCode {
                    try house.delegate(
                        from: from, to: [(first, parts), (second, 10_000 - parts)], at: 0)
                }
            }
            try house.retire(at: 0)
            for _ in 0..<20 {
                let voter = UInt8(1 + random.next(below: 8))
                let words = [
                    "for", "against", "abstain", "for 60%, against 40%",
                    "for 0.01%, abstain 99.99%",
                ]
                let said = words[Int(random.next(below: 5))]
                _ = refusalCode { try house.say(said, by: voter, at: 20) }
                try expectConsistent(house)
            }
        }
    }

    private func expectConsistent(_ house: Parliament) throws {
        guard let record = house.record() else { return }
        var tally = Tally()
        for (_, ballot) in GovernanceEngine.ballots(on: 1, in: house.memory) {
            var left = try ballot.weight()
            for side in ballot.sides.dropFirst() {
                let part = DelegationShare(delegate: .zero, parts: side.parts)
                    .units(of: try ballot.weight())
                left = try left.subtracting(part)
                try tally.add(part, to: side.choice)
            }
            try tally.add(left, to: ballot.choice)
        }
        #expect(tally == record.tally)
        #expect(tally == record.turnout)
        #expect(try tally.sum(of: .all) <= record.supply)
    }
}
