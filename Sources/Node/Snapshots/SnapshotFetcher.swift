// Taking a snapshot from another member: streamed to a file beside the state, checked whole, then
// put in the state's place by whoever asked.

import ControlPlane
import Cryptography
import Glibc
import Logging
import Platform
import Primitives
import Synchronization
import Transport

/// Fetches snapshots of other members.
final class SnapshotFetcher: Sendable {
    private let folder: String
    private let caller: PeerCaller
    private let logger: Logger
    private let underWay = Mutex<SnapshotDescriptor?>(nil)
    /// How often a broken stream is taken up again where it stopped.
    private static let attemptLimit = 5

    init(dataFolder: String, caller: PeerCaller, logger: Logger) throws(Refusal) {
        folder = dataFolder + "/incoming"
        self.caller = caller
        self.logger = logger
        try Files.makeFolders(folder)
        for name in try Files.list(folder) { try Files.remove("\(folder)/\(name)") }
    }

    /// Where a fetched snapshot lies.
    func path(_ descriptor: SnapshotDescriptor) -> String {
        "\(folder)/state-\(descriptor.index).sqlite"
    }

    /// Fetches a snapshot unless that is being done, and calls back when it is here and sound.
    func begin(
        _ descriptor: SnapshotDescriptor, from member: UInt64,
        done: @escaping @Sendable () -> Void
    ) {
        let isFirst = underWay.withLock { underWay in
            guard underWay == nil else { return false }
            underWay = descriptor
            return true
        }
        guard isFirst else { return }
        Task {
            defer { underWay.withLock { $0 = nil } }
            do throws(Refusal) {
                try await fetch(descriptor, from: member)
                done()
            } catch {
                logger.warning(
                    "a snapshot did not arrive",
                    metadata: [
                        "from": "\(member)", "index": "\(descriptor.index)",
                        "code": "\(error.code)", "why": "\(error.message)",
                    ])
            }
        }
    }

    /// Fetches a snapshot that covers at least `index`; gives its descriptor.
    func newest(covering index: UInt64, from member: UInt64) async throws(Refusal)
        -> SnapshotDescriptor
    {
        let bytes = try await caller.get(member, "/peer/snapshot?covering=\(index)")
        let descriptor = try SnapshotDescriptor(decoding: bytes)
        guard descriptor.index >= index else {
            throw Refusal(
                "snapshot.old", "member \(member) has only a snapshot of \(descriptor.index)")
        }
        try await fetch(descriptor, from: member)
        return descriptor
    }

    private func fetch(_ descriptor: SnapshotDescriptor, from member: UInt64)
        async throws(Refusal)
    {
        let target = path(descriptor)
        if Files.exists(target) { return }
        let part = target + ".part"
        try SnapshotStore.remove(part)
        logger.info(
            "fetching a snapshot",
            metadata: [
                "from": "\(member)", "index": "\(descriptor.index)", "bytes": "\(descriptor.size)",
            ])
        let file = try FileDescriptor.open(part, O_RDWR | O_CREAT | O_TRUNC, deed: "create")
        var position: UInt64 = 0
        var attempt = 1
        while position < descriptor.size {
            do throws(Refusal) {
                try await stream(descriptor, from: member, to: file, position: &position)
            } catch {
                attempt += 1
                guard attempt <= SnapshotFetcher.attemptLimit, error.code.hasPrefix("transport.")
                else { throw error }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        try await SnapshotFetcher.check(part, descriptor)
        try Files.move(part, to: target)
        try Files.synchronizeFolder(folder)
    }

    private func stream(
        _ descriptor: SnapshotDescriptor, from member: UInt64, to file: FileDescriptor,
        position: inout UInt64
    ) async throws(Refusal) {
        let request = try caller.request(
            "GET", member, "/peer/snapshot/\(descriptor.index)?from=\(position)")
        let answer = try await caller.client.stream(request)
        guard answer.status == 200 else {
            throw Refusal(
                "snapshot.gone", "member \(member) no longer has the snapshot \(descriptor.index)")
        }
        var pieces = answer.body.makeAsyncIterator()
        while let piece = try await pieces.next() {
            guard UInt64(piece.count) <= descriptor.size - position else {
                throw Refusal("snapshot.malformed", "the snapshot is longer than announced")
            }
            try file.write(piece, at: position)
            position += UInt64(piece.count)
        }
    }

    /// Every byte, then every row.
    private static func check(_ path: String, _ descriptor: SnapshotDescriptor)
        async throws(Refusal)
    {
        try await Blocking.run("snapshot-check") { () throws(Refusal) in
            let (size, digest) = try SnapshotStore.hash(path)
            guard size == descriptor.size, digest == descriptor.digest else {
                throw Refusal("snapshot.malformed", "the snapshot is not the one announced")
            }
            let found = try SnapshotStore.inspect(path)
            guard found.index == descriptor.index, found.term == descriptor.term,
                found.configuration == descriptor.configuration
            else { throw Refusal("snapshot.malformed", "the snapshot is of another entry") }
        }
    }
}

/// Work that blocks, kept off the shared pool.
enum Blocking {
    /// Runs `body` on a thread of its own.
    static func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws(Refusal) -> Value
    ) async throws(Refusal) -> Value {
        let result: Result<Value, Refusal> = await withCheckedContinuation { continuation in
            do throws(Refusal) {
                try SystemThread.start(name) {
                    let outcome: Result<Value, Refusal>
                    do throws(Refusal) {
                        outcome = .success(try body())
                    } catch {
                        outcome = .failure(error)
                    }
                    continuation.resume(returning: outcome)
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}
