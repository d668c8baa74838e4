// Who keeps the log, decided by vote: what was decided stands here until the cluster has done it.
//
// The decision and the doing are two things: a vote cannot wait inside one log entry until a new
// member has caught up. Executing a `change-members` proposal therefore writes a `SeatDecision` and
// the event `members.decided`; the leader carries it out by the log's own change of configuration
// and says so with `settleSeats`, which moves the seats and closes the decision.

import Governance
public import Primitives

/// A change of seats that was voted, and how far it is.
public struct SeatDecision: BinaryCodable, Sendable, Equatable {
    /// The proposal that decided it.
    public var proposal: UInt64
    /// The entry it was decided in.
    public var index: UInt64
    /// Seats that come; where clients reach them is said when they join.
    public var add: [Seat]
    /// Numbers of the seats that go.
    public var remove: [UInt64]
    /// The entry in which the cluster reported it done; nil while it is open.
    public var settled: UInt64?

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(proposal)
        encoder.number(index)
        encoder.array(add) { $0.value($1) }
        encoder.array(remove) { $0.number($1) }
        encoder.optional(settled) { $0.number($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        proposal = try decoder.number()
        index = try decoder.number()
        add = try decoder.array(limit: 16) { decoder throws(Refusal) in try decoder.value() }
        remove = try decoder.array(limit: 16) { decoder throws(Refusal) in try decoder.number() }
        settled = try decoder.optional { decoder throws(Refusal) in try decoder.number() }
    }

    init(proposal: UInt64, index: UInt64, add: [Seat], remove: [UInt64]) {
        self.proposal = proposal
        self.index = index
        self.add = add
        self.remove = remove
        settled = nil
    }
}

enum SeatRules {
    /// The name of a seat in proposals.
    static func name(_ id: UInt64) -> String { "member-\(id)" }

    /// The number of a seat of this name; nil for a name that is no seat's.
    static func id(_ name: String) -> UInt64? {
        guard name.hasPrefix("member-"), let id = UInt64(name.dropFirst(7)),
            1...Seat.numberLimit ~= id, self.name(id) == name
        else { return nil }
        return id
    }

    /// Refuses a change that could not be carried out (`members.*`).
    static func check(_ change: MembershipChange, in state: any StateReader) throws(Refusal) {
        if let open = open(in: state).first { try checkWithdrawal(of: open, by: change, in: state) }
        let seats = Tables.seats.records(in: state).map(\.record)
        // A number is never given out twice: a removed seat's name stays its own.
        let used = decisions(in: state).flatMap { $0.add.map(\.id) + $0.remove } + seats.map(\.id)
        for seat in change.add {
            guard let id = id(seat.name), !used.contains(id) else {
                throw Refusal(
                    "members.name",
                    "a new seat is named `member-N` with a number that no seat ever had, not"
                        + " `\(seat.name)`")
            }
            guard !seats.contains(where: { $0.publicKey == seat.key.bytes }),
                !courses(in: state).contains(where: { _, course in
                    course.formerKeys.contains(seat.key.bytes)
                        || course.offer?.key == seat.key.bytes
                })
            else {
                throw Refusal(
                    "members.key", "the key of \(seat.name) is or was another seat's")
            }
            do throws(Refusal) {
                try checkAddress(seat.address, in: state)
            } catch {
                throw Refusal(
                    "members.address", "the address of \(seat.name) is wrong: \(error.message)")
            }
        }
    }

    /// Puts a voted change on record for the cluster to carry out.
    static func decide(
        _ change: MembershipChange, proposal: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        try check(change, in: transaction.state)
        let awaited = awaited(in: transaction.state).map(\.id)
        if let open = open(in: transaction.state).first {
            withdraw(open, by: proposal, transaction)
        }
        let leaving = change.remove.filter { name in !awaited.contains { self.name($0) == name } }
        guard !change.add.isEmpty || !leaving.isEmpty else { return }
        var added: [Seat] = []
        for seat in change.add {
            guard let id = id(seat.name) else { continue }
            added.append(
                Seat(
                    id: id, publicKey: seat.key.bytes, peerAddress: seat.address,
                    clientOrigin: ""))
        }
        let decision = SeatDecision(
            proposal: proposal, index: transaction.index, add: added,
            remove: leaving.compactMap(id))
        Tables.seatDecisions.set(Key.number(proposal), to: decision, in: transaction.state)
        if isEvidenceAsked(in: transaction.state) {
            Tables.seatEvidence.set(
                Key.number(proposal), to: SeatEvidence(), in: transaction.state)
        }
        transaction.emit(
            "members.decided",
            [
                "proposal": String(proposal),
                "add": change.add.map(\.name).joined(separator: ","),
                "remove": leaving.joined(separator: ","),
            ])
    }

    /// The cluster has done what a proposal decided: the seats change hands.
    static func settle(_ proposal: UInt64, _ transaction: Transaction) throws(Refusal) {
        let key = Key.number(proposal)
        guard var decision = Tables.seatDecisions.record(key, in: transaction.state) else {
            throw Refusal("members.unknown", "proposal \(proposal) decided nothing about seats")
        }
        guard decision.settled == nil else {
            throw Refusal("members.settled", "the seats of proposal \(proposal) are settled")
        }
        if let missing = missing(decision, in: transaction.state) {
            throw Refusal(
                "members.unsettled",
                "what proposal \(proposal) decided about the seats is not carried out: \(missing)")
        }
        close(&decision, transaction)
        for seat in decision.add {
            Tables.seats.set(Key.number(seat.id), to: seat, in: transaction.state)
        }
        for id in decision.remove {
            guard let seat = Tables.seats.record(Key.number(id), in: transaction.state) else {
                continue
            }
            Tables.seats.remove(Key.number(id), in: transaction.state)
            leave(seat, transaction.state)
        }
        transaction.emit(
            "members.changed",
            [
                "proposal": String(proposal),
                "add": decision.add.map { name($0.id) }.joined(separator: ","),
                "remove": decision.remove.map(name).joined(separator: ","),
            ])
    }

