// Our replicated log against etcd's: three processes each on loopback, the same driver, bodies of
// the same size, taking turns; medians and ratios.
//
// A put of ours goes the whole way of a command: into the leader's log, flushed and sent at once,
// flushed by a majority, committed, applied in a transaction, answered. Our members speak TLS 1.3
// to each other; etcd's, at its defaults, speak in the clear.

import Glibc
import Platform
import Primitives

/// One line of the table.
private struct Stage {
    let load: Load
    let inFlight: Int
    let count: Int

    var title: String { "\(load.rawValue) \(inFlight)" }

    static let all = [
        Stage(load: .put, inFlight: 1, count: 1500),
        Stage(load: .put, inFlight: 64, count: 20_000),
        Stage(load: .put, inFlight: 256, count: 30_000),
        Stage(load: .put, inFlight: 1000, count: 40_000),
        Stage(load: .read, inFlight: 64, count: 20_000),
    ]
}

/// `benchmarks consensus`.
struct ConsensusBenchmark {
    let repeats: Int
    let isJSON: Bool
    /// Whether a million puts follow, for the memory they leave.
    let isLong: Bool

    func run() async throws(Refusal) {
        guard await LoadDriver.isInstalled() else {
            throw Refusal(
                "benchmarks.missing", "h2load is not installed: apt-get install nghttp2-client")
        }
        let folder = try BenchFolder.make("consensus")
        defer { BenchFolder.remove(folder) }
        let version = await EtcdGroup.version()
        if version == nil { say("etcd is not installed: apt-get install -y etcd-server") }
        let ours = try await AlthingGroup(folder: "\(folder)/althing")
        let theirs: EtcdGroup? =
            version == nil ? nil : try await EtcdGroup(folder: "\(folder)/etcd")
        let contenders: [any Contender] = [ours] + (theirs.map { [$0] } ?? [])
        do throws(Refusal) {
            let report = try await measure(contenders, ours, folder, version)
            for contender in contenders { await contender.stop() }
            if isJSON { print(report.compact) }
        } catch {
            for contender in contenders { await contender.stop() }
            throw error
        }
    }

    private func say(_ line: String) { if !isJSON { print(line) } }

    private func measure(
        _ contenders: [any Contender], _ ours: AlthingGroup, _ folder: String, _ version: String?
    ) async throws(Refusal) -> JSON {
        let driver = LoadDriver(folder: folder)
        let disk = try FlushProbe.median(in: folder)
        say("\(version ?? "no etcd"); fdatasync p50 \(column(disk, digits: 3, width: 1)) ms;")
        say("puts of 264 bytes, medians of \(repeats), taking turns")
        say("")
        say("in flight   who          per s     p50 ms     p99 ms   x per s   x p99")
        for contender in contenders {  // the first run warms up
            _ = try await driver.run(.put, to: contender, inFlight: 64, count: 4000)
        }
        var lines: [JSON] = []
        var flushes: JSON = .null
        for stage in Stage.all {
            let leader = try await ours.leader()
            let flushesBefore = try await flushCount(ours, leader)
            let putsBefore = try await ours.putCount()
            lines += try await run(stage, contenders, driver)
            if stage.inFlight == 1000 {
                let puts = try await ours.putCount() - putsBefore
                let count = try await flushCount(ours, leader) - flushesBefore
                let ratio = Double(puts) / max(1, count)
                say("            entries per flush at 1000: \(column(ratio, digits: 1, width: 1))")
                flushes = .number(decimal(ratio))
            }
        }
        if isLong {
            _ = try await driver.run(.put, to: ours, inFlight: 256, count: 1_000_000)
        }
        let memory = contenders.map { contender in
            let sizes = contender.processes.map { residentBytes(of: $0) >> 20 }
            say("resident MiB of \(contender.name): \(sizes)")
            return JSON.Member(contender.name, .array(sizes.map { .int($0) }))
        }
        return [
            "etcd": version.map { .string($0) } ?? .null,
            "fdatasync_p50_ms": .number(decimal(disk)),
            "stages": .array(lines), "entries_per_flush": flushes,
            "resident_mebibytes": .object(memory),
        ]
    }

