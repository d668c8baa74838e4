// Tallies at the size of a large community: a million holders, a hundred thousand votes, and equal
// shares of a city's election in exact fractions.
//
// Votes go through the real governance engine over the state's SQLite database, an entry of 1,000
// commands at a time, as a member applies them.

import ControlPlane
import Cryptography
import Glibc
import Governance
import Primitives

/// `benchmarks tally [HOLDERS] [VOTES]`.
struct TallyBenchmark {
    let holders: Int
    let votes: Int

    private static let entryLength = 1000

    func run() throws(Refusal) {
        let database = try StateDatabase(path: ":memory:")
        try load(into: database)
        try measureLookups(database)
        try measureVotes(database)
        try EqualSharesBenchmark().run()
    }

    // MARK: A million holders

    /// The account of a holder: spread over the whole range, as hashes of keys are.
    private func account(_ number: Int) -> Address {
        Address(SHA256.hash(Array("holder \(number)".utf8)).bytes.prefix(Address.count)) ?? .zero
    }

    /// From 1 to 1,000 votes; the first, who proposes, has more.
    private func balance(_ number: Int) -> Amount {
        Amount(UInt128(number == 0 ? 5 * holders : 1 + number % 1000))
    }

    private func load(into database: StateDatabase) throws(Refusal) {
        let start = processorSeconds()
        var supply = Amount.zero
        var index: UInt64 = 0
        for first in stride(from: 0, to: holders, by: 20_000) {
            index += 1
            let state = StateOverlay(database)
            let moment = LogMoment(index: index, time: .zero)
            for number in first..<min(first + 20_000, holders) {
                VotingPower.record(
                    holder: account(number), balance: balance(number), at: moment, in: state)
                supply = try supply.adding(balance(number))
            }
            VotingPower.recordSupply(supply, at: moment, in: state)
            try database.commit(state.allChanges, appliedIndex: index)
        }
        print(
            "\(holders) holders with \(supply) votes loaded in"
                + " \(column(processorSeconds() - start, digits: 1, width: 0)) s")
    }

    private func measureLookups(_ database: StateDatabase) throws(Refusal) {
        let count = 100_000
        let snapshot = PowerSnapshot(index: database.appliedIndex, time: .zero)
        var random = SplitMix64(seed: 7)
        var sum: UInt128 = 0
        let accounts = (0..<count).map { _ in account(Int(random.next() % UInt64(holders))) }
        let start = processorSeconds()
        for account in accounts {
            sum &+= VotingPower.agedBalance(of: account, at: snapshot, in: database).units
        }
        let each = (processorSeconds() - start) / Double(count) * 1e6
        print(
            "power at a snapshot: \(column(each, digits: 1, width: 0)) us a look-up among"
                + " \(holders) holders (\(sum / UInt128(count)) on average)")
    }

    // MARK: A hundred thousand votes

    private func measureVotes(_ database: StateDatabase) throws(Refusal) {
        guard let text = readFile("\(packageRoot)/Policies/constitution.yaml") else {
            throw Refusal("benchmark.constitution", "Policies/constitution.yaml is not readable")
        }
        let host = TallyHost(
            try Constitution(
                parsing: String(decoding: text, as: UTF8.self), name: "constitution",
                bounds: .production))
        let engine = GovernanceEngine(host: host)
        let file = try ProposalFile(parsing: TallyHost.proposal, name: "benchmark")
        var index = database.appliedIndex
        func entry(
            onDay day: UInt64, _ body: (LogMoment, StateOverlay) throws(Refusal) -> Void
        ) throws(Refusal) {
            index += 1
            let state = StateOverlay(database)
            let moment = LogMoment(index: index, time: Timestamp(milliseconds: day * 86_400_000))
            _ = try engine.advance(to: moment, in: state)
            try body(moment, state)
            try database.commit(state.allChanges, appliedIndex: index)
        }
        try entry(onDay: 30) { (moment, state) throws(Refusal) in
            _ = try engine.submit(file, by: account(0), at: moment, in: state)
        }
        try entry(onDay: 33) { _, _ in }
        guard let record = GovernanceEngine.proposal(1, in: database) else {
            throw Refusal("benchmark.proposal", "the proposal is not there")
        }
        let start = processorSeconds()
        for first in stride(from: 0, to: votes, by: Self.entryLength) {
            try entry(onDay: 34) { (moment, state) throws(Refusal) in
                for number in first..<min(first + Self.entryLength, votes) {
                    let choice: Choice = number % 3 == 0 ? .against : .for
                    _ = try engine.vote(
                        Vote(
                            proposal: 1, title: record.title, choice: choice,
                            effects: record.effectsDigest), by: account(number), at: moment,
                        in: state)
                }
            }
        }
        let each = (processorSeconds() - start) / Double(votes) * 1e6
        print("\(votes) votes: \(column(each, digits: 1, width: 0)) us each, tally kept with each")
        try measureResult(database)
        let closing = processorSeconds()
        try entry(onDay: 90) { _, _ in }
        let seconds = processorSeconds() - closing
        let status = GovernanceEngine.proposal(1, in: database)?.status.word ?? "?"
        print(
            "closing the vote: \(column(seconds * 1000, digits: 2, width: 0)) ms, \(status)"
                + " (must: 500 ms)")
    }

    /// The result by the tally that was kept, and by counting all ballots again.
    private func measureResult(_ database: StateDatabase) throws(Refusal) {
        let start = processorSeconds()
        guard let record = GovernanceEngine.proposal(1, in: database) else { return }
        let verdict = try record.verdict()
        let kept = processorSeconds() - start
        var tally = Tally()
        let counting = processorSeconds()
        for (_, ballot) in GovernanceEngine.ballots(on: 1, in: database) {
            try tally.add(try ballot.weight(), to: ballot.choice)
        }
        let counted = processorSeconds() - counting
        guard tally == record.tally else {
            throw Refusal("benchmark.tally", "the kept tally is not what the ballots add up to")
        }
        print(
            "result: \(column(kept * 1000, digits: 2, width: 0)) ms kept,"
                + " \(column(counted * 1000, digits: 0, width: 0)) ms counted again,"
                + " the same: \(tally.for) for, \(tally.against) against,"
                + " \(verdict.passes ? "passes" : "fails") (must: 500 ms)")
    }
}

/// A house without a ledger: only votes are measured.
private final class TallyHost: GovernanceHost {
    private let rules: Constitution

    init(_ rules: Constitution) { self.rules = rules }

    func constitution(in state: any StateReader) throws(Refusal) -> Constitution { rules }
    func check(_ effect: Effect, in state: any StateReader) throws(Refusal) {}
    func execute(
        _ effects: [Effect], of proposal: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {}
    func holdDeposit(
        _ amount: Amount, from account: Address, proposal: UInt64, in state: StateOverlay
    ) throws(Refusal) {}
    func settleDeposit(
        _ amount: Amount, of account: Address, proposal: UInt64, fate: DepositFate,
        in state: StateOverlay
    ) {}
    func treasuryBalance(of asset: String, in state: any StateReader) -> Amount { .zero }
    func memberNames(in state: any StateReader) -> [String] { [] }

    static let proposal = """
        ---
        format: proposal/1
        kind: signal
        title: Measure
        effects:
          - text: A statement.
        ---

        Why.

        """
}
