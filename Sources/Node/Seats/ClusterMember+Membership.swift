// The membership as this member sees it: who is admitted and called follows the state, and a leader
// brings consensus to where the state says it shall be.

import ControlPlane
import Logging
import Primitives
import Raft
import Telemetry
import Transport

/// How a leader knows that a learner knows the log.
struct LearnerWatch {
    /// How often in a row a learner was seen to keep up.
    private var looks: [UInt64: Int] = [:]

    /// How many entries a learner may be behind.
    private static let slack: UInt64 = 256
    /// How often in a row it must be seen so: with the usual ticks two seconds.
    private static let looksNeeded = 10

    /// Takes another look; gives those that may vote.
    mutating func look(at status: Status) -> Set<UInt64> {
        var seen: [UInt64: Int] = [:]
        for id in status.configuration.state.learners {
            guard let progress = status.progress[id], progress.isRecentlyActive,
                progress.state == .replicate,
                progress.match + LearnerWatch.slack >= status.hardState.commit
            else { continue }
            seen[id] = (looks[id] ?? 0) + 1
        }
        looks = seen
        return Set(seen.filter { $0.value >= LearnerWatch.looksNeeded }.keys)
    }

    /// Forgets what it saw: another leads.
    mutating func reset() { looks = [:] }
}

extension ClusterMember {
    /// The member's own life.
    nonisolated var ownLife: MemberLife { MemberLife(id: settings.consensusID) }

    /// The names in consensus that a seat has at present.
    func lives(of seat: UInt64) -> [UInt64] {
        let state = engine.configuration.state
        return Set(state.voters + state.votersOutgoing + state.learners).filter {
            MemberLife.seat(of: $0) == seat
        }.sorted()
    }

    /// The seats that consensus counts or tells.
    var seatsInConsensus: Set<UInt64> {
        let state = engine.configuration.state
        return Set(
            (state.voters + state.votersOutgoing + state.learners).map(MemberLife.seat(of:)))
    }

    /// Looks whether the membership is what the state says, and on a leader takes the next step.
    func tendMembership() -> MembershipPlan.Step {
        guard engine.isLeader else {
            learnerWatch.reset()
            return .none
        }
        let status = engine.core.status
        let views = Views(state: engine.machine.state, genesis: settings.genesis)
        let plan = MembershipPlan(
            roll: views.seatRoll(), decision: views.openSeatDecisions().first?.proposal,
            configuration: status.configuration.state, caughtUp: learnerWatch.look(at: status),
            unsaid: views.unsaidDepartures())
        // A change that is under way shows in the membership once it is applied.
        membershipPause = max(0, membershipPause - 1)
        guard membershipPause == 0 else { return .none }
        let step = plan.step
        guard case .change(let change) = step else { return step }
        membershipPause = ClusterMember.looksBetweenChanges
        let words = change.changes.map { "\($0.kind) \(MemberLife.words($0.member))" }
        logger.notice("changing the membership", metadata: ["steps": "\(words)"])
        inbox.put(.changeMembership(change))
        return step
    }

    private static let looksBetweenChanges = 20

    /// Notes a membership that consensus has come to.
    func noteMembership() {
        let configuration = engine.configuration
        guard configuration != membership else { return }
        if membership != nil {
            // One from before the change is of no use to who came by the change.
            log.newestSnapshot = nil
            membershipPause = 0
            let state = configuration.state
            logger.notice(
                "membership",
                metadata: [
                    "voters": "\(state.voters.map(MemberLife.words))",
                    "outgoing": "\(state.votersOutgoing.map(MemberLife.words))",
                    "learners": "\(state.learners.map(MemberLife.words))",
                ])
        }
        membership = configuration
    }

    /// Events after which other keys, addresses or lives count.
    private static let seatEvents: Set<String> = [
        "members.decided", "members.changed", "members.withdrawn", "seat.offered", "seat.taken",
    ]

    /// Looks whether an entry changed who is a member, or what the log may hold.
    func noteSeats(_ entry: AppliedEntry) {
        guard entry.events.contains(where: { ClusterMember.seatEvents.contains($0.kind) }) else {
            return
        }
        followSeats()
    }

    /// Admits and calls whom the state names from now on.
    func followSeats() {
        hear(seatsAsApplied())
    }

    /// Likewise, where others say it who know more of the log.
    func hear(_ file: SeatsFile) {
        guard book.update(file.roll, asOf: file.index) else { return }
        do throws(Refusal) {
            try book.file.write(settings.dataFolder)
            try settings.memory?.keep(book.file)
        } catch {
            // Only the state counts; the file is for who has none.
            logger.warning("the seats were not written", metadata: ["why": "\(error.message)"])
        }
        peers?.follow(book)
        if let reason = book.expulsion(ownLife, key: settings.ownKey) { expel(reason) }
    }

    /// Another member says that this one has no business here any more. One could say so falsely;
    /// a majority of them is the cluster.
    nonisolated func noteShunned(by seat: UInt64, _ refusal: Refusal) {
        guard ClusterMember.shunningCodes.contains(refusal.code) else { return }
        Task { await shunned(by: seat, refusal) }
    }

    private static let shunningCodes: Set<String> = [
        "peer.removed", "peer.replaced", "peer.old-incarnation", PastEpoch.code,
    ]

    private func shunned(by seat: UInt64, _ refusal: Refusal) {
        let isNews = shunners.insert(seat).inserted
        if isNews, refusal.code == PastEpoch.code {
            throttle.warn(
                refusal.code, "another member says that this one's epoch is over",
                metadata: [
                    "from": "\(seat)", "why": "\(refusal.message)",
                    "what_to_do": "\(PastEpoch.remedy)",
                ])
        }
        let others = Set(book.seats.map(\.id)).subtracting([settings.seat.id])
        guard shunners.intersection(others).count > others.count / 2 else { return }
        let remedy = refusal.code == PastEpoch.code ? "; \(PastEpoch.remedy)" : ""
        expel(Refusal(refusal.code, "the other members say: \(refusal.message)\(remedy)"))
    }

    /// A member that has answered the greeting does not say that this one has no business here.
    nonisolated func noteWelcomed(by seat: UInt64) {
        Task { await welcomed(by: seat) }
    }

    private func welcomed(by seat: UInt64) { shunners.remove(seat) }

    /// Ends this member in order, once.
    private func expel(_ reason: Refusal) {
        guard expulsion == nil else { return }
        expulsion = reason
        do throws(Refusal) {
            if reason.code != SeatBook.rekeyed {
                try Expulsion.note(reason, settings.dataFolder)
            }
        } catch {
            logger.warning("not noted", metadata: ["why": "\(error.message)"])
        }
        logger.notice(
            "this member has nothing to do here any more",
            metadata: ["code": "\(reason.code)", "why": "\(reason.message)"])
        endItself?()
    }

    /// Admission of what a seat's holder asks, by the keys that the state knows.
    func admit(_ envelope: Envelope) throws(Refusal) {
        try Admission(genesis: settings.genesis).check(envelope, in: engine.machine.state)
    }
}

extension MemberLife {
    /// A name in consensus, for people: the seat, and its life where that is not the first.
    static func words(_ id: UInt64) -> String {
        let life = MemberLife(id: id)
        return life.number == 0 ? "\(life.seat)" : "\(life.seat) in life \(life.incarnation)"
    }
}
