// What a leader does beside commands for the cluster itself: carry out what was decided about
// seats, and open new kinds of entries once everybody can read them.

import ControlPlane
import Logging
import Primitives

/// The leader's standing work on the membership.
struct MembershipKeeper: Sendable {
    let member: ClusterMember
    let caller: PeerCaller
    let settings: MemberSettings
    let logger: Logger

    private static let ticksBetweenLooks = 2
    private static let looksBetweenLevels = 5

    /// Works until cancelled; idles while another member leads.
    func run() async {
        var looks = 0
        while !Task.isCancelled {
            let pause = MembershipKeeper.ticksBetweenLooks * settings.tickMilliseconds
            try? await Task.sleep(for: .milliseconds(pause))
            let step = await member.tendMembership()
            guard await member.isLeader else { continue }
            do throws(Refusal) {
                if case .settle(let proposal) = step {
                    _ = try await member.submit(.settleSeats(proposal: proposal))
                }
                if looks % MembershipKeeper.looksBetweenLevels == 0 {
                    try await MembershipKeeper.raiseLevel(member, caller)
                }
                looks += 1
            } catch {
                logger.debug("membership put off", metadata: ["code": "\(error.code)"])
            }
        }
    }

    /// Opens the kinds of entries that every member knows. One that does not answer may be of an
    /// older version, so all of them are waited for.
    ///
    /// - Parameter speaker: the seat that asks for such a kind itself, and so knows it.
    static func raiseLevel(
        _ member: ClusterMember, _ caller: PeerCaller, speaker: UInt64? = nil
    ) async throws(Refusal) {
        let current = try await member.read { (views) throws(Refusal) in views.featureLevel }
        var known = member.settings.featureLevel
        guard known > current else { return }
        let seats = await member.seatsInConsensus
        for seat in caller.others where seats.contains(seat) && seat != speaker {
            let bytes = try await caller.get(seat, "/peer/level")
            guard let level = UInt64(String(decoding: bytes.prefix(20), as: UTF8.self)) else {
                throw Refusal("peer.malformed", "member \(seat) names no feature level")
            }
            known = min(known, level)
        }
        guard known > current else { return }
        _ = try await member.submit(.raiseLevel(known))
        member.logger.notice("feature level raised", metadata: ["level": "\(known)"])
    }
}
