// From the membership that is to the one that was decided, one safe step at a time.
//
// Who comes learns first and votes once caught up; who replaces somebody does so in one joint
// change, so that the number of those who can vote never falls on the way. Nothing here does
// anything: the same picture always gives the same step, and a leader that takes over in the middle
// goes on from what it finds.

import ControlPlane
import Raft

/// What shall be, what is, and the next step.
struct MembershipPlan {
    /// What is to be done next.
    enum Step: Equatable {
        /// Nothing, or nothing yet.
        case none
        /// The membership changes.
        case change(ConfigurationChange)
        /// What a proposal decided is done.
        case settle(UInt64)
    }

    /// Every seat, as the state has it.
    let roll: [SeatStanding]
    /// The proposal whose decision is open.
    let decision: UInt64?
    /// The membership in consensus.
    let configuration: ConfigurationState
    /// Learners that know the log.
    let caughtUp: Set<UInt64>
    /// Lives that go, and of whose going the log has no word yet.
    var unsaid: [UInt64] = []

    private func life(_ standing: SeatStanding) -> UInt64 {
        MemberLife(seat: standing.seat.id, number: standing.course.life).id
    }

    /// Who shall vote in the end.
    var wanted: [UInt64] {
        roll.filter { $0.place == .seated || $0.place == .awaited }.map(life)
    }

    /// The present lives of seats that go: as good as any until they do.
    private var leaving: [UInt64] { roll.filter { $0.place == .leaving }.map(life) }

    private var awaited: [UInt64] { roll.filter { $0.place == .awaited }.map(life) }

    /// The next step.
    var step: Step {
        guard configuration.votersOutgoing.isEmpty else { return .none }
        let members = configuration.voters + configuration.learners
        if let old = configuration.learners.first(where: { !wanted.contains($0) }),
            !leaving.contains(old)
        {
            return .change(ConfigurationChange([MemberChange(.remove, old)]))
        }
        if let new = wanted.first(where: { !members.contains($0) }) {
            return .change(ConfigurationChange([MemberChange(.addLearner, new)]))
        }
        let steps = promotions + departures
        if !steps.isEmpty { return .change(ConfigurationChange(steps)) }
        guard let decision, awaited.allSatisfy(configuration.voters.contains), goners.isEmpty else {
            return .none
        }
        // A recovery drops members without an entry. The state believes the log only, so it is
        // said there.
        guard unsaid.isEmpty else {
            return .change(ConfigurationChange(unsaid.map { MemberChange(.remove, $0) }))
        }
        return .settle(decision)
    }

    /// Learners that know the log vote from now on, in the place of the seat's life before. Those
    /// that a vote decided come together.
    private var promotions: [MemberChange] {
        let ready = configuration.learners.filter(caughtUp.contains)
        let isEverybodyHere = awaited.allSatisfy {
            configuration.voters.contains($0) || ready.contains($0)
        }
        var steps: [MemberChange] = []
        for id in ready where !awaited.contains(id) || isEverybodyHere {
            steps.append(MemberChange(.addVoter, id))
            let seat = MemberLife.seat(of: id)
            for old in configuration.voters where MemberLife.seat(of: old) == seat {
                steps.append(MemberChange(.remove, old))
            }
        }
        return steps
    }

    /// Seats that go do so when those that come with the same decision are there.
    private var departures: [MemberChange] {
        let coming = Set(promotions.filter { $0.kind == .addVoter }.map(\.member))
        let isEverybodyHere = awaited.allSatisfy {
            configuration.voters.contains($0) || coming.contains($0)
        }
        guard isEverybodyHere else { return [] }
        return goners.map { MemberChange(.remove, $0) }
    }

    /// Members in seats that go or are gone.
    private var goners: [UInt64] {
        let seats = roll.filter { $0.place == .leaving || $0.place == .removed }.map(\.seat.id)
        return (configuration.voters + configuration.learners).filter { id in
            seats.contains(MemberLife.seat(of: id))
        }
    }
}
