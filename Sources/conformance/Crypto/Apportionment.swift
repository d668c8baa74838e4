// Cases of exact sharing-out.

import Ledger
import Primitives

enum ApportionmentCases {
    static func vectors(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(
            document,
            ["vectors", "alabama_paradox", "repeated_distribution", "accumulator_traces"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("vector \(index)") {
                let total = try amount(row, "total")
                let weights = try amounts(row, "weights").map(\.units)
                guard weights.contains(where: { $0 > 0 }) else { return true }
                // A first distribution of accumulators pays the floors, and carries the dust.
                var accumulators = try RemainderAccumulators(weights: weights)
                let floors = try accumulators.distribute(total)
                return try Apportionment.largestRemainder(total, weights: weights)
                    == amounts(row, "largest_remainder")
                    && accumulators.carried == amount(row, "floor_dust")
                    && floors.count == weights.count
            }
        }
        let paradoxes = document["alabama_paradox"] ?? .object([])
        for (index, row) in tally.rows(paradoxes, "cases").enumerated() {
            tally.expect("paradox \(index)") { try paradox(row) }
        }
        if let row = document["repeated_distribution"] {
            tally.expect("repeated distribution") { try repeated(row) }
        }
        for (index, row) in tally.rows(document, "accumulator_traces").enumerated() {
            tally.expect("trace \(index)") { try trace(row) }
        }
    }

    private static func amount(_ row: JSON, _ key: String) throws -> Amount {
        guard let amount = try row.member(key).amount else {
            throw Refusal("conformance.form", "\(key) is no amount")
        }
        return amount
    }

    private static func amounts(_ row: JSON, _ key: String) throws -> [Amount] {
        try (row.member(key).elements ?? []).map {
            guard let amount = $0.amount else {
                throw Refusal("conformance.form", "\(key) has something that is no amount")
            }
            return amount
        }
    }

    /// One more unit to share, and somebody gets less.
    private static func paradox(_ row: JSON) throws -> Bool {
        let weights = try amounts(row, "weights").map(\.units)
        let total = try amount(row, "total")
        let before = try Apportionment.largestRemainder(total, weights: weights)
        let after = try Apportionment.largestRemainder(
            try total.adding(Amount(1)), weights: weights)
        let losers = before.indices.filter { after[$0] < before[$0] }
        return try before == amounts(row, "lr_total")
            && after == amounts(row, "lr_total_plus_1")
            && losers == (row.member("loses").elements ?? []).compactMap(\.integer)
    }

    private static func repeated(_ row: JSON) throws -> Bool {
        let weights = try amounts(row, "weights").map(\.units)
        let each = try amount(row, "amount_each")
        var accumulators = try RemainderAccumulators(weights: weights)
        var carried = weights.map { _ in Amount.zero }
        var rounded = carried
        for _ in 0..<(Swift.min(row["count"]?.unsigned ?? 0, 1 << 24)) {
            let paid = try accumulators.distribute(each)
            let parts = try Apportionment.largestRemainder(each, weights: weights)
            for index in weights.indices {
                carried[index] = try carried[index].adding(paid[index])
                rounded[index] = try rounded[index].adding(parts[index])
            }
        }
        return try carried == amounts(row, "carried_remainder_accumulators")
            && rounded == amounts(row, "largest_remainder_each_time")
            && accumulators.carried == amount(row, "carry_left")
    }

    private static func trace(_ row: JSON) throws -> Bool {
        var accumulators = try RemainderAccumulators(
            weights: try amounts(row, "weights").map(\.units))
        for step in try row.member("steps").elements ?? [] {
            guard
                try accumulators.distribute(try amount(step, "amount")) == amounts(step, "pay"),
                try accumulators.carried == amount(step, "carry_after")
            else { return false }
        }
        return true
    }
}
