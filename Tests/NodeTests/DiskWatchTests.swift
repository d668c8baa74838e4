// A disk that is full, and one that is stuck, as the member sees them.

import ControlPlane
import LogStore
import Platform
import Primitives
import Synchronization
import Telemetry
import Testing
import Transport

@testable import Node

/// A disk that has no room for new files until it is told so, and whose flushes can be held.
private final class MoodyDisk: LogDisk, Sendable {
    let isFull = Atomic<Bool>(false)
    let isStuck = Atomic<Bool>(false)
    private let memory = MemoryDisk()

    func makeFolder(_ path: String) throws(Refusal) { memory.makeFolder(path) }
    func list(_ folder: String) throws(Refusal) -> [String] { memory.list(folder) }
    func create(_ path: String, size: UInt64) throws(Refusal) -> any LogFile {
        guard !isFull.load(ordering: .relaxed) else {
            throw Refusal("file.no-space", "there is no space")
        }
        return MoodyFile(file: try memory.create(path, size: size), disk: self)
    }
    func open(_ path: String) throws(Refusal) -> any LogFile { try memory.open(path) }
    func remove(_ path: String) throws(Refusal) { memory.remove(path) }
    func flushFolder(_ path: String) throws(Refusal) { memory.flushFolder(path) }
}

private struct MoodyFile: LogFile {
    let file: any LogFile
    let disk: MoodyDisk

    func size() throws(Refusal) -> UInt64 { try file.size() }
    func read(at position: UInt64, count: Int) throws(Refusal) -> [UInt8] {
        try file.read(at: position, count: count)
    }
    func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal) {
        try file.write(bytes, at: position)
    }
    func flush() throws(Refusal) {
        while disk.isStuck.load(ordering: .relaxed) { SystemThread.pause() }
        try file.flush()
    }
    func reset(length: UInt64, size: UInt64) throws(Refusal) {
        try file.reset(length: length, size: size)
    }
}

@Suite(.timeLimit(.minutes(1))) struct DiskWatchTests {
    private let disk = MoodyDisk()

    private func watched() throws -> (MeasuredDisk, DiskWatch) {
        let watch = try DiskWatch(MetricsRegistry())
        return (MeasuredDisk(disk: disk, watch: watch), watch)
    }

    @Test func `a full disk is waited out, and is known to be full meanwhile`() async throws {
        let (measured, watch) = try watched()
        let store = try LogStore(folder: "log", disk: measured)
        disk.isFull.store(true, ordering: .relaxed)
        let stored = Mutex<Result<LogPosition, Refusal>?>(nil)
        store.append([.entry(LogEntry(index: 1, term: 1, payload: [1]))]) { result in
            stored.withLock { $0 = result }
        }
        _ = try await eventually("the disk to be full") { () async throws(Refusal) -> Bool? in
            watch.isFull && watch.isStuck(for: 1) ? true : nil
        }
        #expect(stored.withLock { $0 } == nil)
        disk.isFull.store(false, ordering: .relaxed)
        _ = try await eventually("the entry to be stored") { () async throws(Refusal) -> Bool? in
            guard case .success = stored.withLock({ $0 }) else { return nil }
            return true
        }
        #expect(!watch.isFull && !watch.isStuck(for: 1))
        store.close()
    }

    @Test func `a member that stops does not wait for space`() async throws {
        let (measured, _) = try watched()
        let store = try LogStore(folder: "log", disk: measured)
        disk.isFull.store(true, ordering: .relaxed)
        let stored = Mutex<Result<LogPosition, Refusal>?>(nil)
        store.append([.entry(LogEntry(index: 1, term: 1, payload: [1]))]) { result in
            stored.withLock { $0 = result }
        }
        store.close()
        guard case .failure(let refusal) = stored.withLock({ $0 }) else {
            Issue.record("a batch that had no room was not refused")
            return
        }
        #expect(refusal.code == "file.no-space")
    }

    @Test func `a flush that does not return is seen`() async throws {
        let (measured, watch) = try watched()
        let store = try LogStore(folder: "log", disk: measured)
        disk.isStuck.store(true, ordering: .relaxed)
        store.append([.entry(LogEntry(index: 1, term: 1, payload: [1]))]) { _ in }
        _ = try await eventually("the disk to be stuck") { () async throws(Refusal) -> Bool? in
            watch.isStuck(for: 50) ? true : nil
        }
        #expect(!watch.isFull)
        disk.isStuck.store(false, ordering: .relaxed)
        store.close()
        #expect(watch.stuckNanoseconds == 0)
        #expect(watch.flushes.count > 0)
    }

    @Test func `a leader whose disk hangs gives the lead away, and follows when it is well`()
        async throws
    {
        let disks = [MoodyDisk(), MoodyDisk(), MoodyDisk()]
        let deployment = try Deployment(members: 3, name: BenchEntry.deploymentName)
        do {
            for member in deployment.members {
                try await deployment.start(member) { settings in
                    settings.takesBenchPuts = true
                    settings.logDisk = disks[Int(member) - 1]
                    settings.stallMilliseconds = 200
                }
            }
            let first = try await deployment.leader(among: [1, 2, 3])
            let others = deployment.members.filter { $0 != first }
            disks[Int(first) - 1].isStuck.store(true, ordering: .relaxed)
            // Something has to be flushed for the disk to hang in.
            let nudge = Task {
                _ = try? await deployment.ask(
                    first, "POST", "/bench", body: Array("benchkey1".utf8))
            }
            let second = try await deployment.leader(among: others)
            let put = try await deployment.ask(
                second, "POST", "/bench", body: Array("benchkey2".utf8))
            #expect(put.status == 200)
            disks[Int(first) - 1].isStuck.store(false, ordering: .relaxed)
            await nudge.value
            _ = try await deployment.agreement(of: [1, 2, 3])
            let text = try await deployment.ask(first, "GET", "/metrics").text
            #expect(!text.contains("\nalthing_log_stalls_total 0\n"))
            #expect(!text.contains("\nalthing_raft_hand_overs_total 0\n"))
        } catch {
            for disk in disks { disk.isStuck.store(false, ordering: .relaxed) }
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }
}
