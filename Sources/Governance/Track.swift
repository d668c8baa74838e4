// The rules one kind of proposal lives under. Frozen into a proposal when its voting opens.

import Cryptography
public import Primitives

/// What happens to a proposal's deposit at its end.
public enum DepositRefund: UInt8, CaseIterable, ByteCodable, Sendable {
    /// Returned whatever the outcome, except after a veto.
    case unlessVetoed = 0
    /// Returned unless vetoed or too few took part.
    case unlessVetoedOrIgnored = 1
    /// Always returned.
    case always = 2
    /// Returned only when it passes: what nobody wanted costs something.
    case ifPassed = 3

    /// The word in a policy file.
    public var word: String {
        switch self {
        case .unlessVetoed: "unless-vetoed"
        case .unlessVetoedOrIgnored: "unless-vetoed-or-ignored"
        case .always: "always"
        case .ifPassed: "if-passed"
        }
    }
}

/// What it takes to propose: a share of the supply, or a fixed amount.
public enum ProposerPower: Hashable, Sendable {
    /// At least this share of the supply.
    case share(Fraction)
    /// At least this much.
    case amount(Amount)

    /// Whether `power` is enough under `supply`.
    public func isReached(by power: Amount, supply: Amount) -> Bool {
        switch self {
        case .share(let fraction): fraction.isReached(by: power, of: supply)
        case .amount(let amount): power >= amount
        }
    }
}

/// Sends spending that adds up to more than a share of the treasury to a stricter track.
public struct SpendingLimit: Hashable, Sendable {
    /// The share of the treasury that may be spent on this track within the window.
    public var share: Fraction
    /// How far back spending by or to the same accounts is added up, in milliseconds.
    public var windowMilliseconds: UInt64
    /// The name of the track for what is larger; nil where nothing larger may be asked for.
    public var beyond: String?

    /// Sets a limit.
    public init(share: Fraction, windowMilliseconds: UInt64, beyond: String?) {
        self.share = share
        self.windowMilliseconds = windowMilliseconds
        self.beyond = beyond
    }
}

/// The times of a track, in milliseconds.
public struct TrackTimes: Hashable, Sendable {
    /// From submission to the opening of voting: time to read, and to move one's delegation.
    public var delay: UInt64
    /// How long voting is open.
    public var period: UInt64
    /// How much longer it is open at least from the moment a late quorum is reached.
    public var lateQuorumExtension: UInt64
    /// How long before the end a turn from failing to passing counts as a late swing.
    public var swingWindow: UInt64
    /// After a late swing: how long those who did not vote may still vote against.
    public var objection: UInt64
    /// How long a passing tally must hold, with voting still open.
    public var confirm: UInt64
    /// From passing to execution.
    public var timelock: UInt64
    /// How long after the timelock execution may be tried.
    public var grace: UInt64
    /// How long to wait after a failed try.
    public var retry: UInt64
    /// How long power must have been held before voting opens.
    public var powerAge: UInt64
    /// The least time between two executed proposals of this track; zero for none.
    public var cooldown: UInt64

    /// Sets the times; zero unless said.
    public init(
        delay: UInt64 = 0, period: UInt64, lateQuorumExtension: UInt64 = 0,
        swingWindow: UInt64 = 0, objection: UInt64 = 0, confirm: UInt64 = 0, timelock: UInt64 = 0,
        grace: UInt64, retry: UInt64, powerAge: UInt64 = 0, cooldown: UInt64 = 0
    ) {
        self.delay = delay
        self.period = period
        self.lateQuorumExtension = lateQuorumExtension
        self.swingWindow = swingWindow
        self.objection = objection
        self.confirm = confirm
        self.timelock = timelock
        self.grace = grace
        self.retry = retry
        self.powerAge = powerAge
        self.cooldown = cooldown
    }
}

/// The rules of one kind of proposal.
public struct Track: Hashable, Sendable {
    /// Its name in the constitution: the kind's word, or that word and a suffix.
    public var name: String
    /// The kind of proposal it is for.
    public var kind: ProposalKind
    /// Who may propose.
    public var proposer: ProposerPower
    /// What a proposer puts down.
    public var deposit: Amount
    /// When the deposit is not returned.
    public var refund: DepositRefund
    /// How many proposals may be open on this track at once.
    public var openLimit: UInt32
    /// The times.
    public var times: TrackTimes
    /// When a tally passes.
    public var tally: TallyRules
    /// Whether a voter may change their choice while voting is open.
    public var changeVotes: Bool
    /// How ballots are counted.
    public var system: VotingSystem
    /// Where larger spending goes.
    public var spending: SpendingLimit?
    /// What a forfeited deposit and a withdrawal cost, and how the price grows.
    public var depositTerms: DepositTerms
    /// Thresholds that fall while the vote runs; nil where they stand still.
    public var curves: TrackCurves?
    /// How ballots are hidden until voting has ended; nil where they are open.
    public var hidden: HiddenBallots?
    /// Whose word says which accounts are different people; quadratic tracks have one.
    public var identity: Address?
    /// How long the first level of conviction locks tokens, in milliseconds.
    public var lockPeriod: UInt64
    /// The faster way for what cannot wait and moves no money; nil where there is none.
    public var expedited: ExpeditedRules?

    /// Sets the rules.
    public init(
        name: String, kind: ProposalKind, proposer: ProposerPower, deposit: Amount,
        refund: DepositRefund, openLimit: UInt32, times: TrackTimes, tally: TallyRules,
        changeVotes: Bool, system: VotingSystem, spending: SpendingLimit? = nil,
        depositTerms: DepositTerms = DepositTerms(), curves: TrackCurves? = nil,
        hidden: HiddenBallots? = nil, identity: Address? = nil, lockPeriod: UInt64 = 0,
        expedited: ExpeditedRules? = nil
    ) {
        self.name = name
        self.kind = kind
        self.proposer = proposer
        self.deposit = deposit
        self.refund = refund
        self.openLimit = openLimit
        self.times = times
        self.tally = tally
        self.changeVotes = changeVotes
        self.system = system
        self.spending = spending
        self.depositTerms = depositTerms
        self.curves = curves
        self.hidden = hidden
        self.identity = identity
        self.lockPeriod = lockPeriod
        self.expedited = expedited
    }

    /// SHA-256 of the canonical form: what a proposal records as the rules it was voted under.
    public var digest: Digest { SHA256.hash(encoded) }
}
