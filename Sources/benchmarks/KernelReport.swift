// What `benchmarks kernels` prints: a table for a person, or JSON.

/// One line of the report.
struct KernelLine {
    let contest: String
    let unit: String
    let clock: Stopwatch
    let result: Standing
    /// What the rate is compared with, and the ratio of the medians.
    let against: String?
    let ratio: Double?
}

/// Collects lines and prints them as they come, or all at once as JSON.
final class KernelReport {
    private let isJSON: Bool
    private var lines: [KernelLine] = []
    private var notes: [String] = []

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// A remark: what is absent, what a number means.
    func note(_ text: String) {
        notes.append(text)
        if !isJSON { print(text) }
    }

    /// A contest's results; the first entrant is what the others are compared with, unless there is
    /// nothing to compare.
    func add(_ contest: Contest, _ results: [Standing], compare: Bool = true) {
        if !isJSON { print("\(contest.title), \(contest.unit) (\(contest.clock) time)") }
        for (index, result) in results.enumerated() {
            let isCompared = compare && index > 0 && results[0].rate > 0
            let line = KernelLine(
                contest: contest.title, unit: contest.unit, clock: contest.clock, result: result,
                against: isCompared ? results[0].name : nil,
                ratio: isCompared ? result.rate / results[0].rate : nil)
            lines.append(line)
            if !isJSON { print(text(line)) }
        }
    }

    private func text(_ line: KernelLine) -> String {
        let (scaled, prefix) = Self.scaled(line.result.rate)
        let ratio = line.ratio.map { column($0, digits: 3, width: 8) + " x" } ?? ""
        let spread = column(100 * line.result.spread, digits: 1, width: 5)
        return "  " + line.result.name.padded(26) + column(scaled, digits: 2, width: 9)
            + " \(prefix)  +/- \(spread) % \(ratio)"
    }

    private static func scaled(_ rate: Double) -> (Double, String) {
        if rate >= 1e12 { return (rate / 1e12, "T") }
        if rate >= 1e9 { return (rate / 1e9, "G") }
        if rate >= 1e6 { return (rate / 1e6, "M") }
        return (rate, " ")
    }

    /// Prints the JSON, if that was asked for.
    func finish() {
        guard isJSON else { return }
        let items = lines.map { line in
            var fields = [
                "\"contest\":\(quoted(line.contest))", "\"name\":\(quoted(line.result.name))",
                "\"unit\":\(quoted(line.unit))", "\"clock\":\"\(line.clock.rawValue)\"",
                "\"per_second\":\(line.result.rate)", "\"spread\":\(line.result.spread)",
            ]
            if let against = line.against, let ratio = line.ratio {
                fields += ["\"against\":\(quoted(against))", "\"ratio\":\(ratio)"]
            }
            return "{" + fields.joined(separator: ",") + "}"
        }
        let remarks = notes.map(quoted).joined(separator: ",")
        print("{\"notes\":[\(remarks)],\"results\":[\(items.joined(separator: ",\n"))]}")
    }

    private func quoted(_ text: String) -> String {
        "\"" + text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined() + "\""
    }
}

extension String {
    /// Filled up with blanks.
    func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
