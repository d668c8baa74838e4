// A small community for tests: holders with balances, a host, and a log whose time tests move.

import Governance
import Primitives

/// Times in seconds, power in whole tokens; entries are numbered by themselves.
final class Parliament {
    let memory = MemoryState()
    let host: TestHost
    var index: UInt64 = 10

    /// The rules of every track, in seconds.
    static let yaml = """
        format: constitution/1
        defaults:
          propose:
            power: 1%
          deposit:
            amount: 100
            refund: unless-vetoed
          open_limit: 16
          delay: 10s
          period: 100s
          late_quorum_extension: 0s
          swing_window: 0s
          objection: 0s
          confirm: 0s
          timelock: 20s
          grace: 60s
          retry: 15s
          power_age: 0s
          cooldown: 0s
          quorum:
            base: supply
            fraction: 10%
            counts: [for, against, abstain]
          threshold:
            fraction: 50%
            base: decided
            comparison: more-than
          change_votes: true
          system: token
        tracks:
          train-model:
            late_quorum_extension: 40s
          release-model:
            swing_window: 30s
            objection: 50s
          retire-model:
            confirm: 30s
          change-policy:
            veto: 1/3
          treasury-spend:
            spending:
              share_of_treasury: 1%
              window: 7d
              beyond: treasury-spend-large
          treasury-spend-large:
            threshold:
              fraction: 60%
              base: decided
              comparison: at-least
          change-members:
            cooldown: 1h
          slash-provider:
            power_age: 50s
          signal:
            change_votes: false
          funding-round:
            system: equal-shares

        """

    /// The rules with other lines for one track.
    static func rules(_ track: String, _ lines: String) -> String {
        let body = lines.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        var kept: [Substring] = []
        var skips = false
        for line in yaml.split(separator: "\n", omittingEmptySubsequences: false) {
            if !line.hasPrefix("    ") { skips = line == "  \(track):" }
            if !skips { kept.append(line) }
        }
        return kept.joined(separator: "\n") + "\n  \(track):\n\(body)\n"
    }

    init(_ balances: [(holder: UInt8, tokens: UInt64)], rules: String = Parliament.yaml) throws {
        host = TestHost(
            try Constitution(parsing: rules, name: "test", bounds: .development))
        let state = StateOverlay(memory)
        let genesis = LogMoment(index: 0, time: .zero)
        var supply: UInt128 = 0
        for (holder, tokens) in balances {
            supply += UInt128(tokens)
            VotingPower.record(
                holder: address(holder), balance: Amount(UInt128(tokens)), at: genesis, in: state)
        }
        VotingPower.recordSupply(Amount(supply), at: genesis, in: state)
        VotingPower.recordHeld(Amount(supply), at: genesis, in: state)
        memory.commit(state.allChanges)
    }

    var engine: GovernanceEngine { GovernanceEngine(host: host) }

    func moment(_ seconds: UInt64) -> LogMoment {
        LogMoment(index: index, time: Timestamp(milliseconds: seconds * 1000))
    }

    /// One log entry: what is due, then `body`; nothing is kept when it refuses.
    @discardableResult
    func entry(
        at seconds: UInt64,
        _ body: (LogMoment, StateOverlay) throws -> [GovernanceEvent] = { _, _ in [] }
    ) throws -> [GovernanceEvent] {
        index += 1
        let state = StateOverlay(memory)
        var events = try engine.advance(to: moment(seconds), in: state)
        memory.commit(state.allChanges)
        let command = StateOverlay(memory)
        events += try body(moment(seconds), command)
        memory.commit(command.allChanges)
        return events
    }

    /// Submits a proposal with one effect and answers with its number.
    @discardableResult
    func submit(_ header: String, by holder: UInt8, at seconds: UInt64) throws -> UInt64 {
        let file = try ProposalFile(
            parsing: "---\nformat: proposal/1\n\(header)\n---\n\nBecause.\n", name: "test")
        var number: UInt64 = 0
        try entry(at: seconds) { moment, state in
            let events = try engine.submit(file, by: address(holder), at: moment, in: state)
            number = events.first?.proposal ?? 0
            return events
        }
        return number
    }

    @discardableResult
    func signal(_ text: String = "Yes", by holder: UInt8 = 1, at seconds: UInt64 = 0) throws
        -> UInt64
    {
        try submit(
            "kind: signal\ntitle: T\neffects:\n  - text: \(text)", by: holder, at: seconds)
    }

    @discardableResult
    func retire(_ kind: String = "retire-model", by holder: UInt8 = 1, at seconds: UInt64 = 0)
        throws
        -> UInt64
    {
        try submit("kind: \(kind)\ntitle: T\neffects:\n  - model: m", by: holder, at: seconds)
    }

    @discardableResult
    func vote(
        _ choice: Choice, by holder: UInt8, on number: UInt64 = 1, at seconds: UInt64
    ) throws -> [GovernanceEvent] {
        try say(choice.word, by: holder, on: number, at: seconds)
    }

    /// A ballot in the words that are signed.
    @discardableResult
    func say(_ words: String, by holder: UInt8, on number: UInt64 = 1, at seconds: UInt64) throws
        -> [GovernanceEvent]
    {
        try entry(at: seconds) { moment, state in
            try engine.vote(
                try ballot(words, on: number, in: state), by: address(holder), at: moment,
                in: state)
        }
    }

    func ballot(_ words: String, on number: UInt64, in state: any StateReader) throws -> Vote {
        let record = GovernanceEngine.proposal(number, in: state)
        return Vote(
            proposal: number, title: record?.title ?? "", statement: try Statement(words: words),
            effects: record?.effectsDigest ?? .zero)
    }

    /// A signal that offers options, one statement each.
    @discardableResult
    func choose(
        _ names: [String], kind: String = "signal", by holder: UInt8 = 1, at seconds: UInt64 = 0
    ) throws -> UInt64 {
        let options = names.map { "  - name: \($0)\n    effects:\n      - text: Do \($0)." }
        return try submit(
            "kind: \(kind)\ntitle: T\noptions:\n" + options.joined(separator: "\n"), by: holder,
            at: seconds)
    }

    func delegate(
        from holder: UInt8, to shares: [(UInt8, UInt16)], scope: DelegationScope = .all,
        expires: UInt64? = nil, at seconds: UInt64
    ) throws {
        try entry(at: seconds) { moment, state in
            [
                try VotingPower.delegate(
                    from: address(holder), scope: scope,
                    Delegation(
                        shares.map { DelegationShare(delegate: address($0.0), parts: $0.1) },
                        expires: expires.map { Timestamp(milliseconds: $0 * 1000) }),
                    at: moment, in: state)
            ]
        }
    }

    func setBalance(of holder: UInt8, to tokens: UInt64, at seconds: UInt64) throws {
        try entry(at: seconds) { moment, state in
            VotingPower.record(
                holder: address(holder), balance: Amount(UInt128(tokens)), at: moment, in: state)
            return []
        }
    }

    func record(_ number: UInt64 = 1) -> ProposalRecord? {
        GovernanceEngine.proposal(number, in: memory)
    }

    func status(_ number: UInt64 = 1) -> ProposalStatus? { record(number)?.status }
}

/// The code a body is refused with, or nil when it is not.
func refusalCode(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let refusal as Refusal {
        return refusal.code
    } catch {
        return "other: \(error)"
    }
}
