// A change of seats that was voted and is not carried out: what it is waiting for, in a sentence.

import ControlPlane
import Primitives
import Raft

/// A voted change of seats that is open.
public struct SeatChange: Sendable, Equatable {
    /// The proposal that decided it.
    public var proposal: UInt64
    /// Seats that come.
    public var add: [UInt64]
    /// Seats that go.
    public var remove: [UInt64]
    /// What it waits for, in one sentence.
    public var waitsFor: String

    /// As an object.
    var json: JSON {
        [
            "proposal": .int(proposal), "add": .array(add.map { .int($0) }),
            "remove": .array(remove.map { .int($0) }), "waits_for": .string(waitsFor),
        ]
    }

    /// Looks at a decision.
    ///
    /// - Parameters:
    ///   - roll: every seat, as the state has it.
    ///   - configuration: the membership in consensus.
    ///   - connected: lives that can be called right now.
    init(
        _ decision: SeatDecision, roll: [SeatStanding], configuration: ConfigurationState,
        connected: Set<UInt64>
    ) {
        proposal = decision.proposal
        add = decision.add.map(\.id)
        remove = decision.remove
        let lives = roll.filter { $0.place == .awaited }.map { standing in
            MemberLife(seat: standing.seat.id, number: standing.course.life).id
        }
        let coming = lives.filter { !configuration.voters.contains($0) }
        let absent = coming.filter { !connected.contains($0) }.map(MemberLife.seat(of:))
        let isAnyLeft = configuration.voters.contains { life in
            decision.remove.contains(MemberLife.seat(of: life))
        }
        if !configuration.votersOutgoing.isEmpty {
            waitsFor = "the members change over to the new membership right now"
        } else if let seat = absent.first {
            waitsFor =
                "seat \(seat) has not joined: its operator runs `althing node join`, or a vote"
                + " takes the decision back (`althing cluster remove \(seat)` drafts the proposal)"
        } else if let life = coming.first {
            waitsFor = "seat \(MemberLife.seat(of: life)) is there and learns the log"
        } else {
            waitsFor =
                isAnyLeft
                ? "the leader is about to change the membership"
                : "the leader is about to report it done"
        }
    }
}

extension ClusterMember {
    /// The voted change of seats that is open, if one is.
    func seatChange() -> SeatChange? {
        let views = Views(state: engine.machine.state, genesis: settings.genesis)
        guard let decision = views.openSeatDecisions().first else { return nil }
        var connected = Set(peers?.connectedLives ?? [])
        connected.insert(settings.consensusID)
        return SeatChange(
            decision, roll: views.seatRoll(), configuration: engine.configuration.state,
            connected: connected)
    }
}
