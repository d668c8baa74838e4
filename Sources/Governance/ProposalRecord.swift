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
    /// Voting has ended; hidden ballots are revealed and counted.
    case revealing = 11

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
        case .revealing: "revealing"
        }
    }

    /// Whether nothing will ever change it.
    public var isFinal: Bool {
        switch self {
        case .executed, .defeated, .vetoed, .cancelled, .expired, .executionFailed: true
        case .submitted, .voting, .objection, .confirming, .revealing, .queued: false
        }
    }

    /// Whether it counts against a track's limit of open proposals.
    public var isOpen: Bool { !isFinal && self != .queued }

    /// Whether power is read and ballots count.
    var isVoting: Bool { isOpen && self != .submitted }
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
    /// The votes behind each choice, as they weigh.
    public internal(set) var tally: Tally
    /// The tokens behind each choice: what the quorum counts.
    public internal(set) var turnout = Tally()
    /// What the quorum is a share of, at the snapshot.
    public internal(set) var quorumBase = Amount.zero
    /// What ties go by, fixed when voting opens.
    public internal(set) var lot = Digest.zero
    /// Whether it runs as an expedited vote.
    public internal(set) var isExpedited = false
    /// How many options its voters choose from.
    public internal(set) var optionCount: UInt16 = 0
    /// The options, or projects, that won, by position; empty until voting ends.
    public internal(set) var winners: [UInt16] = []
    /// When voting ends or ended that may pass before: falling thresholds, an expedited vote.
    public internal(set) var periodEnds = Timestamp.zero
    /// When the vote was decided.
    public internal(set) var decidedAt: Timestamp?
    /// By how much the guardian holds it up, in milliseconds.
    public internal(set) var heldUp: UInt64 = 0
    /// What execution would have done, at each stage that it was tried at.
    public internal(set) var plans: [PlanRecord] = []
    /// Hidden ballots that were committed to.
    public internal(set) var committed: UInt64 = 0
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

    /// The outcome as the tally stands, at the end of the vote where thresholds fall. Throws
    /// `amount.overflow`, which a supply below 2^128 excludes.
    public func verdict() throws(Refusal) -> Verdict { try verdict(at: nil) }

    /// The outcome if the vote ended at `time`.
    public func verdict(at time: Timestamp?) throws(Refusal) -> Verdict {
        let rules = tallyRules(at: time)
        let base = rules.quorumBase == .supply ? supply : quorumBase
        return try rules.decide(tally, supply: supply, turnout: turnout, base: base)
    }

    /// Whether it would pass if the vote ended at `time`; at the end of the vote for nil.
    func passes(at time: Timestamp? = nil) throws(Refusal) -> Bool {
        let rules = tallyRules(at: time)
        let base = rules.quorumBase == .supply ? supply : quorumBase
        return try rules.passes(tally, supply: supply, turnout: turnout, base: base)
    }

    /// The outcome if the same votes were counted by another track's rules.
    public func verdict(under track: Track) throws(Refusal) -> Verdict {
        var other = self
        other.rules = track
        return try other.verdict()
    }

    /// The rules that decide at `time`; at the end of the vote for nil.
    public func tallyRules(at time: Timestamp?) -> TallyRules {
        var tallyRules = rules.tally
        if isExpedited, let expedited = rules.expedited {
            tallyRules.threshold = expedited.threshold
            tallyRules.thresholdIsStrict = false
        }
        guard let curves = rules.curves else { return tallyRules }
        let elapsed = elapsed(at: time)
        let whole = UInt128(ThresholdCurve.whole)
        tallyRules.threshold =
            Fraction(UInt128(curves.approval.threshold(at: elapsed)), over: whole) ?? .one
        // A tie never passes.
        tallyRules.thresholdIsStrict = tallyRules.threshold <= .half
        tallyRules.quorum = .share(
            Fraction(UInt128(curves.support.threshold(at: elapsed)), over: whole) ?? .one)
        return tallyRules
    }

    /// How much of the period has gone, in parts of a billion.
    private func elapsed(at time: Timestamp?) -> UInt64 {
        let period = rules.times.period
        guard let time, time < periodEnds, period > 0 else { return ThresholdCurve.whole }
        let left = UInt128(Swift.min(periodEnds.since(time), period))
        let gone = (UInt128(period) - left) * UInt128(ThresholdCurve.whole) / UInt128(period)
        return UInt64(truncatingIfNeeded: gone)
    }
}

/// What execution would do, worked out on a copy of the state at some stage of a proposal's life.
public struct PlanRecord: Hashable, Sendable, BinaryCodable {
    /// The stage: `submitted`, `opened`, `queued`.
    public let stage: String
    /// The log entry it was tried at.
    public let index: UInt64
    /// SHA-256 over what would happen, effect by effect.
    public let digest: Digest

    init(stage: String, index: UInt64, digest: Digest) {
        self.stage = stage
        self.index = index
        self.digest = digest
    }

    /// Stage, index, digest.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(stage)
        encoder.number(index)
        encoder.digest(digest)
    }

    /// Reads a plan's record.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        stage = try decoder.text(limit: 32)
        index = try decoder.number()
        digest = try decoder.digest()
    }
}

/// A proposal's file and effects, apart from its record because they are long and rarely read.
public struct ProposalDocument: Hashable, Sendable {
    /// The whole file.
    public let text: String
    /// Its effects; empty where it offers options.
    public let effects: [Effect]
    /// Its options.
    public let options: [ProposalOption]

    /// The effects, or those of all options.
    public var allEffects: [Effect] { effects + options.flatMap(\.effects) }

    /// SHA-256 of the canonical form of effects or options: what ballots sign.
    public var effectsDigest: Digest {
        options.isEmpty ? Effect.digest(of: effects) : ProposalOption.digest(of: options)
    }

    /// What voters choose from, by name: options, or a funding round's projects.
    public var optionNames: [String] {
        if case .fundingRound(let round) = effects.first { return round.projects.map(\.name) }
        return options.map(\.name)
    }
}
