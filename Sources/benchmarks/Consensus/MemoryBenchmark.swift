// What a member keeps in memory after a million puts, and after it is started again on what they
// left behind; etcd's members beside it.

import Platform
import Primitives

/// `benchmarks memory`.
struct MemoryBenchmark {
    let puts: Int
    let hasPeer: Bool

    /// The bound on a member, in MiB.
    private static let boundMiB: UInt64 = 96
    private static let inFlight = 256
    private static let rows = 10

    func run() async throws(Refusal) {
        guard await LoadDriver.isInstalled() else {
            throw Refusal(
                "benchmarks.missing", "h2load is not installed: apt-get install nghttp2-client")
        }
        let folder = try BenchFolder.make("memory")
        defer { BenchFolder.remove(folder) }
        printNow("resident MiB of each member, puts of 264 bytes")
        printNow("who          puts  members")
        let ours = try await AlthingGroup(folder: "\(folder)/althing")
        do throws(Refusal) {
            let greatest = try await load(ours, folder)
            try await restart(ours)
            await ours.stop()
            printNow(
                "greatest of ours: \(greatest) MiB a member, bound \(MemoryBenchmark.boundMiB):"
                    + (greatest <= MemoryBenchmark.boundMiB ? " held" : " NOT HELD"))
        } catch {
            await ours.stop()
            throw error
        }
        guard hasPeer, await EtcdGroup.version() != nil else { return }
        let theirs = try await EtcdGroup(folder: "\(folder)/etcd")
        do throws(Refusal) {
            _ = try await load(theirs, folder)
            await theirs.stop()
        } catch {
            await theirs.stop()
            throw error
        }
    }

    /// Puts in portions, a line after each; gives the greatest memory of a member, in MiB.
    private func load(
        _ contender: some Contender, _ folder: String
    ) async throws(Refusal) -> UInt64 {
        let driver = LoadDriver(folder: folder)
        var greatest: UInt64 = 0
        var done = 0
        while done < puts {
            let portion = min(max(1, puts / MemoryBenchmark.rows), puts - done)
            let result = try await driver.run(
                .put, to: contender, inFlight: min(MemoryBenchmark.inFlight, portion),
                count: portion)
            done += portion
            let sizes = contender.processes.map { residentBytes(of: $0) >> 20 }
            greatest = max(greatest, sizes.max() ?? 0)
            line(contender, "\(done)", sizes, result.failed)
        }
        return greatest
    }

    /// Starts every member again: a log that is read when it is opened must not stay in memory.
    private func restart(_ group: AlthingGroup) async throws(Refusal) {
        for member in 1...3 { await group.crash(member) }
        let start = SystemClock.monotonicNanoseconds()
        for member in 1...3 { try await group.start(member) }
        _ = try await group.leader()
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        line(group, "restart", group.processes.map { residentBytes(of: $0) >> 20 }, 0)
        let time = column(seconds, digits: 2, width: 1)
        printNow("all three started again: a leader after \(time) s")
    }

    private func line(
        _ contender: some Contender, _ what: String, _ sizes: [UInt64], _ failed: Int
    ) {
        let fill = String(repeating: " ", count: max(0, 9 - what.count))
        printNow(
            contender.name.padded(8) + fill + what + "  "
                + sizes.map { "\($0)" }.joined(separator: " ")
                + (failed > 0 ? "  failed: \(failed)" : ""))
    }
}
