// Two-phase transfers: reserve the most something can cost, then post what it did cost.

public import Primitives

extension Ledger {
    /// Sets `amount` aside until `expires` and returns the reservation.
    ///
    /// From that time on it cannot be posted, whether or not `expire` has been there.
    @discardableResult
    public func reserve(
        from debit: AccountID, to credit: AccountID, amount: Amount, memo: Memo,
        expires: Timestamp, at position: LogPosition
    ) throws(Refusal) -> Reservation {
        guard expires > position.time else {
            throw Refusal(
                "ledger.expiry-past", "a reservation made at \(position.time) expires at \(expires)"
            )
        }
        var (giver, taker) = try parties(debit, credit, amount)
        try giver.reserve(debit: amount, as: debit)
        try taker.reserve(credit: amount, as: credit)
        set(debit, to: giver)
        set(credit, to: taker)
        let reservation = Reservation(
            id: next(LedgerKeys.lastReservation), position: position, debit: debit, credit: credit,
            amount: amount, memo: memo, expires: expires, status: .pending)
        write(reservation)
        LedgerTables.expiries.set(LedgerKeys.expiry(reservation), to: Nothing(), in: state)
        return reservation
    }

    /// Moves `amount` of what was reserved, all of it when nil, and releases the rest.
    ///
    /// Posting zero resolves the reservation without a transfer, and returns nil.
    @discardableResult
    public func post(_ id: UInt64, amount: Amount? = nil, at position: LogPosition) throws(Refusal)
        -> Transfer?
    {
        let reservation = try pending(id, at: position)
        let amount = amount ?? reservation.amount
        guard amount <= reservation.amount else {
            throw Refusal(
                "ledger.exceeds-reservation",
                "reservation \(id) holds \(reservation.amount), not \(amount)")
        }
        // What was reserved is released and posted in one step: nobody can come between.
        return try group { (inner) throws(Refusal) in
            try inner.release(reservation, as: .posted(amount))
            guard !amount.isZero else { return nil }
            var (giver, taker) = try inner.parties(reservation.debit, reservation.credit, amount)
            try giver.post(debit: amount, as: reservation.debit)
            try taker.post(credit: amount, as: reservation.credit)
            inner.set(reservation.debit, to: giver)
            inner.set(reservation.credit, to: taker)
            return inner.record(
                debit: reservation.debit, credit: reservation.credit, amount: amount,
                memo: reservation.memo, reservation: id, at: position)
        }
    }

    /// Releases all of a reservation.
    public func void(_ id: UInt64, at position: LogPosition) throws(Refusal) {
        try release(try pending(id, at: position), as: .voided)
    }

    /// Releases what is over at `position`, by expiry and then by number, at most `limit`.
    @discardableResult
    public func expire(at position: LogPosition, limit: Int = Int(Int32.max)) throws(Refusal)
        -> [Reservation]
    {
        var expired: [Reservation] = []
        while expired.count < limit, let next = nextPending,
            next.expires <= position.time
        {
            try release(next, as: .expired)
            expired.append(next)
        }
        return expired
    }

    /// When the next pending reservation is over; nil when none is pending.
    public var nextExpiry: Timestamp? { nextPending?.expires }

    /// The pending reservation that is over first; of several, the one made first.
    private var nextPending: Reservation? {
        LedgerTables.expiries.records(limit: 1, in: state).first
            .flatMap { reservation(LedgerKeys.lastNumber(of: $0.key)) }
    }

    /// The reservation with this number.
    public func reservation(_ id: UInt64) -> Reservation? {
        LedgerTables.reservations.record(LedgerKeys.number(id), in: state)
    }

    /// A reservation that can still be resolved.
    private func pending(_ id: UInt64, at position: LogPosition) throws(Refusal) -> Reservation {
        guard let reservation = reservation(id) else {
            throw Refusal("ledger.reservation-unknown", "there is no reservation \(id)")
        }
        switch reservation.status {
        case .posted(let amount):
            throw Refusal("ledger.already-posted", "reservation \(id) was posted with \(amount)")
        case .voided: throw Refusal("ledger.already-voided", "reservation \(id) was voided")
        case .pending where position.time < reservation.expires: return reservation
        case .pending, .expired:
            throw Refusal(
                "ledger.reservation-expired", "reservation \(id) was over at \(reservation.expires)"
            )
        }
    }

    /// Gives back what was set aside and marks the reservation as resolved.
    private func release(_ reservation: Reservation, as status: Reservation.Status) throws(Refusal)
    {
        var giver = account(reservation.debit)
        var taker = account(reservation.credit)
        giver.reserved = try giver.reserved.subtracting(reservation.amount)
        taker.incoming = try taker.incoming.subtracting(reservation.amount)
        set(reservation.debit, to: giver)
        set(reservation.credit, to: taker)
        var resolved = reservation
        resolved.status = status
        write(resolved)
        LedgerTables.expiries.remove(LedgerKeys.expiry(reservation), in: state)
    }

    private func write(_ reservation: Reservation) {
        LedgerTables.reservations.set(
            LedgerKeys.number(reservation.id), to: reservation, in: state)
    }
}
