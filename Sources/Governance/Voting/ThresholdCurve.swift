// Thresholds that fall while a vote runs, as Polkadot's OpenGov has them: a clear majority may pass
// at once, a narrow one has to wait. Points on a curve are in parts of a billion of the voting
// period and of the whole; each rounds as its original does.

/// A falling threshold.
public enum ThresholdCurve: Hashable, Sendable {
    /// Falls in a straight line from `ceiling` to `floor` over the first `length`, then stays.
    case linear(length: UInt64, floor: UInt64, ceiling: UInt64)
    /// Falls from `begin` by `step` at every `period`, never below `end`.
    case stepped(begin: UInt64, end: UInt64, step: UInt64, period: UInt64)
    /// Falls along a hyperbola from `ceiling` at the start through `level` at `delay` to `floor` at
    /// the end.
    case reciprocal(delay: UInt64, level: UInt64, floor: UInt64, ceiling: UInt64)

    /// The whole: a billion parts.
    public static let whole: UInt64 = 1_000_000_000

    /// The threshold when `elapsed` of the period has gone.
    public func threshold(at elapsed: UInt64) -> UInt64 {
        let elapsed = Swift.min(elapsed, Self.whole)
        switch self {
        case .linear(let length, let floor, let ceiling):
            let part = Self.ratio(Swift.min(elapsed, length), over: length, roundingUp: false)
            return ceiling - Self.product(part, ceiling - floor)
        case .stepped(let begin, let end, let step, let period):
            let fallen = step.multipliedReportingOverflow(by: elapsed / Swift.max(period, 1))
            let height =
                fallen.overflow || fallen.partialValue > begin
                ? 0 : begin - fallen.partialValue
            return Swift.max(height, end)
        case .reciprocal(_, _, let floor, let ceiling):
            // y = floor + (ceiling - floor) x S x (1 - x) / (S + x)
            guard let bend = bend else { return ceiling }
            let above = Self.part(ceiling - floor) * bend * Self.part(Self.whole - elapsed)
            let height = above.divided(by: bend + Self.part(elapsed)) ?? .one
            return floor + Self.parts(height, roundingUp: false)
        }
    }

    /// The least part of the period after which `height` reaches the threshold; the whole when it
    /// never does.
    public func delay(of height: UInt64) -> UInt64 {
        switch self {
        case .linear(let length, let floor, let ceiling):
            if height < floor { return Self.whole }
            if height > ceiling { return 0 }
            let part = Self.ratio(ceiling - height, over: ceiling - floor, roundingUp: true)
            return Self.product(part, length)
        case .stepped(let begin, let end, let step, let period):
            if height < end { return Self.whole }
            let steps = (begin - Swift.min(height, begin) + step - 1) / Swift.max(step, 1)
            return Swift.min(period * steps, Self.whole)
        case .reciprocal(_, _, let floor, let ceiling):
            // x = S x (A - Y) / (Y + A x S), with A and Y measured from the floor
            guard height >= floor else { return Self.whole }
            guard height < ceiling, let bend = bend else { return 0 }
            let span = Self.part(ceiling - floor)
            let reached = Self.part(height - floor)
            let above = bend * span.subtracting(reached)
            guard let elapsed = above.divided(by: reached + span * bend) else { return Self.whole }
            return Swift.min(Self.parts(elapsed, roundingUp: true), Self.whole)
        }
    }

    /// The offset S of a reciprocal: how sharply it bends. Solved from the three points.
    private var bend: Rational? {
        guard case .reciprocal(let delay, let level, let floor, let ceiling) = self,
            level >= floor, ceiling > floor
        else { return nil }
        let height = Self.part(level - floor)
        let straight = Self.part(ceiling - floor) * Self.part(Self.whole - delay)
        return (height * Self.part(delay)).divided(by: straight.subtracting(height))
    }

    private static func part(_ parts: UInt64) -> Rational {
        Rational(Natural(UInt128(parts)), over: Natural(UInt128(whole))) ?? .zero
    }

    private static func parts(_ value: Rational, roundingUp: Bool) -> UInt64 {
        let scaled = value * Rational(UInt128(whole))
        let floor = UInt64(truncatingIfNeeded: scaled.floor.asUInt128 ?? 0)
        return roundingUp && scaled.denominator != .one ? floor + 1 : floor
    }

    private static func ratio(_ part: UInt64, over all: UInt64, roundingUp: Bool) -> UInt64 {
        guard all > 0 else { return whole }
        let product = UInt128(part) * UInt128(whole) + (roundingUp ? UInt128(all) - 1 : 0)
        return UInt64(truncatingIfNeeded: Swift.min(product / UInt128(all), UInt128(whole)))
    }

    private static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        UInt64(truncatingIfNeeded: UInt128(left) * UInt128(right) / UInt128(whole))
    }
}
