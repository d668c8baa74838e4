// The same bounds for what a track may have beside the rules every track has: no option is a way
// around them.

import Primitives

extension ConstitutionBounds {
    func checkCurves(_ track: Track) throws(BoundsViolation) {
        guard let curves = track.curves else { return }
        let whole = UInt128(ThresholdCurve.whole)
        let approval = Fraction(UInt128(curves.approval.least), over: whole) ?? .zero
        let support = Fraction(UInt128(curves.support.least), over: whole) ?? .zero
        guard approval >= thresholdFloor else {
            throw BoundsViolation("curves", "approval must not fall below \(thresholdFloor)")
        }
        let floor = track.kind.movesValue ? quorumFloor : .zero
        guard support >= floor else {
            throw BoundsViolation("curves", "support must not fall below \(floor)")
        }
        guard track.times.confirm > 0 else {
            throw BoundsViolation(
                "curves", "what may pass early must hold: `confirm` must be above zero")
        }
        guard track.times.swingWindow == 0, track.times.lateQuorumExtension == 0 else {
            throw BoundsViolation(
                "curves", "the confirmation takes the place of swing window and extension")
        }
        guard track.hidden == nil, track.expedited == nil else {
            throw BoundsViolation("curves", "neither hidden nor expedited votes have curves")
        }
    }

    func checkHidden(_ track: Track) throws(BoundsViolation) {
        guard let hidden = track.hidden else { return }
        guard hidden.reveal >= graceFloor, hidden.reveal <= timeCeiling else {
            throw BoundsViolation(
                "hidden", "`reveal` must lie in \(graceFloor) to \(timeCeiling) ms")
        }
        let times = track.times
        guard times.swingWindow == 0, times.lateQuorumExtension == 0, times.confirm == 0,
            track.expedited == nil
        else {
            throw BoundsViolation(
                "hidden",
                "nobody sees a hidden tally turn: no swing window, extension, confirmation or"
                    + " expedited vote goes with it")
        }
        guard !hidden.bond.isZero else {
            throw BoundsViolation("hidden", "without a bond, not revealing costs nothing")
        }
        guard track.system != .conviction else {
            throw BoundsViolation("hidden", "conviction locks tokens in the open")
        }
    }

    func checkExpedited(_ track: Track) throws(BoundsViolation) {
        guard let rules = track.expedited else { return }
        guard track.kind.mayBeExpedited else {
            throw BoundsViolation(
                "expedited", "a \(track.kind.word) moves value or power: there is no fast way")
        }
        guard rules.period >= expeditedFloor, rules.period < track.times.period else {
            throw BoundsViolation(
                "expedited",
                "its period must reach \(expeditedFloor) ms and be shorter than the track's")
        }
        guard rules.threshold >= expeditedThresholdFloor, rules.threshold <= thresholdCeiling,
            rules.threshold >= track.tally.threshold
        else {
            throw BoundsViolation(
                "expedited",
                "its threshold must lie in \(expeditedThresholdFloor) to \(thresholdCeiling), and"
                    + " not below the track's")
        }
        guard rules.delay <= track.times.delay, rules.timelock <= track.times.timelock else {
            throw BoundsViolation("expedited", "it must not take longer than the ordinary way")
        }
        guard track.times.swingWindow == 0 || rules.period > track.times.swingWindow else {
            throw BoundsViolation("expedited", "its period must be longer than the swing window")
        }
    }

    /// Refuses a guardian who could hold up for too long or serve for ever.
    func check(_ guardian: GuardianRules) throws(BoundsViolation) {
        guard guardian.term > 0, guardian.term <= guardianTermCeiling else {
            throw BoundsViolation("guardian", "`term` must end within \(guardianTermCeiling) ms")
        }
        guard guardian.delay <= guardianDelayCeiling else {
            throw BoundsViolation("guardian", "`delay` must lie within \(guardianDelayCeiling) ms")
        }
    }
}
