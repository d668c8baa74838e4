// Verdicts of challenges become scores; failures cost what the policy says.

import Benchmarking
import Ledger
import Primitives

enum ScoreRules {
    /// The newest verdicts of a kernel that stay on record for people to look at.
    static let historyLimit = 100

    /// Puts a challenge's verdict on record.
    static func record(
        _ record: BenchmarkRecord, member: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        let state = transaction.state
        _ = try ProviderRules.provider(record.provider, in: state)
        let policy = try PolicyBook.benchmarks(state)
        let sample = BenchmarkSample(record: record, member: member, timestamp: transaction.now)
        let key = key(record.provider, record.kernel)
        try keep(sample, key, transaction)
        let version = ChallengeMessage.KernelVersion(name: record.kernel, version: record.version)
        var score = Tables.scores.record(key, in: state) ?? KernelScore(kernel: version)
        if score.kernel != version { score = KernelScore(kernel: version) }
        transaction.emit(
            record.passed ? "benchmark.passed" : "benchmark.failed",
            [
                "provider": record.provider.hex, "kernel": record.kernel, "code": record.code,
                "work": String(record.work), "nanoseconds": String(record.nanoseconds),
                "rate": String(sample.rate), "evidence": record.evidence.hex,
            ])
        if record.passed {
            noteDrift(sample, score, policy, transaction)
            score.accept(sample.rate, at: transaction.now, keeping: policy.samples)
            Tables.scores.set(key, to: score, in: state)
            noteImplausible(record.provider, transaction)
        } else {
            let length = transaction.genesis.timings.scaled(policy.quarantine)
            score.fail(until: transaction.now.advanced(by: length))
            Tables.scores.set(key, to: score, in: state)
            try punish(record, score, policy, transaction)
        }
    }

    /// Where a kernel's score stands, and its samples begin.
    static func key(_ provider: Address, _ kernel: String) -> [UInt8] {
        // A zero byte ends the name, so that no kernel's samples are a prefix of another's.
        provider.bytes + Array(kernel.utf8) + [0]
    }

    private static func keep(
        _ sample: BenchmarkSample, _ key: [UInt8], _ transaction: Transaction
    ) throws(Refusal) {
        let state = transaction.state
        let kept = Tables.samples.records(withPrefix: key, in: state)
        // A member that does not know whether its verdict went on record says it again.
        let session = sample.record.session
        guard session == .zero || !kept.contains(where: { $0.record.record.session == session })
        else { throw Refusal("benchmark.recorded", "the challenge \(session) is on record") }
        for (old, _) in kept.dropLast(historyLimit - 1) { Tables.samples.remove(old, in: state) }
        let number = transaction.nextNumber("samples")
        Tables.samples.set(key + Key.number(number), to: sample, in: state)
    }

    /// A rate far below the score is no failure: neighbours and heat are no lies. It is said.
    private static func noteDrift(
        _ sample: BenchmarkSample, _ score: KernelScore, _ policy: BenchmarkPolicy,
        _ transaction: Transaction
    ) {
        guard score.rate > 0, score.isDrift(sample.rate, policy: policy) else { return }
        transaction.emit(
            "benchmark.drift",
            [
                "provider": sample.record.provider.hex, "kernel": sample.record.kernel,
                "rate": String(sample.rate), "score": String(score.rate),
            ])
    }

    /// All threads together that are faster than the claimed cores times one thread: the claim is
    /// wrong, or one thread was not one. It opens an audit and never moves a score.
    private static func noteImplausible(_ agent: Address, _ transaction: Transaction) {
        let scores = ProvedScores(of: agent, in: transaction.state)
        let (one, all) = (scores.rate("cpu.sgemm.1t"), scores.rate("cpu.sgemm.mt"))
        guard one > 0, all > 0,
            let record = Tables.providers.record(agent.bytes, in: transaction.state),
            // A quarter more than the claim: a thread alone may clock higher, never lower.
            UInt128(all) * 4 > UInt128(one) * UInt128(record.machine.cores) * 5
        else { return }
        transaction.emit(
            "benchmark.implausible",
            [
                "provider": agent.hex, "cores": String(record.machine.cores),
                "one_thread": String(one), "all_threads": String(all),
            ])
    }

    private static func punish(
        _ record: BenchmarkRecord, _ score: KernelScore, _ policy: BenchmarkPolicy,
        _ transaction: Transaction
    ) throws(Refusal) {
        let agent = record.provider
        let stake = transaction.ledger.balance(of: .stake(agent, transaction.currency))
        let fine = policy.slash(failure: record.code, stake: stake)
        if !fine.isZero {
            try ProviderRules.slash(
                agent, amount: fine, reason: "\(record.kernel): \(record.code)", transaction)
        }
        let isOver = score.failuresInARow >= policy.failureLimit
        let reason =
            isOver
            ? "failed the challenge \(record.kernel) \(score.failuresInARow) times in a row:"
                + " register it anew"
            : "failed the challenge \(record.kernel)"
        try ProviderRules.quarantine(agent, reason: reason, forEver: isOver, transaction)
        if isOver {
            transaction.emit(
                "provider.expelled", ["provider": agent.hex, "kernel": record.kernel])
        }
    }
}
