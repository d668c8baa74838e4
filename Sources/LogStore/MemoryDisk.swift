// A disk in memory that forgets, tears, rots and fills up: what the log is tested against, and what
// simulations run on. All of it follows from a seed.
//
// It keeps what a device keeps: data that was not flushed may be lost at a crash, sector by sector
// and in any order; names that were not flushed may be lost too.

import Platform
public import Primitives
import Synchronization

/// A disk in memory with faults on demand.
public final class MemoryDisk: LogDisk {
    static let sectorSize = 512

    struct Content: Sendable {
        /// What survives a crash.
        var flushed: [UInt8] = []
        /// What a reader sees.
        var current: [UInt8] = []
        /// Sectors that differ from what is flushed.
        var dirty: Set<Int> = []
        /// Whether the name survives a crash.
        var isNameFlushed = false
    }

    struct State: Sendable {
        var files: [String: Content] = [:]
        /// Names removed since the last flush of the folder: a crash may bring them back.
        var removed: [String: Content] = [:]
        var capacity = UInt64.max
        var flushFailure: Int32?
        var flushesToLose = 0
        var flushCount = 0
        var writesUntilFailure: Int?
    }

    let state = Mutex(State())

    /// An empty disk.
    public init() {}

    // MARK: Faults

    /// How many bytes fit; creating a file past this is refused with `file.no-space`.
    public func setCapacity(_ bytes: UInt64) { state.withLock { $0.capacity = bytes } }

    /// From now on every flush fails with this error number; nil ends it.
    public func failFlushes(_ errorNumber: Int32?) {
        state.withLock { $0.flushFailure = errorNumber }
    }

    /// The next `count` flushes report success and do nothing.
    public func loseFlushes(_ count: Int) { state.withLock { $0.flushesToLose = count } }

    /// The write after `count` more fails half done.
    public func failWrite(after count: Int) { state.withLock { $0.writesUntilFailure = count } }

    /// How many flushes of files there were.
    public var flushCount: Int { state.withLock { $0.flushCount } }

    /// Names of all files, sorted.
    public var names: [String] { state.withLock { $0.files.keys.sorted() } }

    /// The bytes of a file.
    public func bytes(of path: String) -> [UInt8] {
        state.withLock { $0.files[path]?.current ?? [] }
    }

    /// Changes a file behind the log's back, on the device itself.
    public func damage(_ path: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard var content = state.files[path] else { return }
            change(&content.current)
            content.flushed = content.current
            content.dirty = []
            state.files[path] = content
        }
    }

    /// Removes a file behind the log's back.
    public func lose(_ path: String) { state.withLock { _ = $0.files.removeValue(forKey: path) } }

    /// The disk as found after a crash now: of what was not flushed, each sector and each name
    /// may or may not be there.
    public func afterCrash(_ random: inout SplitMix64) -> MemoryDisk {
        let before = state.withLock { $0 }
        let after = MemoryDisk()
        var files: [String: Content] = [:]
        for path in before.files.keys.sorted() {
            guard let content = before.files[path] else { continue }
            if !content.isNameFlushed, random.next(below: 2) == 0 { continue }
            files[path] = MemoryDisk.crashed(content, &random)
        }
        for path in before.removed.keys.sorted() where files[path] == nil {
            guard let content = before.removed[path], random.next(below: 2) == 0 else { continue }
            files[path] = MemoryDisk.crashed(content, &random)
        }
        let survivors = files
        after.state.withLock { $0.files = survivors }
        return after
    }

    private static func crashed(_ content: Content, _ random: inout SplitMix64) -> Content {
        var bytes = content.flushed
        let missing = content.current.count - bytes.count
        if missing > 0 { bytes += [UInt8](repeating: 0, count: missing) }
        for sector in content.dirty.sorted() where random.next(below: 2) == 0 {
            let start = sector * sectorSize
            let end = min(start + sectorSize, content.current.count, bytes.count)
            if start < end { bytes[start..<end] = content.current[start..<end] }
        }
        return Content(flushed: bytes, current: bytes, dirty: [], isNameFlushed: true)
    }

    // MARK: The disk

    /// Folders need not be made here.
    public func makeFolder(_ path: String) {}

    /// Names in the folder, sorted.
    public func list(_ folder: String) -> [String] {
        state.withLock { state in
            state.files.keys.filter { Files.parent(of: $0) == folder }.map {
                Files.name(of: $0)
            }.sorted()
        }
    }

    /// Makes a file of `size` zeros.
    public func create(_ path: String, size: UInt64) throws(Refusal) -> any LogFile {
        let isFull = state.withLock { state -> Bool in
            let used = state.files.values.reduce(0) { $0 + UInt64($1.current.count) }
            guard used + size <= state.capacity else { return true }
            var content = Content()
            content.current = [UInt8](repeating: 0, count: Int(size))
            state.files[path] = content
            return false
        }
        guard !isFull else {
            throw Refusal(
                "file.no-space", "cannot create \(path): no space is left on the device")
        }
        return MemoryFile(disk: self, path: path)
    }

    /// Opens a file.
    public func open(_ path: String) throws(Refusal) -> any LogFile {
        guard state.withLock({ $0.files[path] != nil }) else {
            throw Refusal("file.missing", "cannot open \(path): no such file or folder")
        }
        return MemoryFile(disk: self, path: path)
    }

    /// Removes a file.
    public func remove(_ path: String) {
        state.withLock { state in
            guard let content = state.files.removeValue(forKey: path) else { return }
            if content.isNameFlushed { state.removed[path] = content }
        }
    }

    /// Makes the folder's names survive a crash.
    public func flushFolder(_ path: String) {
        state.withLock { state in
            for name in state.files.keys where Files.parent(of: name) == path {
                state.files[name]?.isNameFlushed = true
            }
            state.removed = state.removed.filter { Files.parent(of: $0.key) != path }
        }
    }
}

