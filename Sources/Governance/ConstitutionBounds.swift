// What no vote can pass. A constitution outside these bounds is refused wherever it is read, so a
// majority cannot vote itself a rule that would let a moment's majority do anything.

/// The hard bounds a constitution must keep. Chosen by the genesis, never by a vote.
public struct ConstitutionBounds: Hashable, Sendable {
    /// The name in a genesis file and in refusals.
    public let name: String
    /// The shortest reading time before voting, on tracks that move value.
    public let delayFloor: UInt64
    /// The shortest voting period: everyone must have slept once.
    public let periodFloor: UInt64
    /// The longest voting period, extensions and windows: a vote must end.
    public let timeCeiling: UInt64
    /// The shortest timelock on tracks that move value: time to see it coming and to leave.
    public let timelockFloor: UInt64
    /// The shortest time in which execution may be retried.
    public let graceFloor: UInt64
    /// The shortest wait between failed tries, so that retrying costs little.
    public let retryFloor: UInt64
    /// The shortest time between two changes of the membership.
    public let membershipCooldownFloor: UInt64

    /// The shortest expedited vote: long enough to be seen by those who are awake.
    public let expeditedFloor: UInt64
    /// The longest a guardian may hold a proposal up, all delays of it together.
    public let guardianDelayCeiling: UInt64

    /// The least quorum on tracks that move value.
    public let quorumFloor = Fraction.percent(1)
    /// The largest quorum: more than this of a supply has rarely voted on anything.
    public let quorumCeiling = Fraction.percent(50)
    /// The least approval threshold; below one half a minority would decide.
    public let thresholdFloor = Fraction.half
    /// The largest approval threshold: above it one small holder could block for ever.
    public let thresholdCeiling = Fraction.percent(90)
    /// The least veto threshold, for the same reason.
    public let vetoFloor = Fraction.percent(20)
    /// The most power one may ask of a proposer.
    public let proposerCeiling = Fraction.percent(10)
    /// The largest share of the treasury an ordinary spending track may let out in a window.
    public let spendingCeiling = Fraction.percent(10)
    /// The least threshold of an expedited vote.
    public let expeditedThresholdFloor = Fraction.percent(60)
    /// The longest a guardian serves before a vote must renew the term.
    public let guardianTermCeiling: UInt64 = 730 * day
    /// The most proposals of one track that may be open at once.
    public let openLimitCeiling: UInt64 = 256

    /// For deployments with value in them.
    public static let production = ConstitutionBounds(
        name: "production", delayFloor: 12 * hour, periodFloor: 2 * day, timeCeiling: 90 * day,
        timelockFloor: day, graceFloor: day, retryFloor: minute,
        membershipCooldownFloor: 7 * day, expeditedFloor: 6 * hour,
        guardianDelayCeiling: 14 * day)

    /// For demonstrations and tests: the same shape in seconds.
    public static let development = ConstitutionBounds(
        name: "development", delayFloor: 0, periodFloor: second, timeCeiling: 90 * day,
        timelockFloor: 0, graceFloor: second, retryFloor: second, membershipCooldownFloor: 0,
        expeditedFloor: second, guardianDelayCeiling: 14 * day)

    /// The bounds a genesis names, or nil.
    public static func named(_ name: String) -> ConstitutionBounds? {
        [production, development].first { $0.name == name }
    }

    private static let second: UInt64 = 1000
    private static let minute: UInt64 = 60 * second
    private static let hour: UInt64 = 60 * minute
    private static let day: UInt64 = 24 * hour

    /// Refuses a track outside the bounds; the refusal names the key at fault.
    func check(_ track: Track) throws(BoundsViolation) {
        try checkTimes(track)
        try checkTally(track)
        if case .share(let share) = track.proposer, share > proposerCeiling {
            throw BoundsViolation(
                "propose", "a proposer may be asked for \(proposerCeiling) at most")
        }
        guard track.openLimit > 0, track.openLimit <= openLimitCeiling else {
            throw BoundsViolation("open_limit", "must lie in 1 to \(openLimitCeiling)")
        }
        if let spending = track.spending, spending.beyond != nil, spending.share > spendingCeiling {
            throw BoundsViolation("spending", "a window may let out \(spendingCeiling) at most")
        }
        try checkCurves(track)
        try checkHidden(track)
        try checkExpedited(track)
    }

    private func checkTimes(_ track: Track) throws(BoundsViolation) {
        let times = track.times
        let value = track.kind.movesValue
        let floors: [(key: String, time: UInt64, floor: UInt64)] = [
            ("delay", times.delay, value ? delayFloor : 0),
            ("period", times.period, periodFloor),
            ("timelock", times.timelock, value ? timelockFloor : 0),
            ("grace", times.grace, graceFloor),
            ("retry", times.retry, retryFloor),
            (
                "cooldown", times.cooldown,
                track.kind == .changeMembers ? membershipCooldownFloor : 0
            ),
        ]
        for (key, time, floor) in floors where time < floor {
            throw BoundsViolation(key, "\(time) ms is below the floor of \(floor) ms (\(name))")
        }
        for (key, time, _) in floors + [
            ("objection", times.objection, 0), ("confirm", times.confirm, 0),
            ("power_age", times.powerAge, 0),
        ] where time > timeCeiling {
            throw BoundsViolation(key, "\(time) ms is above the ceiling of \(timeCeiling) ms")
        }
        guard times.lateQuorumExtension <= times.period, times.swingWindow <= times.period else {
            throw BoundsViolation(
                "late_quorum_extension", "neither it nor the swing window may exceed the period")
        }
        guard (times.swingWindow == 0) == (times.objection == 0) else {
            throw BoundsViolation("objection", "`swing_window` and `objection` come together")
        }
    }

    private func checkTally(_ track: Track) throws(BoundsViolation) {
        let rules = track.tally
        switch rules.quorum {
        case .share(let share), .flooredShare(let share), .moreThanShare(let share):
            let floor = track.kind.movesValue ? quorumFloor : .zero
            guard share >= floor, share <= quorumCeiling else {
                throw BoundsViolation("quorum", "must lie in \(floor) to \(quorumCeiling)")
            }
        case .amount:
            // A fixed amount loses its meaning as the supply moves, in both directions.
            throw BoundsViolation("quorum", "must be a share of the supply")
        }
        guard rules.quorumCounts.contains(.for) else {
            throw BoundsViolation("quorum", "must count the power that is for")
        }
        guard rules.threshold >= thresholdFloor, rules.threshold <= thresholdCeiling else {
            throw BoundsViolation(
                "threshold", "must lie in \(thresholdFloor) to \(thresholdCeiling)")
        }
        guard rules.thresholdIsStrict || rules.threshold > thresholdFloor else {
            throw BoundsViolation("threshold", "half must be exceeded, not only reached")
        }
        if let veto = rules.veto, veto < vetoFloor || veto > .half {
            throw BoundsViolation("veto", "must lie in \(vetoFloor) to \(Fraction.half)")
        }
    }
}

/// Which key of a track breaks a bound, and the bound.
struct BoundsViolation: Error {
    let key: String
    let rule: String

    init(_ key: String, _ rule: String) {
        self.key = key
        self.rule = rule
    }
}