    private func flushCount(_ group: AlthingGroup, _ member: Int) async throws(Refusal) -> Double {
        try await group.metric("althing_log_flush_duration_seconds_count", of: member)
    }

    /// Repeats take turns, so that a busy spell of the machine hits all alike.
    private func run(
        _ stage: Stage, _ contenders: [any Contender], _ driver: LoadDriver
    ) async throws(Refusal) -> [JSON] {
        var results = contenders.map { _ in [LoadResult]() }
        for _ in 0..<repeats {
            for (place, contender) in contenders.enumerated() {
                let before = stage.load == .put ? try await contender.putCount() : 0
                let result = try await driver.run(
                    stage.load, to: contender, inFlight: stage.inFlight, count: stage.count)
                let after = stage.load == .put ? try await contender.putCount() : 0
                guard stage.load == .read || after - before >= UInt64(stage.count - result.failed)
                else {
                    throw Refusal(
                        "benchmarks.lost",
                        "\(contender.name) applied \(after - before) of \(stage.count) puts")
                }
                results[place].append(result)
            }
        }
        let base = results.count > 1 ? medians(results[1]) : nil
        return zip(contenders, results).map { contender, runs in
            line(stage, contender.name, runs, base)
        }
    }

    private func medians(_ runs: [LoadResult]) -> LoadResult {
        LoadResult(
            perSecond: median(runs.map(\.perSecond)), p50: median(runs.map(\.p50)),
            p99: median(runs.map(\.p99)), failed: runs.reduce(0) { $0 + $1.failed })
    }

    private func line(
        _ stage: Stage, _ name: String, _ runs: [LoadResult], _ base: LoadResult?
    ) -> JSON {
        let middle = medians(runs)
        let faster = base.map { middle.perSecond / $0.perSecond }
        let later = base.map { middle.p99 / $0.p99 }
        say(
            stage.title.padded(12) + name.padded(10) + column(middle.perSecond, width: 8)
                + column(middle.p50, digits: 2, width: 11)
                + column(middle.p99, digits: 2, width: 11)
                + (faster.map { column($0, digits: 2, width: 10) } ?? "")
                + (later.map { column($0, digits: 2, width: 8) } ?? "")
                + (middle.failed > 0 ? "  failed: \(middle.failed)" : ""))
        return [
            "load": .string(stage.load.rawValue), "in_flight": .int(stage.inFlight),
            "name": .string(name), "per_second": .number(decimal(middle.perSecond)),
            "p50_ms": .number(decimal(middle.p50)), "p99_ms": .number(decimal(middle.p99)),
            "throughput_ratio": faster.map { .number(decimal($0)) } ?? .null,
            "p99_ratio": later.map { .number(decimal($0)) } ?? .null,
            "failed": .int(middle.failed),
        ]
    }
}

/// A number for JSON, with three digits behind the point.
func decimal(_ value: Double) -> String { column(value, digits: 3, width: 1) }

/// What one flush costs on this disk, now.
enum FlushProbe {
    /// The median of 300 flushes of 512 fresh bytes in a file with reserved space, in milliseconds.
    static func median(in folder: String) throws(Refusal) -> Double {
        let path = "\(folder)/flush.probe"
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        defer { try? Files.remove(path) }
        try file.reserve(1 << 20)
        var times: [Double] = []
        for turn in 0..<300 {
            try file.write([UInt8](repeating: 7, count: 512), at: UInt64(turn) * 512)
            let start = SystemClock.monotonicNanoseconds()
            try file.synchronizeData()
            times.append(Double(SystemClock.monotonicNanoseconds() - start) / 1e6)
        }
        return benchmarks.median(times)
    }
}

/// Folders for what is measured.
enum BenchFolder {
    /// A new folder under `TMPDIR`.
    static func make(_ name: String) throws(Refusal) -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let path = "\(base)/althing-\(name)-\(getpid())"
        try Files.makeFolders(path, mode: 0o700)
        return path
    }

    /// Removes it with all that is in it, unless `ALTHING_KEEP` is set.
    static func remove(_ path: String) {
        if getenv("ALTHING_KEEP") == nil { try? Files.removeTree(path) }
    }
}
