// The canonical form of a track.

public import Primitives

extension ProposerPower: BinaryCodable {
    /// The form, then its number.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .share(let fraction):
            encoder.byte(0)
            encoder.value(fraction)
        case .amount(let amount):
            encoder.byte(1)
            encoder.amount(amount)
        }
    }

    /// Reads what it takes to propose.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.byte() {
        case 0: self = .share(try decoder.value())
        case 1: self = .amount(try decoder.amount())
        default: throw Refusal("codec.malformed", "an unknown form of proposer power")
        }
    }
}

extension SpendingLimit: BinaryCodable {
    /// Share, window, track.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(share)
        encoder.number(windowMilliseconds)
        encoder.optional(beyond) { $0.text($1) }
    }

    /// Reads a limit.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        share = try decoder.value()
        windowMilliseconds = try decoder.number()
        beyond = try decoder.optional { (decoder) throws(Refusal) in
            try decoder.text(limit: 64)
        }
    }
}

extension TrackTimes: BinaryCodable {
    /// The times in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        for time in [
            delay, period, lateQuorumExtension, swingWindow, objection, confirm, timelock, grace,
            retry, powerAge, cooldown,
        ] {
            encoder.number(time)
        }
    }

    /// Reads times.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        delay = try decoder.number()
        period = try decoder.number()
        lateQuorumExtension = try decoder.number()
        swingWindow = try decoder.number()
        objection = try decoder.number()
        confirm = try decoder.number()
        timelock = try decoder.number()
        grace = try decoder.number()
        retry = try decoder.number()
        powerAge = try decoder.number()
        cooldown = try decoder.number()
    }
}

extension Track: BinaryCodable {
    /// The rules in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.value(kind)
        encoder.value(proposer)
        encoder.amount(deposit)
        encoder.value(refund)
        encoder.number(openLimit)
        encoder.value(times)
        encoder.value(tally)
        encoder.flag(changeVotes)
        encoder.value(system)
        encoder.optional(spending) { $0.value($1) }
        encoder.value(depositTerms)
        encoder.optional(curves) { $0.value($1) }
        encoder.optional(hidden) { $0.value($1) }
        encoder.optional(identity) { $0.address($1) }
        encoder.number(lockPeriod)
        encoder.optional(expedited) { $0.value($1) }
    }

    /// Reads a track.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: 64)
        kind = try decoder.value()
        proposer = try decoder.value()
        deposit = try decoder.amount()
        refund = try decoder.value()
        openLimit = try decoder.number32()
        times = try decoder.value()
        tally = try decoder.value()
        changeVotes = try decoder.flag()
        system = try decoder.value()
        spending = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
        depositTerms = try decoder.value()
        curves = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
        hidden = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
        identity = try decoder.optional { (decoder) throws(Refusal) in try decoder.address() }
        lockPeriod = try decoder.number()
        expedited = try decoder.optional { (decoder) throws(Refusal) in try decoder.value() }
    }
}