    /// A seat that goes is known by its key for ever, so that its machine can be told.
    private static func leave(_ seat: Seat, _ state: StateOverlay) {
        var course = SeatActRules.course(of: seat.id, in: state)
        course.offer = nil
        course.retiring = nil
        course.formerKeys = Array(
            (course.formerKeys + [seat.publicKey]).suffix(SeatCourse.formerKeyLimit))
        Tables.seatCourses.set(Key.number(seat.id), to: course, in: state)
    }

    private static func close(_ decision: inout SeatDecision, _ transaction: Transaction) {
        let key = Key.number(decision.proposal)
        decision.settled = transaction.index
        Tables.seatDecisions.set(key, to: decision, in: transaction.state)
        if Tables.seatEvidence.record(key, in: transaction.state) != nil {
            Tables.seatEvidence.remove(key, in: transaction.state)
        }
    }

    static func decisions(in state: any StateReader) -> [SeatDecision] {
        Tables.seatDecisions.records(in: state).map(\.record)
    }

    static func open(in state: any StateReader) -> [SeatDecision] {
        decisions(in: state).filter { $0.settled == nil }
    }
}

// MARK: Taking a decision back

extension SeatRules {
    /// Seats that a vote decided on, that have yet to come, and that a vote may still take back.
    static func awaited(in state: any StateReader) -> [Seat] {
        isEvidenceAsked(in: state) ? open(in: state).flatMap(\.add) : []
    }

    /// Refuses a change while another is open, unless it takes that one back. What was voted as one
    /// is taken back as one: all the seats that were to come are named, for voters to see.
    private static func checkWithdrawal(
        of open: SeatDecision, by change: MembershipChange, in state: any StateReader
    ) throws(Refusal) {
        let isPending =
            "what proposal \(open.proposal) decided about the seats is not carried out yet"
        guard isEvidenceAsked(in: state), !open.add.isEmpty else {
            throw Refusal("members.pending", isPending)
        }
        let names = open.add.map { name($0.id) }
        guard names.allSatisfy(change.remove.contains) else {
            throw Refusal(
                "members.pending",
                isPending + "; a proposal that removes \(names.joined(separator: " and ")) takes it"
                    + " back")
        }
        if Tables.seatEvidence.record(Key.number(open.proposal), in: state) != nil,
            missing(open, in: state) == nil
        {
            throw Refusal(
                "members.carried-out",
                "what proposal \(open.proposal) decided about the seats is carried out already, and"
                    + " is reported so in a moment")
        }
    }

    /// Closes a decision that was not carried out: who was to come never was a member, who was to
    /// go stays.
    private static func withdraw(
        _ open: SeatDecision, by proposal: UInt64, _ transaction: Transaction
    ) {
        var decision = open
        close(&decision, transaction)
        for seat in decision.add { leave(seat, transaction.state) }
        transaction.emit(
            "members.withdrawn",
            [
                "proposal": String(decision.proposal), "by": String(proposal),
                "withdrawn": decision.add.map { name($0.id) }.joined(separator: ","),
                "stay": decision.remove.map(name).joined(separator: ","),
            ])
    }
}

// MARK: The seats as they stand

extension SeatRules {
    private static func courses(in state: any StateReader) -> [(UInt64, SeatCourse)] {
        Tables.seatCourses.records(in: state).compactMap { key, course in
            var decoder = BinaryDecoder(key)
            return (try? decoder.sortable()).map { ($0, course) }
        }
    }

    /// A seat, or one that a vote decided and that the cluster has yet to bring in.
    static func seat(_ id: UInt64, in state: any StateReader) -> Seat? {
        Tables.seats.record(Key.number(id), in: state)
            ?? open(in: state).lazy.flatMap(\.add).first { $0.id == id }
    }

    /// Puts a seat in the place of the one of its number.
    static func set(_ seat: Seat, in state: StateOverlay) {
        if Tables.seats.record(Key.number(seat.id), in: state) != nil {
            return Tables.seats.set(Key.number(seat.id), to: seat, in: state)
        }
        for var decision in open(in: state) {
            for place in decision.add.indices where decision.add[place].id == seat.id {
                decision.add[place] = seat
                Tables.seatDecisions.set(Key.number(decision.proposal), to: decision, in: state)
            }
        }
    }

    /// Every seat that is, comes, goes or was.
    static func roll(in state: any StateReader) -> [SeatStanding] {
        let open = open(in: state)
        let leaving = open.flatMap(\.remove)
        var roll = Tables.seats.records(in: state).map(\.record).map { seat in
            SeatStanding(seat: seat, place: leaving.contains(seat.id) ? .leaving : .seated)
        }
        roll += open.flatMap(\.add).map { SeatStanding(seat: $0, place: .awaited) }
        for (id, course) in courses(in: state) {
            if let place = roll.firstIndex(where: { $0.seat.id == id }) {
                roll[place].course = course
            } else {
                let gone = Seat(id: id, publicKey: [], peerAddress: "", clientOrigin: "")
                roll.append(SeatStanding(seat: gone, place: .removed, course: course))
            }
        }
        return roll.sorted { $0.seat.id < $1.seat.id }
    }
}
