// What follows from an accepted answer: reputations, held-back earnings, tasks opened again.

public import Primitives

extension ResultLedger {
    /// Accepts a digest: every answer to the task is judged by it.
    func accept(
        _ digest: Digest, _ task: inout TaskVerification, number: UInt64, at time: Timestamp,
        in state: StateOverlay
    ) -> Acceptance {
        var acceptance = Acceptance(task: number, digest: digest)
        acceptance.honest = task.results.filter { $0.output == digest }
        acceptance.dishonest = task.results.filter { $0.output != digest }
        task.accepted = digest
        guard task.results.count > 1 || task.state == .disputed else {
            holdBack(&acceptance, &task, at: time, in: state)
            return acceptance
        }
        task.state = .accepted
        for result in acceptance.honest {
            // The check that a provider passes frees what it earned unchecked before.
            change(result.provider, in: state) { $0.recordValid() }
            acceptance.released += provisional.takeAll(of: result.provider, in: state)
        }
        for result in acceptance.dishonest {
            change(result.provider, in: state) { $0.recordInvalid() }
            let held = provisional.takeAll(of: result.provider, in: state)
                .filter { $0.task != number }
            acceptance.reopened += held.suffix(Int(policy.recheckLimit))
            acceptance.forfeited += held.dropLast(Int(policy.recheckLimit))
        }
        for result in acceptance.released + acceptance.forfeited {
            finalise(result.task, in: state)
        }
        for result in acceptance.reopened { reopen(result.task, in: state) }
        return acceptance
    }

    /// Makes an unchecked answer stand for good.
    private func finalise(_ number: UInt64, in state: StateOverlay) {
        guard var task = task(number, in: state), task.state == .provisional else { return }
        task.state = .accepted
        Self.tasks.set(Self.key(number), to: task, in: state)
    }

    private func holdBack(
        _ acceptance: inout Acceptance, _ task: inout TaskVerification, at time: Timestamp,
        in state: StateOverlay
    ) {
        task.state = .provisional
        acceptance.provisional = true
        for result in acceptance.honest {
            change(result.provider, in: state) { $0.recordUnchecked() }
            provisional.add(
                ProvisionalResult(
                    task: result.task, provider: result.provider, earnings: result.earnings,
                    since: time), in: state)
        }
    }

    /// Asks for a task taken unchecked to be computed by another owner.
    private func reopen(_ number: UInt64, in state: StateOverlay) {
        guard var task = task(number, in: state), task.state == .provisional else { return }
        task.state = .open
        task.reason = .recheck
        task.needed = policy.quorum
        task.accepted = nil
        Self.tasks.set(Self.key(number), to: task, in: state)
    }

    /// Says that no further owner can compute an open task.
    ///
    /// With answers that all agree it is accepted on them, provisionally when there is one;
    /// otherwise it is disputed. Throws `verification.unknown-task`, `verification.not-open`.
    public func noExecutorLeft(task number: UInt64, at time: Timestamp, in state: StateOverlay)
        throws(Refusal) -> ResultOutcome
    {
        guard var task = task(number, in: state) else {
            throw Refusal("verification.unknown-task", "task \(number) is not open")
        }
        guard task.state == .open, let first = task.results.first else {
            throw Refusal("verification.not-open", "task \(number) has no answer to decide on")
        }
        if task.results.allSatisfy({ $0.output == first.output }), task.reason != .recheck {
            task.needed = UInt64(task.results.count)
            return settle(&task, number: number, at: time, in: state)
        }
        task.state = .disputed
        Self.tasks.set(Self.key(number), to: task, in: state)
        return .disputed
    }

    /// Settles a dispute with the digest that a referee found; throws `verification.not-disputed`.
    public func resolve(
        task number: UInt64, digest: Digest, at time: Timestamp, in state: StateOverlay
    ) throws(Refusal) -> Acceptance {
        guard var task = task(number, in: state), task.state == .disputed else {
            throw Refusal("verification.not-disputed", "task \(number) is not disputed")
        }
        let acceptance = accept(digest, &task, number: number, at: time, in: state)
        Self.tasks.set(Self.key(number), to: task, in: state)
        return acceptance
    }

    /// Records a lease that ended without an answer.
    public func timedOut(provider: Address, in state: StateOverlay) {
        change(provider, in: state) { $0.recordTimeout() }
    }

    /// Frees earnings that were held back for the whole window, at most `limit` of them.
    public func expireProvisional(at now: Timestamp, limit: Int, in state: StateOverlay)
        -> [ProvisionalResult]
    {
        let due = provisional.expire(at: now, limit: limit, in: state)
        for result in due { finalise(result.task, in: state) }
        return due
    }

    /// Forgets a task that nobody will ask about again.
    public func forget(task: UInt64, in state: StateOverlay) {
        Self.tasks.remove(Self.key(task), in: state)
    }
}
