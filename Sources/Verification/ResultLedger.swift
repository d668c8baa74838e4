// The rules of verification over the replicated state.

public import Primitives

/// Takes answers and settles tasks.
public struct ResultLedger: Sendable {
    static let reputations = Table<Reputation>(prefix: 0x50)
    /// The most answers kept of one task, late ones included.
    static let resultBound = 32
    static let tasks = Table<TaskVerification>(prefix: 0x51)

    /// The policy in force.
    public let policy: VerificationPolicy
    let provisional: ProvisionalLedger

    /// Rules under a policy.
    public init(policy: VerificationPolicy) {
        self.policy = policy
        provisional = ProvisionalLedger(policy: policy)
    }

    static func key(_ task: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.sortable(task)
        return encoder.bytes
    }

    /// A provider's record.
    public func reputation(of provider: Address, in state: any StateReader) -> Reputation {
        Self.reputations.record(provider.bytes, in: state) ?? Reputation()
    }

    /// Where a task stands; nil when it was never opened.
    public func task(_ task: UInt64, in state: any StateReader) -> TaskVerification? {
        Self.tasks.record(Self.key(task), in: state)
    }

    /// How many owners should compute a task that this provider is about to be given.
    ///
    /// More than one only for a provider that is not trusted: whom the draw takes must not be known
    /// before it has answered.
    public func expectedReplicas(provider: Address, in state: any StateReader) -> UInt64 {
        reputation(of: provider, in: state).isTrusted(under: policy) ? 1 : policy.quorum
    }

    /// Lets a task be answered; throws `verification.known-task`.
    public func open(task: UInt64, in state: StateOverlay) throws(Refusal) {
        guard self.task(task, in: state) == nil else {
            throw Refusal("verification.known-task", "task \(task) is already open")
        }
        Self.tasks.set(Self.key(task), to: TaskVerification(), in: state)
    }

    /// Takes an answer.
    ///
    /// Throws `verification.unknown-task`, `verification.same-owner`, `verification.class` and
    /// `verification.enough-results`; the state is then as it was.
    ///
    /// - Parameter beacon: see `AuditLottery.draws`.
    public func submit(
        _ result: TaskResult, beacon: Digest, at time: Timestamp, in state: StateOverlay
    ) throws(Refusal) -> ResultOutcome {
        guard var task = task(result.task, in: state) else {
            throw Refusal("verification.unknown-task", "task \(result.task) is not open")
        }
        guard !task.owners.contains(result.owner) else {
            throw Refusal(
                "verification.same-owner",
                "\(result.owner) has answered task \(result.task): one answer an owner counts")
        }
        guard task.results.count < Self.resultBound else {
            throw Refusal(
                "verification.enough-results", "task \(result.task) has all the answers it can take"
            )
        }
        guard (task.hardwareClass ?? result.hardwareClass) == result.hardwareClass else {
            throw Refusal(
                "verification.class",
                "task \(result.task) is compared among `\(task.hardwareClass ?? "")` only")
        }
        if task.state == .accepted { return judgeLate(result, in: &task, state) }
        task.results.append(result)
        if task.results.count == 1 { require(&task, beacon: beacon, in: state) }
        return settle(&task, number: result.task, at: time, in: state)
    }

    /// Decides, at a task's first answer, how many equal ones it takes.
    private func require(_ task: inout TaskVerification, beacon: Digest, in state: StateOverlay) {
        guard let first = task.results.first else { return }
        let record = reputation(of: first.provider, in: state)
        let drawn = AuditLottery.draws(
            beacon: beacon, task: first.task, provider: first.provider,
            share: record.auditShare(under: policy))
        if !record.isTrusted(under: policy) {
            task.reason = .untrusted
        } else {
            task.reason = drawn ? .audit : .trusted
        }
        task.needed = task.reason == .trusted ? 1 : policy.quorum
    }

    /// Settles a task if its answers allow it, and stores it.
    func settle(
        _ task: inout TaskVerification, number: UInt64, at time: Timestamp, in state: StateOverlay
    ) -> ResultOutcome {
        defer { Self.tasks.set(Self.key(number), to: task, in: state) }
        if task.state == .provisional, task.results.count > 1 {
            // A second answer to a task taken unchecked is a check nobody asked for, and welcome.
            task.state = .open
            task.needed = policy.quorum
        }
        guard let agreement = task.agreement else {
            return .waiting(replicasMissing: task.needed, reason: task.reason)
        }
        if agreement.count >= task.needed {
            return .accepted(accept(agreement.digest, &task, number: number, at: time, in: state))
        }
        if task.results.contains(where: { $0.output != agreement.digest }) {
            task.reason = .mismatch
        }
        if UInt64(task.results.count) >= policy.resultLimit {
            task.state = .disputed
            return .disputed
        }
        return .waiting(replicasMissing: task.replicasMissing, reason: task.reason)
    }

    private func judgeLate(
        _ result: TaskResult, in task: inout TaskVerification, _ state: StateOverlay
    ) -> ResultOutcome {
        let agrees = result.output == task.accepted
        task.results.append(result)
        Self.tasks.set(Self.key(result.task), to: task, in: state)
        change(result.provider, in: state) { agrees ? $0.recordValid() : $0.recordInvalid() }
        return .late(agrees: agrees)
    }

    func change(
        _ provider: Address, in state: StateOverlay, _ body: (inout Reputation) -> Void
    ) {
        var record = reputation(of: provider, in: state)
        body(&record)
        Self.reputations.set(provider.bytes, to: record, in: state)
    }
}
