// When machines are challenged again: at times of a Poisson process a group of machines that may be
// one, drawn here from the system's entropy, so that neither the log nor a provider can foresee
// them. A group that is due gets no new work until all machines that are there are idle; then all
// are called at once.

import Benchmarking
import ControlPlane
import Logging
import Platform
import Primitives

/// Draws the times; lives with the leader.
actor ChallengePlanner {
    private let member: ClusterMember
    private let desk: ProviderDesk
    private let challenges: ChallengeDesk
    /// Instead of the policy's mean interval, in milliseconds; for tests and drills.
    private let interval: UInt64?
    /// When each group is due, by its first machine, in nanoseconds of the monotonic clock.
    private var due: [Address: UInt64] = [:]
    private var nextTurn: UInt64 = 0
    /// Machines whose group is due: they finish what they run and get nothing new.
    private(set) var reserved: Set<Address> = []

    /// How often the planner looks, in nanoseconds.
    private static let pace: UInt64 = 500_000_000
    /// How long a group that is due waits for its busy machines, in nanoseconds.
    private static let patience: UInt64 = 600_000_000_000

    init(
        member: ClusterMember, desk: ProviderDesk, challenges: ChallengeDesk, interval: UInt64?
    ) {
        self.member = member
        self.desk = desk
        self.challenges = challenges
        self.interval = interval
    }

    /// Looks, at most twice a second, who is due and whose time is over.
    func turn() async throws(Refusal) {
        let now = SystemClock.monotonicNanoseconds()
        guard now >= nextTurn else { return }
        nextTurn = now + ChallengePlanner.pace
        let present = await desk.present(within: 6_000_000_000)
        try await challenges.sweepCalls(present: present)
        let (machines, policy) = try await member.read { (views) throws(Refusal) in
            (views.challengeable(present: present), try views.challengePolicy())
        }
        let groups = ChallengeGroups.make(machines, networks: await desk.networks)
        let firsts = Set(groups.compactMap(\.first?.agent))
        due = due.filter { firsts.contains($0.key) }
        reserved = []
        let (called, owing) = (await challenges.called, await challenges.owing)
        for group in groups {
            // Who is called already is not called away, and whoever would be called meanwhile would
            // have the device to itself afterwards.
            guard group.allSatisfy({ !called.contains($0.agent) }) else { continue }
            try await consider(
                group, policy, now: now, owes: group.contains { owing.contains($0.agent) })
        }
    }

    /// - Parameter owes: whether one of them missed a call: then all are due.
    private func consider(
        _ machines: [ChallengeableMachine], _ policy: BenchmarkPolicy, now: UInt64, owes: Bool
    ) async throws(Refusal) {
        guard let first = machines.first?.agent else { return }
        guard let drawn = due[first] else {
            due[first] = now &+ (try wait(policy, hurry: machines.contains(where: \.isSlow)))
            return
        }
        let time = owes ? min(drawn, now) : drawn
        due[first] = time
        guard now >= time else { return }
        // A long job holds nobody up for ever: those who share its device are measured beside it.
        let waited = now >= time &+ ChallengePlanner.patience
        guard waited || machines.allSatisfy({ !$0.isBusy }) else {
            reserved.formUnion(machines.map(\.agent))
            return
        }
        let idle = try await member.read { views in
            machines.filter { !$0.isBusy }.map {
                ChallengeDraw.Machine(
                    agent: $0.agent, devices: views.provedDevices(of: $0.agent, policy))
            }
        }
        guard let draw = ChallengeDraw(try SystemEntropy.seed(), policy, idle) else { return }
        await challenges.call(
            draw.agents, kernel: draw.kernel, within: policy.readyWithin * 1_000_000)
        for agent in draw.agents { await desk.wake(agent) }
        due[first] = now &+ (try wait(policy, hurry: false))
    }

    /// Nanoseconds until a group is due; a machine whose jobs run slow is looked at sooner.
    private func wait(_ policy: BenchmarkPolicy, hurry: Bool) throws(Refusal) -> UInt64 {
        let lot = try SystemEntropy.seed()
        let wait =
            interval.map { policy.nextInterval(lot: lot, mean: $0) }
            ?? policy.nextInterval(lot: lot)
        return (hurry ? wait / 8 : wait) * 1_000_000
    }
}
