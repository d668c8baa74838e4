// A backup that was read: every section holds, and its state stands in a scratch folder, every row
// checked.

import ControlPlane
import Cryptography
import Glibc
import LogStore
import Platform
import Primitives

/// A backup taken apart.
struct BackupContents {
    let genesis: Genesis
    let checkpoint: String
    let descriptor: SnapshotDescriptor
    let entries: [AuditEntry]
    let stateDigest: Digest
    let epoch: UInt64
    private let size: UInt64
    private let statePath: String

    /// Reads the backup at `path`; its state is put into `scratch`.
    init(_ path: String, scratch: String) throws(Refusal) {
        statePath = scratch + "/state.sqlite"
        let state = try FileDescriptor.open(statePath, O_RDWR | O_CREAT | O_EXCL, deed: "create")
        var reader = try BackupReader(path)
        var parts: [BackupSection: [UInt8]] = [:]
        var entries: [AuditEntry] = []
        var written: UInt64 = 0
        while let (kind, content) = try reader.next() {
            switch kind {
            case .genesis, .checkpoint, .descriptor: parts[kind] = content
            case .state:
                try state.write(content, at: written)
                written += UInt64(content.count)
            case .entries:
                var decoder = BinaryDecoder(content)
                entries += try decoder.array(limit: 1 << 16) { decoder throws(Refusal) in
                    try decoder.value()
                }
            case .end: break
            }
        }
        try state.synchronize()
        guard let genesisBytes = parts[.genesis], let note = parts[.checkpoint],
            let descriptorBytes = parts[.descriptor]
        else { throw Refusal("backup.malformed", "a section of the backup is missing") }
        genesis = try Genesis(decoding: genesisBytes)
        checkpoint = String(decoding: note, as: UTF8.self)
        descriptor = try SnapshotDescriptor(decoding: descriptorBytes)
        self.entries = entries
        size = reader.position
        let found = try SnapshotStore.hash(statePath)
        guard found.size == descriptor.size, found.digest == descriptor.digest else {
            throw Refusal("backup.damaged", "the state is not the one that was announced")
        }
        let database = try StateDatabase(path: statePath)
        try database.verify()
        guard database.appliedIndex == descriptor.index,
            UInt64(entries.count) == descriptor.index - StateMachine.genesisIndex
        else { throw Refusal("backup.malformed", "entries and state do not end at one place") }
        stateDigest = database.stateDigest
        epoch = Views(state: database, genesis: genesis).epoch
    }

    /// What it holds.
    var report: BackupReport {
        BackupReport(
            genesis: genesis.digest, index: descriptor.index, stateDigest: stateDigest,
            entries: UInt64(entries.count), signatures: 0, bytes: size, epoch: epoch)
    }

    /// The seats as of the backup's last entry.
    private func roll() throws(Refusal) -> [SeatStanding] {
        Views(state: try StateDatabase(path: statePath), genesis: genesis).seatRoll()
    }

    /// Completes the scratch folder to a data folder: history, a log that begins behind the state,
    /// the next epoch.
    func place(in folder: String, seat: UInt64) throws(Refusal) -> BackupReport {
        let history = try History(dataFolder: folder, genesis: genesis.digest)
        try history.append(entries)
        let log = try LogStore(folder: folder + "/log")
        defer { log.close() }
        try log.commit([
            .snapshotMark(StoredPosition(index: descriptor.index, term: descriptor.term)),
            .hardState(
                LogHardState(term: max(1, descriptor.term), vote: 0, commit: descriptor.index)),
        ])
        let roll = try roll()
        try SeatsFile(index: descriptor.index, roll: roll).write(folder)
        let life = roll.first { $0.seat.id == seat }?.course.life ?? 0
        try MemberLife(seat: seat, number: life).write(folder)
        var report = report
        report.epoch += 1
        try EpochFile.write(
            EpochFile.Opening(
                epoch: report.epoch,
                reason: "restored from a backup of entry \(descriptor.index), state "
                    + stateDigest.hex), folder)
        return report
    }
}
