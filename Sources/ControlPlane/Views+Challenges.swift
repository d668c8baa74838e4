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

    /// What to ask of a machine next; throws `benchmark.unknown-kernel`, `provider.unknown` or
    /// `provider.expelled`.
    public func challenge(of agent: Address, kernel: String) throws(Refusal)
        -> ChallengeSpecification
    {
        let record = try ProviderRules.provider(agent, in: state)
        guard !ProviderRules.isExpelled(record, at: now) else {
            throw Refusal("provider.expelled", "\(agent) \(record.quarantineReason)")
        }
        return try challengePolicy().specification(
            of: kernel, lastRate: ProvedScores(of: agent, in: state).rate(kernel),
            claimedMemory: record.machine.memoryBytes)
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
