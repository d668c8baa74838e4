// What a member needs to know to challenge machines.

public import Benchmarking
public import Primitives

/// A machine that may be challenged.
public struct ChallengeableMachine: Sendable, Equatable {
    /// Its agent.
    public let agent: Address
    /// Who answers for it.
    public let owner: Address
    /// Whether it runs a task.
    public let isBusy: Bool
    /// Whether its real jobs run slower than its score.
    public let isSlow: Bool

    /// Describes a machine.
    public init(agent: Address, owner: Address, isBusy: Bool, isSlow: Bool) {
        self.agent = agent
        self.owner = owner
        self.isBusy = isBusy
        self.isSlow = isSlow
    }
}

extension Views {
    /// The benchmark policy as machines of this deployment are challenged by it.
    public func challengePolicy() throws(Refusal) -> BenchmarkPolicy {
        try PolicyBook.challenges(state, genesis: genesis)
    }

    /// What to ask of a machine next.
    ///
    /// A machine that comes by itself chooses its moment: it is challenged until it has the samples
    /// that make a score, and from then on only when it is called, so that no sample taken at a
    /// good moment pushes out one that was taken by surprise.
    ///
    /// - Parameter isCalled: whether the machine was called.
    /// - Throws: `benchmark.unknown-kernel`, `provider.unknown`, `provider.expelled`,
    ///   `challenge.proved`.
    public func challenge(
        of agent: Address, kernel: String, isCalled: Bool = false
    ) throws(Refusal) -> ChallengeSpecification {
        let record = try ProviderRules.provider(agent, in: state)
        guard !ProviderRules.isExpelled(record, at: now) else {
            throw Refusal("provider.expelled", "\(agent) \(record.quarantineReason)")
        }
        let policy = try challengePolicy()
        let scores = ProvedScores(of: agent, in: state)
        if !isCalled, let score = scores[kernel], score.rates.count >= policy.samples,
            score.kernel.version == KernelRegistry.kernel(named: kernel)?.version,
            score.isUsable(at: now, policy: policy)
        {
            throw Refusal(
                "challenge.proved",
                "this machine has the \(policy.samples) samples of \(kernel) that make a score:"
                    + " more are taken when it is called")
        }
        return try policy.specification(
            of: kernel, lastRate: scores.rate(kernel), claimedMemory: record.machine.memoryBytes)
    }

    /// Whether a machine has a score of a kernel, and not failed since.
    public func hasProved(_ kernel: String, _ agent: Address) -> Bool {
        ProvedScores(of: agent, in: state).rate(kernel) > 0
    }

    /// Who answers for a machine; throws `provider.unknown`.
    public func owner(of agent: Address) throws(Refusal) -> Address {
        try ProviderRules.provider(agent, in: state).owner
    }

    /// The kernels for devices beside the processor that a machine has proved and not failed
    /// since, in the policy's order.
    public func provedDevices(of agent: Address, _ policy: BenchmarkPolicy) -> [String] {
        let scores = ProvedScores(of: agent, in: state)
        return policy.acceleratorKernels.filter { scores.rate($0) > 0 }
    }

    /// The machines among `present` that may be challenged, by agent.
    public func challengeable(present: Set<Address>) -> [ChallengeableMachine] {
        let busy = Set(activeLeases().map(\.provider))
        return Tables.providers.records(in: state).compactMap { key, record in
            guard let agent = Address(key), present.contains(agent),
                !ProviderRules.isExpelled(record, at: now)
            else { return nil }
            return ChallengeableMachine(
                agent: agent, owner: record.owner, isBusy: busy.contains(agent),
                isSlow: PaceRules.pace(of: agent, in: state).isSlow)
        }
    }
}
