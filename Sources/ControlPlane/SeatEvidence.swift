// What the log itself shows of a decision about seats. A member reports a decision carried out,
// and nobody should have to take its word: consensus changes its membership by entries of the log,
// so whether the seats that come vote and those that go are gone stands there, for members and
// auditors alike.

import Primitives
import Raft

/// What changes of consensus' membership did about a decision's seats since it was made.
struct SeatEvidence: BinaryCodable, Equatable {
    /// Lives that came to vote, in order.
    private(set) var voting: [UInt64] = []
    /// Lives that were removed, in order.
    private(set) var gone: [UInt64] = []
    /// Whether the last change has two majorities decide, and has yet to be left.
    private(set) var isJoint = false

    /// The most lives of a kind that are kept in mind; the oldest are forgotten first.
    private static let lifeLimit = 64

    /// Nothing happened yet.
    init() {}

    /// Appends the canonical form.
    func encode(into encoder: inout BinaryEncoder) {
        encoder.array(voting) { $0.number($1) }
        encoder.array(gone) { $0.number($1) }
        encoder.flag(isJoint)
    }

    /// Reads the canonical form.
    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let limit = SeatEvidence.lifeLimit
        voting = try decoder.array(limit: limit) { decoder throws(Refusal) in try decoder.number() }
        gone = try decoder.array(limit: limit) { decoder throws(Refusal) in try decoder.number() }
        isJoint = try decoder.flag()
    }

    /// Takes a change of the membership into account, as far as it names these seats.
    mutating func note(_ change: ConfigurationChange, seats: [UInt64]) {
        isJoint = change.entersJoint
        for step in change.changes where seats.contains(Seat.number(ofLife: step.member)) {
            voting.removeAll { $0 == step.member }
            gone.removeAll { $0 == step.member }
            switch step.kind {
            case .addVoter: SeatEvidence.insert(step.member, into: &voting)
            case .remove: SeatEvidence.insert(step.member, into: &gone)
            case .addLearner, .update: break
            }
        }
    }

    private static func insert(_ life: UInt64, into lives: inout [UInt64]) {
        lives.insert(life, at: lives.firstIndex { $0 > life } ?? lives.endIndex)
        if lives.count > lifeLimit { lives.removeFirst() }
    }
}

extension Seat {
    /// The name of a seat's life in consensus: the life's number above the seat's own 16 bits.
    public static func life(_ number: UInt64, of seat: UInt64) -> UInt64 {
        number << 16 | seat & 0xFFFF
    }

    /// The seat of a name in consensus.
    public static func number(ofLife life: UInt64) -> UInt64 { life & 0xFFFF }
}

extension SeatRules {
    /// Since which level of the log a decision is closed by what the log shows, and may be taken
    /// back; see `FeatureLevel`.
    static let evidenceLevel: UInt64 = 3

    static func isEvidenceAsked(in state: any StateReader) -> Bool {
        FeatureLevel.current(in: state) >= evidenceLevel
    }

    /// Takes an entry into account that changes the membership of consensus.
    static func note(kind: UInt8, payload: [UInt8], in state: StateOverlay) {
        guard kind != StateMachine.commandKind else { return }
        for decision in open(in: state) {
            let key = Key.number(decision.proposal)
            guard var evidence = Tables.seatEvidence.record(key, in: state) else { continue }
            // One that leaves a joint membership has no bytes; what cannot be read changes nothing.
            let change = payload.isEmpty ? .init() : try? ConfigurationChange(decoding: payload)
            guard let change else { continue }
            evidence.note(change, seats: decision.add.map(\.id) + decision.remove)
            Tables.seatEvidence.set(key, to: evidence, in: state)
        }
    }

    /// What the log has yet to show before a decision is carried out, in words; nil when it is, or
    /// when the decision is older than the demand.
    static func missing(_ decision: SeatDecision, in state: any StateReader) -> String? {
        let key = Key.number(decision.proposal)
        guard let evidence = Tables.seatEvidence.record(key, in: state) else { return nil }
        for seat in decision.add where !evidence.voting.contains(life(of: seat.id, in: state)) {
            return "the log has yet to make \(name(seat.id)) a voter"
        }
        for seat in decision.remove where !evidence.gone.contains(life(of: seat, in: state)) {
            return "the log has yet to remove \(name(seat))"
        }
        return evidence.isJoint ? "the change of the membership is still under way" : nil
    }

    private static func life(of seat: UInt64, in state: any StateReader) -> UInt64 {
        Seat.life(SeatActRules.course(of: seat, in: state).life, of: seat)
    }

    /// Lives that are to go by an open decision, and of whose going the log has no word: one that
    /// was dropped by a recovery has gone without an entry.
    static func unsaidDepartures(in state: any StateReader) -> [UInt64] {
        open(in: state).flatMap { decision -> [UInt64] in
            let key = Key.number(decision.proposal)
            guard let evidence = Tables.seatEvidence.record(key, in: state) else { return [] }
            return decision.remove.map { life(of: $0, in: state) }.filter {
                !evidence.gone.contains($0)
            }
        }
    }
}

extension Views {
    /// Lives that are to go by an open decision, and of whose going the log has no word yet.
    public func unsaidDepartures() -> [UInt64] { SeatRules.unsaidDepartures(in: state) }
}
