// Durable copies of the state: the newest and the one before it.
//
// A copy is made from the database while it is in use, every row of it is checked, and it is on the
// device before anything relies on it. So rot in the state is found here at the latest, and there
// is always a sound copy to go back to and to send to others.

import ControlPlane
import Cryptography
import Glibc
import Platform
import Primitives
import Synchronization

/// The snapshots in a member's data folder.
final class SnapshotStore: Sendable {
    private let folder: String
    private let statePath: String
    private let latest: Mutex<SnapshotDescriptor?>
    private let making = Mutex(())

    /// Opens the folder, making it when there is none.
    init(dataFolder: String) throws(Refusal) {
        folder = dataFolder + "/snapshots"
        statePath = dataFolder + "/state.sqlite"
        try Files.makeFolders(folder)
        latest = Mutex(try SnapshotStore.readDescriptor(folder))
    }

    private static func readDescriptor(_ folder: String) throws(Refusal) -> SnapshotDescriptor? {
        let path = folder + "/newest"
        guard Files.exists(path),
            let found = try? SnapshotDescriptor(decoding: try Files.read(path, limit: 1 << 17)),
            try Files.information("\(folder)/\(fileName(found.index))")?.size == found.size
        else { return nil }
        return found
    }

    /// The newest snapshot.
    var newest: SnapshotDescriptor? { latest.withLock { $0 } }

    private static func fileName(_ index: UInt64) -> String { "state-\(index).sqlite" }

    /// Where the snapshot at `index` lies, if it does.
    func path(_ index: UInt64) -> String { "\(folder)/\(SnapshotStore.fileName(index))" }

    // MARK: Making

    /// Copies the state, checks every row of the copy and keeps it. Blocks: not for the shared
    /// pool. Writes go on meanwhile.
    ///
    /// Throws `state.damaged` when the state is, and what the disk refuses.
    func make() throws(Refusal) -> SnapshotDescriptor {
        try making.withLock { _ throws(Refusal) in
            let fresh = folder + "/state-new.sqlite"
            try SnapshotStore.remove(fresh)
            try StateDatabase.copy(statePath, to: fresh)
            let found = try SnapshotStore.inspect(fresh)
            if let newest, newest.index == found.index {
                try SnapshotStore.remove(fresh)
                return newest
            }
            try keep(fresh, found)
            return found
        }
    }

    private func keep(_ file: String, _ descriptor: SnapshotDescriptor) throws(Refusal) {
        let before = newest?.index
        try Files.move(file, to: path(descriptor.index))
        try Files.synchronizeFolder(folder)
        try Files.writeAtomically(folder + "/newest", descriptor.encoded)
        latest.withLock { $0 = descriptor }
        // The one before stays: somebody may be reading it.
        let wanted = Set([descriptor.index, before].compactMap { $0 }.map(SnapshotStore.fileName))
        for name in try Files.list(folder)
        where name.hasPrefix("state-") && !wanted.contains(name) {
            try Files.remove("\(folder)/\(name)")
        }
    }

    /// Reads all of a copy: every row must hold. Flushes it to the device.
    static func inspect(_ path: String) throws(Refusal) -> SnapshotDescriptor {
        let (index, term, configuration) = try verified(path)
        let (size, digest) = try hash(path)
        return SnapshotDescriptor(
            index: index, term: term, configuration: configuration, size: size, digest: digest)
    }

    private static func verified(_ path: String) throws(Refusal) -> (UInt64, UInt64, [UInt8]) {
        let database = try StateDatabase(path: path)
        try database.verify()
        return (database.appliedIndex, database.appliedTerm, database.configuration)
    }

    /// A file's size and SHA-256, after flushing it to the device.
    static func hash(_ path: String) throws(Refusal) -> (size: UInt64, digest: Digest) {
        let file = try FileDescriptor.open(path, O_RDWR)
        try file.synchronize()
        var hasher = SHA256.Hasher()
        var position: UInt64 = 0
        while true {
            let bytes = try file.read(at: position, count: 1 << 20)
            if bytes.isEmpty { break }
            hasher.update(bytes)
            position += UInt64(bytes.count)
        }
        return (position, hasher.finalize())
    }

    /// Removes a database with what SQLite keeps beside it.
    static func remove(_ path: String) throws(Refusal) {
        for suffix in ["", "-wal", "-shm", "-journal"] { try Files.remove(path + suffix) }
    }

    // MARK: Going back

    /// Puts the newest snapshot in the state's place. False when there is none that is whole.
    func restore() throws(Refusal) -> Bool {
        guard let newest, let found = try? SnapshotStore.hash(path(newest.index)),
            found.size == newest.size, found.digest == newest.digest
        else { return false }
        try SnapshotStore.remove(statePath)
        try StateDatabase.copy(path(newest.index), to: statePath)
        return true
    }

    /// Puts a state that was fetched, checked and flushed in the state's place.
    func install(_ file: String) throws(Refusal) {
        try SnapshotStore.remove(statePath)
        try Files.move(file, to: statePath)
        try Files.synchronizeFolder(Files.parent(of: statePath))
    }
}
