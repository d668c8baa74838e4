// Counters, gauges and histograms, and their text for Prometheus.
//
// Metrics are made once, at start, and then touched by any thread without a lock. Names are checked
// when a metric is made: `althing_<room>_<thing>_<unit>[_total]`. Labels are few and fixed: never
// anything that a user chose.

public import Primitives
import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    /// Adds to it.
    public func add(_ amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    /// What was added so far.
    public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
    private let current = Atomic<Int64>(0)

    /// Sets it.
    public func set(_ value: Int64) { current.store(value, ordering: .relaxed) }

    /// Moves it.
    public func add(_ amount: Int64) { current.wrappingAdd(amount, ordering: .relaxed) }

    /// What it is now.
    public var value: Int64 { current.load(ordering: .relaxed) }
}

/// How often which durations came, in seconds for the reader, in nanoseconds inside.
public final class Histogram: Sendable {
    /// Upper bounds in nanoseconds: from 50 microseconds to about 26 seconds, each twice the last.
    static let bounds: [UInt64] = (0..<20).map { 50_000 << UInt64($0) }

    private let buckets: [Counter] = (0...Histogram.bounds.count).map { _ in Counter() }
    private let sum = Counter()

    /// Notes one duration.
    public func record(nanoseconds: UInt64) {
        // Twenty comparisons at most, and short ones are the most frequent.
        let bucket = Histogram.bounds.firstIndex { nanoseconds <= $0 } ?? Histogram.bounds.count
        buckets[bucket].add()
        sum.add(nanoseconds)
    }

    /// How many there were.
    public var count: UInt64 { buckets.reduce(0) { $0 + $1.value } }

    /// All of them together.
    public var totalNanoseconds: UInt64 { sum.value }

    /// Counts up to each bound, and in all.
    var cumulative: [UInt64] {
        var total: UInt64 = 0
        return buckets.map { bucket in
            total += bucket.value
            return total
        }
    }
}

/// The metrics of one process.
public final class MetricsRegistry: Sendable {
    private enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        var kind: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Family: Sendable {
        let help: String
        let kind: String
        var series: [(labels: String, instrument: Instrument)] = []
    }

    /// The most series one process shows; past it new ones are refused, so that a mistake with
    /// labels cannot fill the memory of whoever collects them.
    public static let seriesLimit = 1500

    private let families = Mutex<[String: Family]>([:])

    /// No metrics yet.
    public init() {}

    // MARK: Making

    /// A counter, made on first use; its name ends with `_total`.
    public func counter(
        _ name: String, _ help: String, labels: [(String, String)] = []
    ) throws(Refusal) -> Counter {
        guard name.hasSuffix("_total") else {
            throw Refusal("metric.bad-name", "the counter \(name) must end with _total")
        }
        let made = try instrument(name, help, labels, .counter(Counter()))
        guard case .counter(let counter) = made else { throw mismatch(name) }
        return counter
    }

    /// A gauge, made on first use.
    public func gauge(
        _ name: String, _ help: String, labels: [(String, String)] = []
    ) throws(Refusal) -> Gauge {
        guard !name.hasSuffix("_total") else {
            throw Refusal("metric.bad-name", "the gauge \(name) must not end with _total")
        }
        let made = try instrument(name, help, labels, .gauge(Gauge()))
        guard case .gauge(let gauge) = made else { throw mismatch(name) }
        return gauge
    }

    /// A histogram of durations, made on first use; its name ends with `_seconds`.
    public func histogram(
        _ name: String, _ help: String, labels: [(String, String)] = []
    ) throws(Refusal) -> Histogram {
        guard name.hasSuffix("_seconds") else {
            throw Refusal("metric.bad-name", "the histogram \(name) must end with _seconds")
        }
        let made = try instrument(name, help, labels, .histogram(Histogram()))
        guard case .histogram(let histogram) = made else { throw mismatch(name) }
        return histogram
    }

    private func mismatch(_ name: String) -> Refusal {
        Refusal("metric.bad-name", "the metric \(name) is already of another kind")
    }

    private func instrument(
        _ name: String, _ help: String, _ labels: [(String, String)], _ new: Instrument
    ) throws(Refusal) -> Instrument {
        guard name.hasPrefix("althing_"), name.utf8.count <= 100,
            name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 })
        else { throw Refusal("metric.bad-name", "\(name) is no name of a metric") }
        let text = MetricsRegistry.text(of: labels)
        return try families.withLock { families throws(Refusal) in
            var family = families[name] ?? Family(help: help, kind: new.kind)
            if let known = family.series.first(where: { $0.labels == text }) {
                return known.instrument
            }
            guard family.kind == new.kind else { throw mismatch(name) }
            let count = families.values.reduce(0) { $0 + $1.series.count }
            guard count < MetricsRegistry.seriesLimit else {
                throw Refusal("metric.too-many", "there are \(count) series of metrics already")
            }
            family.series.append((text, new))
            families[name] = family
            return new
        }
    }

    // MARK: Showing

    /// All metrics in Prometheus's text format, sorted by name.
    public func prometheusText() -> String {
        let families = families.withLock { $0 }
        var lines: [String] = []
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            lines.append("# HELP \(name) \(MetricsRegistry.escape(family.help, quotes: false))")
            lines.append("# TYPE \(name) \(family.kind)")
            for (labels, instrument) in family.series.sorted(by: { $0.labels < $1.labels }) {
                let suffix = labels.isEmpty ? "" : "{\(labels)}"
                switch instrument {
                case .counter(let counter): lines.append("\(name)\(suffix) \(counter.value)")
                case .gauge(let gauge): lines.append("\(name)\(suffix) \(gauge.value)")
                case .histogram(let histogram):
                    lines += MetricsRegistry.lines(name, labels, suffix, histogram)
                }
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func lines(
        _ name: String, _ labels: String, _ suffix: String, _ histogram: Histogram
    ) -> [String] {
        let comma = labels.isEmpty ? "" : ","
        let counts = histogram.cumulative
        var lines: [String] = []
        for (bound, count) in zip(Histogram.bounds, counts) {
            lines.append("\(name)_bucket{\(labels)\(comma)le=\"\(seconds(bound))\"} \(count)")
        }
        let total = counts.last ?? 0
        lines.append("\(name)_bucket{\(labels)\(comma)le=\"+Inf\"} \(total)")
        lines.append("\(name)_sum\(suffix) \(seconds(histogram.totalNanoseconds))")
        lines.append("\(name)_count\(suffix) \(total)")
        return lines
    }

    /// Nanoseconds as decimal seconds, exact: `0.00005`.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let fraction = String(nanoseconds % 1_000_000_000)
        var digits = String(repeating: "0", count: 9 - fraction.count) + fraction
        while digits.hasSuffix("0") { digits.removeLast() }
        let whole = String(nanoseconds / 1_000_000_000)
        return digits.isEmpty ? whole : "\(whole).\(digits)"
    }

    private static func text(of labels: [(String, String)]) -> String {
        labels.sorted { $0.0 < $1.0 }
            .map { "\($0.0)=\"\(escape($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        return quotes ? escaped.replacing("\"", with: "\\\"") : escaped
    }
}
