// Retroactive funding: medians, quorum, scaling to a pool.

import Governance
import Primitives

enum RetroFundingCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        switch try item.string("kind") {
        case "retro_median": try checkRound(item)
        case "retro_scale_fact": try checkScale(item)
        case let kind: throw mismatch("the kind \(kind) is not known")
        }
    }

    private static func checkRound(_ item: JSON) throws(Refusal) {
        let round = RetroFunding(
            quorum: try item.integer("quorum"), minimum: try item.exact("minimum"),
            pool: try item.exact("pool"))
        let ballots = try item.items("ballots").map { ballot in
            (ballot.members ?? []).map { (project: $0.key, amount: $0.value.rational ?? .zero) }
        }
        let medians = round.medians(ballots)
        let expected = try item.field("expected")
        if let theirs = expected["medians"] {
            try compare(medians.map { ($0.project, $0.median) }, theirs, "medians")
        }
        if let theirs = expected["payouts"] {
            try compare(
                round.payouts(medians).map { ($0.project, $0.amount) }, theirs, "payouts")
        }
    }

    private static func compare(
        _ ours: [(String, Rational)], _ theirs: JSON, _ what: String
    ) throws(Refusal) {
        let sorted = (theirs.members ?? []).sorted { $0.key < $1.key }
            .filter { $0.value.rational.map { !$0.isZero } ?? true }
        let paid = ours.filter { !$0.1.isZero }
        try expectEqual(paid.map(\.0), sorted.map(\.key), what)
        for ((project, amount), theirs) in zip(paid, sorted) {
            try expectEqual(amount, theirs.value.rational ?? .zero, "\(what) of \(project)")
        }
    }

    private static func checkScale(_ item: JSON) throws(Refusal) {
        let expected = try item.field("expected")
        let scale = try expected.exact("k")
        let tolerance = try expected.exact("tolerance")
        for row in try item.items("rows") {
            let ours = try row.exact("median") * scale
            let paid = try row.exact("paid")
            try expect(
                ours.distance(to: paid) <= tolerance,
                "\(row["project"]?.text ?? "?"): ours \(ours), paid \(paid)")
        }
    }
}
