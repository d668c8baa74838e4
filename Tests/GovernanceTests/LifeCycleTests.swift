// The life of proposals: every status, and what leads there.

import Governance
import Primitives
import Testing

@Suite("Life cycle")
struct LifeCycleTests {
    @Test("passes, waits for its timelock, is executed, and the deposit returns")
    func passes() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        #expect(house.status() == .submitted)
        try house.vote(.for, by: 1, at: 10)
        #expect(house.status() == .voting)
        try house.vote(.against, by: 2, at: 110)
        let events = try house.entry(at: 111)
        #expect(house.status() == .queued)
        guard case .decided(_, _, let tally, _, let lines) = events.first else {
            Issue.record("no decision")
            return
        }
        #expect(tally == Tally(for: Amount(60), against: Amount(40)))
        #expect(
            lines == [
                "quorum: for 60 + against 40 + abstain 0 = 100;"
                    + " 100 x 100 >= 10 x supply 100: reached",
                "threshold: for 60 + against 40 + veto 0 = 100; for 60 x 100 > 50 x 100: approved",
            ])
        try house.entry(at: 130)
        #expect(house.status() == .queued)
        try house.entry(at: 131)
        #expect(house.status() == .executed)
        #expect(house.host.executed == [[.signal("Yes")]])
        #expect(house.host.fates == [1: .returned])
        #expect(GovernanceEngine.nextDueTime(in: house.memory) == nil)
    }

    @Test("a vote at the deadline counts, one after it does not")
    func deadline() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        try house.entry(at: 10)
        try house.vote(.for, by: 1, at: 110)
        #expect(refusalCode { try house.vote(.against, by: 2, at: 111) } == "vote.closed")
    }

    @Test("a tie and a missed quorum are defeats")
    func defeats() throws {
        let tie = try Parliament([(1, 50), (2, 50)])
        try tie.signal()
        try tie.vote(.for, by: 1, at: 10)
        try tie.vote(.against, by: 2, at: 11)
        try tie.entry(at: 200)
        #expect(tie.status() == .defeated)
        let missed = try Parliament([(1, 9), (2, 91)])
        try missed.signal()
        try missed.vote(.for, by: 1, at: 10)
        try missed.entry(at: 200)
        #expect(missed.status() == .defeated)
        #expect(missed.host.fates == [1: .returned])
    }

    @Test("a veto ends it and burns the deposit, only on a track that names one")
    func veto() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        let base = String(repeating: "0", count: 64)
        try house.submit(
            "kind: change-policy\ntitle: T\neffects:\n  - policy: p\n    base: sha256:\(base)\n"
                + "    text: new",
            by: 1, at: 0)
        try house.vote(.for, by: 1, at: 10)
        try house.vote(.veto, by: 2, at: 11)
        try house.entry(at: 200)
        #expect(house.status() == .vetoed)
        #expect(house.host.fates == [1: .burned])
        try house.signal(at: 300)
        try house.entry(at: 310)
        #expect(
            refusalCode { try house.vote(.veto, by: 2, on: 2, at: 311) } == "vote.no-veto")
    }

    @Test("only its proposer withdraws it, and only before voting opens")
    func cancel() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        func cancel(by holder: UInt8, at seconds: UInt64) -> String? {
            refusalCode {
                try house.entry(at: seconds) { moment, state in
                    try house.engine.cancel(1, by: address(holder), at: moment, in: state)
                }
            }
        }
        #expect(cancel(by: 2, at: 1) == "proposal.not-yours")
        #expect(cancel(by: 1, at: 10) == "proposal.not-cancellable")
        try house.signal("Again", at: 20)
        try house.entry(at: 21) { moment, state in
            try house.engine.cancel(2, by: address(1), at: moment, in: state)
        }
        #expect(house.status(2) == .cancelled)
        #expect(house.host.fates == [2: .returned])
    }

    @Test("a late quorum moves the deadline once")
    func lateQuorum() throws {
        let house = try Parliament([(1, 9), (2, 40), (3, 51)])
        try house.submit(trainingHeader, by: 1, at: 0)
        try house.vote(.for, by: 1, at: 10)
        #expect(house.record()?.deadline == Timestamp(milliseconds: 110_000))
        try house.vote(.for, by: 2, at: 100)
        #expect(house.record()?.deadline == Timestamp(milliseconds: 140_000))
        try house.vote(.against, by: 3, at: 139)
        #expect(house.record()?.deadline == Timestamp(milliseconds: 140_000))
        try house.entry(at: 141)
        #expect(house.status() == .defeated)
    }

    @Test("after a late swing those who did not vote may object")
    func objection() throws {
        let house = try Parliament([(1, 30), (2, 40), (3, 30)])
        let digest = String(repeating: "1", count: 64)
        try house.submit(
            """
            kind: release-model
            title: T
            effects:
              - model: m
                digest: sha256:\(digest)
                asset: CREDIT
                price_per_input_token: 1
                price_per_output_token: 2
                licence: MIT
            """, by: 1, at: 0)
        try house.vote(.against, by: 1, at: 10)
        try house.vote(.for, by: 2, at: 105)
        try house.entry(at: 111)
        #expect(house.status() == .objection)
        #expect(refusalCode { try house.vote(.for, by: 3, at: 112) } == "vote.objection")
        #expect(refusalCode { try house.vote(.against, by: 2, at: 112) } == "vote.objection")
        try house.vote(.against, by: 3, at: 113)
        try house.entry(at: 162)
        #expect(house.status() == .defeated)
    }

    @Test("a tally must hold through the confirmation; a break ends it at once")
    func confirmation() throws {
        let house = try Parliament([(1, 30), (2, 40), (3, 30)])
        try house.retire()
        try house.vote(.for, by: 1, at: 10)
        try house.entry(at: 111)
        #expect(house.status() == .confirming)
        try house.vote(.against, by: 2, at: 120)
        #expect(house.status() == .defeated)
        try house.retire(at: 200)
        try house.vote(.for, by: 1, on: 2, at: 210)
        try house.entry(at: 311)
        try house.entry(at: 342)
        #expect(house.status(2) == .queued)
        #expect(house.record(2)?.resubmissionOf == 1)
    }

    @Test("a refused execution leaves no trace, is tried again, and fails when the grace ends")
    func executionFailure() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        house.host.refuseExecution = Refusal("treasury.short", "not enough")
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        try house.entry(at: 111)
        let events = try house.entry(at: 131)
        #expect(events.first?.code == "proposal.execution-refused")
        #expect(house.memory.value(for: [0xF0]) == nil)
        #expect(house.status() == .queued)
        for seconds in [146, 161, 176, 191] as [UInt64] { try house.entry(at: seconds) }
        #expect(house.status() == .executionFailed)

        try house.signal("Again", at: 200)
        try house.vote(.for, by: 1, on: 2, at: 210)
        try house.entry(at: 311)
        try house.entry(at: 331)
        house.host.refuseExecution = nil
        try house.entry(at: 346)
        #expect(house.status(2) == .executed)
    }

    @Test("a cluster that was away for the whole grace executes nothing")
    func expired() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        try house.entry(at: 111)
        try house.entry(at: 1000)
        #expect(house.status() == .expired)
        #expect(house.host.executed.isEmpty)
    }

    @Test("deadlines move by the length of an outage")
    func outage() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        let state = StateOverlay(house.memory)
        _ = house.engine.postpone(by: 50_000, in: state)
        house.memory.commit(state.allChanges)
        try house.vote(.against, by: 2, at: 150)
        try house.entry(at: 161)
        #expect(house.status() == .queued)
    }

    @Test("a funding round pays for what the approvals share the budget to")
    func fundingRound() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        func project(_ name: String, _ cost: Int) -> String {
            "      - name: \(name)\n        summary: s\n        to: \"\(address(9).hex)\"\n"
                + "        cost: \(cost)"
        }
        try house.submit(
            "kind: funding-round\ntitle: T\neffects:\n  - asset: CREDIT\n    budget: 100\n"
                + "    projects:\n"
                + [project("a", 60), project("b", 40), project("c", 50)].joined(separator: "\n"),
            by: 1, at: 0)
        try house.say("for; approve a, c", by: 1, at: 10)
        try house.say("for; approve b", by: 2, at: 11)
        #expect(
            refusalCode { try house.say("for; approve d", by: 2, at: 12) }
                == "vote.preference")
        #expect(
            refusalCode { try house.say("for; rank a > b", by: 2, at: 12) }
                == "vote.preference")
        try house.entry(at: 111)
        try house.entry(at: 131)
        guard case .fundingRound(let round) = house.host.executed.first?.first else {
            Issue.record("not executed")
            return
        }
        // Both of the first voter's projects are worth their price alike: the cheaper one goes
        // first.
        #expect(round.projects.map(\.name) == ["b", "c"])
    }

    @Test("the explanation says what would change the outcome")
    func explanation() throws {
        let house = try Parliament([(1, 30), (2, 40), (3, 30)])
        try house.signal()
        try house.vote(.against, by: 1, at: 10)
        let lines = try GovernanceEngine.explain(1, in: house.memory).lines
        #expect(lines.contains("31 more for, and nothing else, would make it pass"))
    }

    @Test("every event has one canonical form, and two replicas agree on all of it")
    func determinism() throws {
        func run() throws -> ([[UInt8]], [StateEntry]) {
            let house = try Parliament([(1, 60), (2, 40)])
            var events: [GovernanceEvent] = []
            try house.delegate(from: 2, to: [(1, 5000)], at: 0)
            try house.signal()
            events += try house.vote(.for, by: 1, at: 10)
            events += try house.vote(.against, by: 2, at: 11)
            events += try house.entry(at: 111)
            events += try house.entry(at: 131)
            return (
                events.map(\.encoded),
                house.memory.entries(from: [0], to: [0xFF], limit: 10_000)
            )
        }
        let (left, right) = (try run(), try run())
        #expect(left.0 == right.0)
        #expect(left.1 == right.1)
    }

    @Test("rules are frozen when voting opens")
    func frozenRules() throws {
        let house = try Parliament([(1, 60), (2, 40)])
        try house.signal()
        try house.vote(.for, by: 1, at: 10)
        let digest = house.record()?.rulesDigest
        let harder = Parliament.yaml.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0 == "    fraction: 10%" ? "    fraction: 50%" : String($0) }
            .joined(separator: "\n")
        house.host.current = try Constitution(
            parsing: harder, name: "test", bounds: .development)
        try house.entry(at: 111)
        #expect(house.status() == .queued)
        #expect(house.record()?.rulesDigest == digest)
    }
}

/// The header of a small valid training proposal.
let trainingHeader = """
    kind: train-model
    title: T
    effects:
      - model: m
        architecture:
          layers: 1
          heads: 1
          width: 8
          context: 8
          batch: 1
        data:
          - name: d
            digest: sha256:\(String(repeating: "2", count: 64))
            bytes: 10
            licence: MIT
        recipe:
          rounds: 1
          segments_per_round: 2
          steps_per_segment: 3
          learning_rate_millionths: 1000
          warm_up_steps: 0
          outer_learning_rate_millionths: 700000
          outer_momentum_millionths: 0
          quantisation_bits: 8
          seed: 7
        held_out: 10%
        redundancy: 50%
        budget:
          asset: CREDIT
          amount: 100
          price_per_segment: 10
          price_per_aggregation: 10
          price_per_evaluation: 10
        timeouts:
          segment: 1m
          aggregation: 1m
          evaluation: 1m
        evaluation:
          baseline: bigram
    """
