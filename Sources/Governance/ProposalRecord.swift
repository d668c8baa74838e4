// What the state holds of a proposal.

public import Primitives

/// Where a proposal is in its life.
public enum ProposalStatus: UInt8, CaseIterable, ByteCodable, Sendable {
    /// Handed in; voting has not opened.
    case submitted = 0
    /// Voting is open.
    case voting = 1
    /// It passed by a late swing: those who did not vote may object.
    case objection = 2
    /// It passed; the tally must hold until the confirmation ends.
    case confirming = 3
    /// Passed; its timelock runs, or a failed execution will be tried again.
    case queued = 4
    /// Its effects happened.
    case executed = 5
    /// Too few took part, or too little was for.
    case defeated = 6
    /// Vetoes passed their threshold.
    case vetoed = 7
    /// Withdrawn by its proposer before voting opened.
    case cancelled = 8
    /// Its effects became impossible before voting opened, or nobody was there to execute it in
    /// time.
    case expired = 9
    /// It passed, but its effects were refused until the grace ended.
    case executionFailed = 10

    /// The word on pages and in JSON.
    public var word: String {
        switch self {
        case .submitted: "submitted"
        case .voting: "voting"
        case .objection: "objection"
        case .confirming: "confirming"
        case .queued: "queued"
        case .executed: "executed"
        case .defeated: "defeated"
        case .vetoed: "vetoed"
        case .cancelled: "cancelled"
        case .expired: "expired"
        case .executionFailed: "execution-failed"
        }
    }

    /// Whether nothing will ever change it.
    public var isFinal: Bool { rawValue >= ProposalStatus.executed.rawValue }

    /// Whether it counts against a track's limit of open proposals.
    public var isOpen: Bool { rawValue < ProposalStatus.queued.rawValue }
}

/// A proposal and how it stands.
public struct ProposalRecord: Hashable, Sendable {
    /// Its number, from 1 in the order of submission.
    public internal(set) var number: UInt64
    /// SHA-256 over proposer, log index, number and effects: two proposals are never the same one.
    public internal(set) var identity: Digest
    /// Who submitted it.
    public internal(set) var proposer: Address
    /// Its kind.
    public internal(set) var kind: ProposalKind
    /// The rules it lives under: those in force when submitted, then those when voting opened.
    public internal(set) var rules: Track
    /// Its title.
    public internal(set) var title: String
    /// SHA-256 of the canonical effects.
    public internal(set) var effectsDigest: Digest
    /// SHA-256 of the Markdown body.
    public internal(set) var bodyDigest: Digest
    /// An earlier proposal with the same effects.
    public internal(set) var resubmissionOf: UInt64?
    /// Where it is in its life.
    public internal(set) var status: ProposalStatus
    /// The log entry it was submitted in.
    public internal(set) var submittedIndex: UInt64
    /// When it was submitted.
    public internal(set) var submittedAt: Timestamp
    /// When voting opens or opened.
    public internal(set) var opensAt: Timestamp
    /// The entry at whose end power is read; zero until voting opens.
    public internal(set) var snapshotIndex: UInt64
    /// The supply at the snapshot.
    public internal(set) var supply: Amount
    /// The last moment of the phase that runs: votes at this time still count.
    public internal(set) var deadline: Timestamp
    /// Whether the quorum was reached at some vote.
    public internal(set) var quorumWasReached: Bool
    /// Whether it turned to passing within the swing window.
    public internal(set) var swung: Bool
    /// When it may be executed.
    public internal(set) var readyAt: Timestamp?
    /// Until when execution is tried.
    public internal(set) var graceEnds: Timestamp?
    /// When its life ended.
    public internal(set) var finishedAt: Timestamp?
    /// Why the last execution was refused.
    public internal(set) var lastRefusal: String?
    /// The power behind each choice.
    public internal(set) var tally: Tally
    /// What the proposer put down.
    public internal(set) var deposit: Amount
    /// When the proposal needs attention next; nil when final.
    public internal(set) var dueAt: Timestamp?

    /// The digest of the rules: what is recorded as the law it was decided under.
    public var rulesDigest: Digest { rules.digest }

    /// Where power is read.
    public var snapshot: PowerSnapshot {
        PowerSnapshot(index: snapshotIndex, time: opensAt, age: rules.times.powerAge)
    }

    /// The outcome as the tally stands. Throws `amount.overflow`, which a supply below 2^128
    /// excludes.
    public func verdict() throws(Refusal) -> Verdict {
        try rules.tally.decide(tally, supply: supply)
    }
}

/// A proposal's file and effects, apart from its record because they are long and rarely read.
public struct ProposalDocument: Hashable, Sendable {
    /// The whole file.
    public let text: String
    /// Its effects.
    public let effects: [Effect]
}

extension ProposalDocument: BinaryCodable {
    /// Text, then effects.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(text)
        encoder.array(effects) { $0.value($1) }
    }

    /// Reads a document.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        text = try decoder.text(limit: ProposalFile.byteLimit)
        effects = try decoder.array(limit: EffectLimits.count) { (decoder) throws(Refusal) in
            try decoder.value()
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
    }
}