/// A file of the disk in memory.
private struct MemoryFile: LogFile {
    let disk: MemoryDisk
    let path: String

    func size() -> UInt64 {
        disk.state.withLock { UInt64($0.files[path]?.current.count ?? 0) }
    }

    func read(at position: UInt64, count: Int) -> [UInt8] {
        disk.state.withLock { state in
            guard let bytes = state.files[path]?.current, position < UInt64(bytes.count) else {
                return []
            }
            let start = Int(position)
            return Array(bytes[start..<min(start + count, bytes.count)])
        }
    }

    func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal) {
        let isFailing = disk.state.withLock { state -> Bool in
            var kept = bytes[...]
            var isFailing = false
            if let left = state.writesUntilFailure {
                state.writesUntilFailure = left - 1
                isFailing = left == 0
                if isFailing { kept = bytes.prefix(bytes.count / 2) }
            }
            guard var content = state.files.removeValue(forKey: path) else { return isFailing }
            let start = Int(position)
            let end = start + kept.count
            if content.current.count < end {
                let missing = end - content.current.count
                content.current += [UInt8](repeating: 0, count: missing)
            }
            content.current.replaceSubrange(start..<end, with: kept)
            if !kept.isEmpty {
                let size = MemoryDisk.sectorSize
                for sector in start / size...(end - 1) / size { content.dirty.insert(sector) }
            }
            state.files[path] = content
            return isFailing
        }
        if isFailing {
            throw Refusal("file.damaged", "cannot write to \(path): the device reports an error")
        }
    }

    func flush() throws(Refusal) {
        let failure = disk.state.withLock { state -> Int32? in
            state.flushCount += 1
            if let failure = state.flushFailure { return failure }
            if state.flushesToLose > 0 {
                state.flushesToLose -= 1
                return nil
            }
            guard var content = state.files.removeValue(forKey: path) else { return nil }
            MemoryFile.settle(&content)
            state.files[path] = content
            return nil
        }
        if let failure { throw SystemError.refusal(failure, "flush", path) }
    }

    /// Makes everything survive a crash, copying no more than what changed.
    private static func settle(_ content: inout MemoryDisk.Content) {
        let missing = content.current.count - content.flushed.count
        if missing > 0 { content.flushed += [UInt8](repeating: 0, count: missing) }
        if missing < 0 { content.flushed.removeLast(-missing) }
        for sector in content.dirty {
            let start = sector * MemoryDisk.sectorSize
            let end = min(start + MemoryDisk.sectorSize, content.current.count)
            if start < end {
                content.flushed.replaceSubrange(start..<end, with: content.current[start..<end])
            }
        }
        content.dirty = []
    }

    func reset(length: UInt64, size: UInt64) {
        disk.state.withLock { state in
            guard var content = state.files.removeValue(forKey: path) else { return }
            content.current = Array(content.current.prefix(Int(length)))
            let missing = Int(size) - content.current.count
            if missing > 0 { content.current += [UInt8](repeating: 0, count: missing) }
            content.flushed = content.current
            content.dirty = []
            state.files[path] = content
        }
    }
}
