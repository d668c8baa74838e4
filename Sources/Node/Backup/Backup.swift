// Taking a backup from a running member, believing none of it, and starting over from one.

import ControlPlane
import Cryptography
import Glibc
import LogStore
public import Logging
import Platform
public import Primitives
import Transport

/// What a backup holds.
public struct BackupReport: Sendable {
    /// The deployment's genesis digest.
    public var genesis: Digest
    /// The last entry in it.
    public var index: UInt64
    /// A digest of the state as of that entry.
    public var stateDigest: Digest
    /// Entries in it, since the genesis.
    public var entries: UInt64
    /// Signatures that were verified; 0 where the backup was only read.
    public var signatures: UInt64
    /// The file's size.
    public var bytes: UInt64
    /// The epoch it was taken in.
    public var epoch: UInt64

    /// As an object.
    public var json: JSON {
        [
            "genesis": .string(genesis.hex), "index": .int(index),
            "state_digest": .string(stateDigest.hex), "entries": .int(entries),
            "signatures": .int(signatures), "bytes": .int(bytes), "epoch": .int(epoch),
        ]
    }
}

/// Backups of a deployment.
public enum Backup {
    /// Takes a backup from the member that `settings` describe, while it runs.
    ///
    /// Holds no key. Throws what the member and the disk refuse; nothing is left behind then.
    public static func take(_ settings: MemberSettings, to path: String, logger: Logger)
        async throws(Refusal) -> BackupReport
    {
        guard !Files.exists(path) else {
            throw Refusal("file.exists", "\(path) exists: a backup replaces nothing")
        }
        let scratch = path + ".part"
        try Files.removeTree(scratch)
        try Files.makeFolders(scratch, mode: 0o700)
        do throws(Refusal) {
            let report = try await take(settings, to: path, scratch: scratch, logger: logger)
            try Files.removeTree(scratch)
            return report
        } catch {
            try? Files.remove(path)
            try? Files.removeTree(scratch)
            throw error
        }
    }

    private static func take(
        _ settings: MemberSettings, to path: String, scratch: String, logger: Logger
    ) async throws(Refusal) -> BackupReport {
        let line = try OperatorLine(settings)
        defer { line.close() }
        let genesis = settings.genesis
        // The head first: what comes after it covers it.
        let checkpoint = try await line.get("/log/checkpoint")
        let status = try JSON.parse(try await line.get("/api/v1/status"))
        let applied = status["applied_index"]?.unsigned ?? 0
        let fetcher = try SnapshotFetcher(
            dataFolder: scratch, caller: line.caller, logger: logger)
        let descriptor = try await fetcher.newest(covering: applied, from: settings.seat.id)
        var writer = try BackupWriter(path)
        try writer.add(.genesis, genesis.encoded)
        try writer.add(.checkpoint, checkpoint)
        try writer.add(.descriptor, descriptor.encoded)
        let state = try FileDescriptor.open(fetcher.path(descriptor), O_RDONLY, deed: "read")
        var position: UInt64 = 0
        while position < descriptor.size {
            let piece = try state.read(at: position, count: 4 << 20)
            guard !piece.isEmpty else { break }
            try writer.add(.state, piece)
            position += UInt64(piece.count)
        }
        var next = StateMachine.genesisIndex + 1
        while next <= descriptor.index {
            let page = try await line.entries(from: next).filter { $0.index <= descriptor.index }
            guard let last = page.last, page.first?.index == next else {
                throw Refusal("backup.incomplete", "the member has no entry \(next)")
            }
            var encoder = BinaryEncoder()
            encoder.array(page) { $0.value($1) }
            try writer.add(.entries, encoder.bytes)
            next = last.index + 1
        }
        let size = try writer.finish()
        let database = try StateDatabase(path: fetcher.path(descriptor))
        return BackupReport(
            genesis: genesis.digest, index: descriptor.index, stateDigest: database.stateDigest,
            entries: descriptor.index - StateMachine.genesisIndex, signatures: 0, bytes: size,
            epoch: Views(state: database, genesis: genesis).epoch)
    }

    /// Restores a backup in a scratch folder beside it, replays every entry from the genesis,
    /// checks every signature, and compares the state that results with the one in the backup.
    ///
    /// Throws `backup.damaged`, `backup.malformed`, `backup.differs`, or what an audit finds.
    public static func verify(_ path: String, expected: Digest? = nil) throws(Refusal)
        -> BackupReport
    {
        let scratch = path + ".verify"
        try Files.removeTree(scratch)
        try Files.makeFolders(scratch, mode: 0o700)
        defer { try? Files.removeTree(scratch) }
        let contents = try BackupContents(path, scratch: scratch)
        if let expected, contents.genesis.digest != expected {
            throw Refusal(
                "backup.genesis",
                "the backup's genesis is \(contents.genesis.digest), not \(expected)")
        }
        let audit = Auditor.run(
            AuditFile(
                genesis: contents.genesis.encoded, entries: contents.entries.map(\.encoded),
                checkpoint: contents.checkpoint), expected: expected)
        if let failure = audit.failure {
            throw Refusal(
                failure.code, failure.message,
                at: audit.badEntry.map { "entry \($0)" } ?? failure.place)
        }
        guard audit.stateDigest == contents.stateDigest else {
            throw Refusal(
                "backup.differs",
                "replaying the entries gives the state \(audit.stateDigest), the backup holds "
                    + "\(contents.stateDigest)")
        }
        var report = contents.report
        report.signatures = audit.signatures
        return report
    }

    /// Makes the data folder of a member from a backup, in a new epoch. The member must not run.
    ///
    /// Throws `restore.not-empty` for a data folder with anything in it,
    /// `restore.other-deployment`, and what is wrong with the backup.
    public static func restore(_ path: String, into settings: MemberSettings) throws(Refusal)
        -> BackupReport
    {
        let folder = settings.dataFolder
        let content = Files.exists(folder) ? try Files.list(folder) : []
        guard content.isEmpty else {
            throw Refusal(
                "restore.not-empty",
                "\(folder) is not empty: a restore replaces nothing; move it away first")
        }
        let scratch = folder + ".restore"
        try Files.removeTree(scratch)
        try Files.makeFolders(scratch, mode: 0o700)
        do throws(Refusal) {
            let contents = try BackupContents(path, scratch: scratch)
            guard contents.genesis == settings.genesis else {
                throw Refusal(
                    "restore.other-deployment",
                    "the backup is of genesis \(contents.genesis.digest), this member of "
                        + "\(settings.genesis.digest)")
            }
            let report = try contents.place(in: scratch, seat: settings.seat.id)
            if Files.exists(folder) { try Files.removeTree(folder) }
            try Files.move(scratch, to: folder)
            try Files.synchronizeFolder(Files.parent(of: folder))
            return report
        } catch {
            try? Files.removeTree(scratch)
            throw error
        }
    }
}
