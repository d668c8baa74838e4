// Polkadot's OpenGov: curves, referenda, conviction voting.

import Governance
import Primitives

enum OpenGovCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        switch try item.string("kind") {
        case "curve_threshold": try checkCurve(item, "x", "y") { $0.threshold(at: $1) }
        case "curve_delay": try checkCurve(item, "y", "x") { $0.delay(of: $1) }
        case "referenda": try ReferendumCases.check(item, document)
        case "conviction": try checkConviction(item)
        case "conviction_tally": try ConvictionCases.check(item)
        case let kind: throw mismatch("the kind \(kind) is not known")
        }
    }

    private static func checkCurve(
        _ item: JSON, _ input: String, _ output: String,
        _ value: (ThresholdCurve, UInt64) -> UInt64
    ) throws(Refusal) {
        let curve = try curve(try item.field("curve"))
        let point: UInt64 =
            if let parts = item["\(input)_perbill"]?.unsigned { parts } else {
                try parts(try item.exact(input))
            }
        let ours = value(curve, point)
        let expected = try item.field("expected")
        if let theirs = expected["\(output)_perbill"]?.unsigned {
            try expectEqual(ours, theirs, output)
            return
        }
        let tolerance = try parts(expected["tolerance"]?.rational ?? .zero)
        let theirs = try parts(try expected.exact(output))
        let distance = ours > theirs ? ours - theirs : theirs - ours
        try expect(distance <= tolerance + 1, "\(output): ours \(ours), expected \(theirs)")
    }

    /// A share in parts of a billion.
    static func parts(_ value: Rational) throws(Refusal) -> UInt64 {
        let scaled = value * Rational(UInt128(ThresholdCurve.whole))
        guard let parts = scaled.floor.asUInt128.flatMap({ UInt64(exactly: $0) }) else {
            throw mismatch("\(value) is out of range")
        }
        return parts
    }

    static func curve(_ json: JSON) throws(Refusal) -> ThresholdCurve {
        let curve = try shape(json)
        guard curve.isDecreasing else { throw mismatch("the curve does not fall within a whole") }
        return curve
    }

    private static func shape(_ curve: JSON) throws(Refusal) -> ThresholdCurve {
        switch try curve.string("type") {
        case "LinearDecreasing":
            return .linear(
                length: try parts(try curve.exact("length")),
                floor: try parts(try curve.exact("floor")),
                ceiling: try parts(try curve.exact("ceil")))
        case "SteppedDecreasing":
            return .stepped(
                begin: try parts(try curve.exact("begin")),
                end: try parts(try curve.exact("end")), step: try parts(try curve.exact("step")),
                period: try parts(try curve.exact("period")))
        case "make_reciprocal", "Reciprocal":
            let delay = try curve.exact("delay").divided(by: try curve.exact("period"))
            return .reciprocal(
                delay: try parts(delay ?? .zero), level: try parts(try curve.exact("level")),
                floor: try parts(try curve.exact("floor")),
                ceiling: try parts(try curve.exact("ceil")))
        case let type: throw mismatch("the curve \(type) is not known")
        }
    }

    private static func checkConviction(_ item: JSON) throws(Refusal) {
        guard
            let conviction = UInt8(exactly: try item.integer("conviction")).flatMap({
                Conviction($0)
            })
        else { throw mismatch("no such conviction") }
        let expected = try item.field("expected")
        try expectEqual(
            Rational(conviction.multiplier), try expected.exact("multiplier"), "multiplier")
        try expectEqual(
            Int(conviction.lockPeriods), try expected.integer("lockPeriods"), "lockPeriods")
    }
}

extension ThresholdCurve {
    /// Whether its points lie in order within a whole; of others the formulas say nothing.
    fileprivate var isDecreasing: Bool {
        switch self {
        case .linear(let length, let floor, let ceiling):
            length <= Self.whole && floor <= ceiling && ceiling <= Self.whole
        case .stepped(let begin, let end, let step, let period):
            end <= begin && begin <= Self.whole && (1...Self.whole).contains(step)
                && (1...Self.whole).contains(period)
        case .reciprocal(let delay, let level, let floor, let ceiling):
            delay <= Self.whole && floor <= level && level <= ceiling && ceiling <= Self.whole
        }
    }
}
