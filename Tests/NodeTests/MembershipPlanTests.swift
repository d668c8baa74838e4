// From the membership that is to the one that was decided: each step, and every way there.

import ControlPlane
import Primitives
import Raft
import Testing

@testable import Node

@Suite struct MembershipPlanTests {
    private func standing(
        _ seat: UInt64, _ place: SeatStanding.Place = .seated, life: UInt64 = 0
    ) -> SeatStanding {
        var course = SeatCourse()
        course.life = life
        return SeatStanding(
            seat: Seat(id: seat, publicKey: [], peerAddress: "", clientOrigin: ""), place: place,
            course: course)
    }

    private func step(
        _ roll: [SeatStanding], voters: [UInt64], learners: [UInt64] = [],
        outgoing: [UInt64] = [], caughtUp: Set<UInt64> = [], decision: UInt64? = nil
    ) -> MembershipPlan.Step {
        var state = ConfigurationState(voters: voters)
        state.learners = learners
        state.votersOutgoing = outgoing
        return MembershipPlan(
            roll: roll, decision: decision, configuration: state, caughtUp: caughtUp
        ).step
    }

    private func change(_ steps: MemberChange...) -> MembershipPlan.Step {
        .change(ConfigurationChange(steps))
    }

    @Test func `nothing is done where everything is as it shall be, or a change is under way`() {
        let roll = [standing(1), standing(2), standing(3)]
        #expect(step(roll, voters: [1, 2, 3]) == .none)
        #expect(step(roll, voters: [1, 2], outgoing: [1, 2, 3]) == .none)
    }

    @Test func `a new life learns, then takes the place of the life before in one step`() {
        let roll = [standing(1), standing(2), standing(3, life: 1)]
        let new = MemberLife(seat: 3, number: 1).id
        #expect(step(roll, voters: [1, 2, 3]) == change(MemberChange(.addLearner, new)))
        #expect(step(roll, voters: [1, 2, 3], learners: [new]) == .none)
        #expect(
            step(roll, voters: [1, 2, 3], learners: [new], caughtUp: [new])
                == change(MemberChange(.addVoter, new), MemberChange(.remove, 3)))
    }

    @Test func `a life that was over before it voted is forgotten`() {
        let roll = [standing(1), standing(2), standing(3, life: 2)]
        let old = MemberLife(seat: 3, number: 1).id
        #expect(
            step(roll, voters: [1, 2, 3], learners: [old], caughtUp: [old])
                == change(MemberChange(.remove, old)))
    }

    @Test func `who comes and who goes by one decision do so in one step`() {
        let roll = [standing(1), standing(2), standing(3, .leaving), standing(4, .awaited)]
        #expect(
            step(roll, voters: [1, 2, 3], decision: 7) == change(MemberChange(.addLearner, 4)))
        #expect(step(roll, voters: [1, 2, 3], learners: [4], decision: 7) == .none)
        #expect(
            step(roll, voters: [1, 2, 3], learners: [4], caughtUp: [4], decision: 7)
                == change(MemberChange(.addVoter, 4), MemberChange(.remove, 3)))
        #expect(step(roll, voters: [1, 2, 4], decision: 7) == .settle(7))
    }

    @Test func `nobody goes before everybody who comes is there`() {
        let roll = [
            standing(1), standing(2), standing(3, .leaving), standing(4, .awaited),
            standing(5, .awaited),
        ]
        #expect(
            step(roll, voters: [1, 2, 3], learners: [4, 5], caughtUp: [5], decision: 7) == .none)
    }

    @Test func `who a recovery dropped is said to be gone before the change is settled`() {
        var plan = MembershipPlan(
            roll: [standing(1), standing(2), standing(3, .leaving)], decision: 7,
            configuration: ConfigurationState(voters: [1, 2]), caughtUp: [])
        plan.unsaid = [3]
        #expect(plan.step == change(MemberChange(.remove, 3)))
        plan.unsaid = []
        #expect(plan.step == .settle(7))
    }

    @Test func `a seat that was taken back is dropped, whether it learned or voted`() {
        let roll = [standing(1), standing(2), standing(3), standing(4, .removed)]
        #expect(
            step(roll, voters: [1, 2, 3], learners: [4]) == change(MemberChange(.remove, 4)))
        #expect(step(roll, voters: [1, 2, 3, 4]) == change(MemberChange(.remove, 4)))
    }

    @Test func `a seat that only goes does so at once`() {
        let roll = [standing(1), standing(2), standing(3, .leaving)]
        #expect(
            step(roll, voters: [1, 2, 3], decision: 7) == change(MemberChange(.remove, 3)))
        #expect(step(roll, voters: [1, 2], decision: 7) == .settle(7))
    }

    /// Every change that the plan asks for can be made, and from any start it ends where it shall,
    /// in few steps.
    @Test func `every way ends, and every step on it can be taken`() throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<2000 {
            var roll: [SeatStanding] = []
            for seat in UInt64(1)...6 {
                let place: SeatStanding.Place? =
                    [.seated, .seated, .awaited, .leaving, .removed, nil][Int(random.next() % 6)]
                guard let place else { continue }
                roll.append(standing(seat, place, life: random.next() % 3))
            }
            guard roll.contains(where: { $0.place == .seated }) else { continue }
            var changer = ConfigurationChanger(lastIndex: 1, inflights: Inflights(maximumCount: 8))
            let first = MemberLife(
                seat: random.next() % 6 + 1, number: random.next() % 2)
            changer.current = try changer.restoring(
                ConfigurationState(voters: [first.id, first.id ^ 0x3_0000]))
            var plan = MembershipPlan(
                roll: roll, decision: 1, configuration: ConfigurationState(voters: []),
                caughtUp: [])
            var steps = 0
            walk: while true {
                let state = changer.current.configuration.state
                plan = MembershipPlan(
                    roll: roll, decision: 1, configuration: state,
                    caughtUp: Set(state.learners))
                switch plan.step {
                case .none, .settle: break walk
                case .change(let change):
                    changer.current = try changer.apply(change)
                    if changer.current.configuration.isJoint {
                        changer.current = try changer.leaveJoint()
                    }
                }
                steps += 1
                try #require(steps < 40)
            }
            // A voter in no seat at all is nobody's business here; all others are as they shall be.
            let known = Set(roll.map(\.seat.id))
            let voters = changer.current.configuration.state.voters.filter {
                known.contains(MemberLife.seat(of: $0))
            }
            #expect(plan.step == .settle(1))
            #expect(Set(plan.wanted).isSubset(of: voters))
        }
    }
}
