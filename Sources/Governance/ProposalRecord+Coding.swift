// The canonical forms of a proposal's record and document.

public import Primitives

extension ProposalDocument: BinaryCodable {
    /// Text, effects, options.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(text)
        encoder.array(effects) { $0.value($1) }
        encoder.array(options) { $0.value($1) }
    }

    /// Reads a document.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        text = try decoder.text(limit: ProposalFile.byteLimit)
        effects = try decoder.array(limit: EffectLimits.count) { (decoder) throws(Refusal) in
            try decoder.value()
        }
        options = try decoder.array(limit: ProposalOption.countRange.upperBound) {
            (decoder) throws(Refusal) in try decoder.value()
        }
    }
}

extension ProposalRecord: BinaryCodable {
    /// The fields in the order declared.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(number)
        encoder.digest(identity)
        encoder.address(proposer)
        encoder.value(kind)
        encoder.value(rules)
        encoder.text(title)
        encoder.digest(effectsDigest)
        encoder.digest(bodyDigest)
        encoder.optional(resubmissionOf) { $0.number($1) }
        encoder.value(status)
        encoder.number(submittedIndex)
        encoder.timestamp(submittedAt)
        encoder.timestamp(opensAt)
        encoder.number(snapshotIndex)
        encoder.amount(supply)
        encoder.timestamp(deadline)
        encoder.flag(quorumWasReached)
        encoder.flag(swung)
        encoder.optional(readyAt) { $0.timestamp($1) }
        encoder.optional(graceEnds) { $0.timestamp($1) }
        encoder.optional(finishedAt) { $0.timestamp($1) }
        encoder.optional(lastRefusal) { $0.text($1) }
        encoder.value(tally)
        encoder.amount(deposit)
        encoder.optional(dueAt) { $0.timestamp($1) }
        encoder.value(turnout)
        encoder.amount(quorumBase)
        encoder.digest(lot)
        encoder.flag(isExpedited)
        encoder.number(optionCount)
        encoder.array(winners) { $0.number($1) }
        encoder.timestamp(periodEnds)
        encoder.optional(decidedAt) { $0.timestamp($1) }
        encoder.number(heldUp)
        encoder.array(plans) { $0.value($1) }
        encoder.number(committed)
    }

    /// Reads a record.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        number = try decoder.number()
        identity = try decoder.digest()
        proposer = try decoder.address()
        kind = try decoder.value()
        rules = try decoder.value()
        title = try decoder.text(limit: ProposalFile.titleLimit)
        effectsDigest = try decoder.digest()
        bodyDigest = try decoder.digest()
        resubmissionOf = try decoder.optional { (decoder) throws(Refusal) in
            try decoder.number()
        }
        status = try decoder.value()
        submittedIndex = try decoder.number()
        submittedAt = try decoder.timestamp()
        opensAt = try decoder.timestamp()
        snapshotIndex = try decoder.number()
        supply = try decoder.amount()
        deadline = try decoder.timestamp()
        quorumWasReached = try decoder.flag()
        swung = try decoder.flag()
        let time = { (decoder: inout BinaryDecoder) throws(Refusal) in try decoder.timestamp() }
        readyAt = try decoder.optional(time)
        graceEnds = try decoder.optional(time)
        finishedAt = try decoder.optional(time)
        lastRefusal = try decoder.optional { (decoder) throws(Refusal) in
            try decoder.text(limit: 1 << 16)
        }
        tally = try decoder.value()
        deposit = try decoder.amount()
        dueAt = try decoder.optional(time)
        turnout = try decoder.value()
        quorumBase = try decoder.amount()
        lot = try decoder.digest()
        isExpedited = try decoder.flag()
        optionCount = try decoder.number16()
        winners = try decoder.array(limit: 256) { (decoder) throws(Refusal) in
            try decoder.number16()
        }
        periodEnds = try decoder.timestamp()
        decidedAt = try decoder.optional(time)
        heldUp = try decoder.number()
        plans = try decoder.array(limit: 8) { (decoder) throws(Refusal) in try decoder.value() }
        committed = try decoder.number()
    }
}
