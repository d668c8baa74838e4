// What only a leader does, between commands: let due things happen, give open tasks to idle
// providers, take leases back from those that vanished.

import ControlPlane
import Logging
import Platform
import Primitives

/// The leader's standing work.
struct LeaderDuties: Sendable {
    let member: ClusterMember
    let desk: ProviderDesk
    let challenges: ChallengeDesk
    let planner: ChallengePlanner
    let settings: MemberSettings
    let logger: Logger

    /// Works until cancelled; idles while another member leads.
    func run() async {
        while !Task.isCancelled {
            // Also the pace at which an act that keeps failing is tried again.
            try? await Task.sleep(for: .milliseconds(50))
            // Also on a member that no longer leads: its customers still wait.
            await desk.dropStalled(silentFor: settings.providerSilenceMilliseconds * 1_000_000)
            await sweepChallenges()
            guard await member.isLeader else { continue }
            do throws(Refusal) {
                try await openEpoch()
                try await letTimePass()
                try await releaseLost()
                try await planner.turn()
                try await place()
            } catch {
                logger.debug("duty put off", metadata: ["code": "\(error.code)"])
            }
        }
    }

    /// Challenges run on every member.
    private func sweepChallenges() async {
        do throws(Refusal) {
            try await challenges.sweep()
        } catch {
            logger.warning("verdict not recorded", metadata: ["code": "\(error.code)"])
        }
    }

    /// After a restore or a recovery: says so on the log before anything else.
    private func openEpoch() async throws(Refusal) {
        guard settings.epoch > EpochFile.first,
            try await member.read({ (views) throws(Refusal) in views.epoch }) < settings.epoch
        else { return }
        let opening = try EpochFile.read(settings.dataFolder)
        _ = try await member.submit(.openEpoch(epoch: opening.epoch, reason: opening.reason))
    }

    private func letTimePass() async throws(Refusal) {
        guard let due = await member.nextDue, due <= SystemClock.now() else { return }
        _ = try await member.submit(.tick)
    }

    private func releaseLost() async throws(Refusal) {
        let leases = try await member.read { (views) throws(Refusal) in views.activeLeases() }
        var lost: [UInt64] = []
        for lease in leases {
            await desk.expectSign(of: lease.provider)
            let silence = await desk.silence(of: lease.provider) ?? 0
            if silence > settings.providerSilenceMilliseconds * 1_000_000 { lost.append(lease.id) }
        }
        guard !lost.isEmpty else { return }
        logger.info("providers vanished", metadata: ["leases": "\(lost)"])
        _ = try await member.submit(.releaseLeases(leases: lost, reason: "the provider vanished"))
    }

    private func place() async throws(Refusal) {
        // A machine that is called to a challenge, missed one, or waits for it to be quiet, gets no
        // work.
        let present = await desk.present(
            within: settings.providerPresenceMilliseconds * 1_000_000
        ).subtracting(challenges.called).subtracting(challenges.owing).subtracting(planner.reserved)
        guard !present.isEmpty else { return }
        let placements = try await member.read { (views) throws(Refusal) in
            try views.plan(present: present, at: SystemClock.now())
        }
        guard !placements.isEmpty else { return }
        _ = try await member.submit(.place(placements))
    }
}
