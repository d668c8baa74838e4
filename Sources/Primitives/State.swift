// The replicated state as the pure floors see it: an ordered map from bytes to bytes.
//
// Rules read through `StateReader` and write into a `StateOverlay`. An overlay keeps its changes to
// itself until somebody takes them, so a command that fails leaves no trace, a proposal's actions
// succeed or fail together, and "what would this do" is the real thing run on an overlay that is
// then thrown away.

/// Something that can be read as an ordered map.
public protocol StateReader: AnyObject {
    /// The value under `key`, or nil.
    func value(for key: [UInt8]) -> [UInt8]?

    /// At most `limit` entries with `lower <= key < upper`, in byte order of the keys.
    func entries(from lower: [UInt8], to upper: [UInt8], limit: Int) -> [StateEntry]
}

/// One key with its value.
public struct StateEntry: Sendable, Equatable {
    /// The key.
    public let key: [UInt8]
    /// The value.
    public let value: [UInt8]

    /// Makes an entry.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// A change to one key: a new value, or nil to remove it.
public struct StateChange: Sendable, Equatable {
    /// What is known of the value that a change replaces.
    public enum Before: Sendable, Equatable {
        /// Nothing: whoever needs it has to look.
        case unknown
        /// There was none.
        case absent
        /// There was this one.
        case present([UInt8])
    }

    /// The key.
    public let key: [UInt8]
    /// The new value, or nil.
    public let value: [UInt8]?
    /// The value it replaces.
    public let before: Before

    /// Makes a change.
    public init(key: [UInt8], value: [UInt8]?, before: Before = .unknown) {
        self.key = key
        self.value = value
        self.before = before
    }
}

/// Changes on top of a parent that is never written to.
///
/// Not safe to share between threads: a state machine applies on one.
public final class StateOverlay: StateReader {
    enum Slot {
        case written([UInt8])
        /// A record that is encoded when somebody wants its bytes.
        case record(PendingRecord)
        case removed

        var value: [UInt8]? {
            switch self {
            case .written(let value): value
            case .record(let record): record.bytes
            case .removed: nil
            }
        }
    }

    private let parent: any StateReader
    private var changes: [StateKey: Slot] = [:]
    /// What was read from below, where that is remembered.
    private var reads: [StateKey: [UInt8]?] = [:]
    private let remembersReads: Bool
    /// The parent, where it is an overlay itself.
    private let below: StateOverlay?
    /// Records decoded so far, shared by all overlays of one stack.
    let memo: RecordMemo
    /// The changed keys in order, but for those that came since the last scan.
    private var sortedKeys: [[UInt8]] = []
    private var newKeys: [[UInt8]] = []

    /// An overlay without changes.
    ///
    /// - Parameters:
    ///   - remembersReads: whether a value read from the parent is kept, so that it is read once.
    ///     Only for a parent that nobody else writes to meanwhile, and for as long as one entry
    ///     takes: what was read stays in memory.
    ///   - expectedChanges: about how many keys will be changed.
    public init(
        _ parent: any StateReader, remembersReads: Bool = false, expectedChanges: Int = 0
    ) {
        self.parent = parent
        self.remembersReads = remembersReads
        below = parent as? StateOverlay
        memo = below?.memo ?? RecordMemo()
        guard expectedChanges > 0 else { return }
        changes.reserveCapacity(expectedChanges)
        if remembersReads { reads.reserveCapacity(expectedChanges) }
    }

    /// What lies under all overlays.
    public var ground: any StateReader { below?.ground ?? parent }

    /// The value under `key` with the changes applied.
    public func value(for key: [UInt8]) -> [UInt8]? {
        let place = StateKey(key)
        if let change = changes[place] { return change.value }
        if let below { return below.value(for: key) }
        guard remembersReads else { return parent.value(for: key) }
        if let known = reads[place] { return known }
        let value = parent.value(for: key)
        reads[place] = .some(value)
        return value
    }

    /// Writes a value.
    public func set(_ key: [UInt8], to value: [UInt8]) {
        if changes.updateValue(.written(value), forKey: StateKey(key)) == nil {
            newKeys.append(key)
        }
    }

    /// Writes a record that is encoded later, if at all: before the entry ends it may be written a
    /// thousand times.
    func set(_ key: [UInt8], to record: PendingRecord) {
        if changes.updateValue(.record(record), forKey: StateKey(key)) == nil {
            newKeys.append(key)
        }
    }

    /// What this overlay, or one below it, says about a key; nil when none does.
    func slot(for key: [UInt8]) -> Slot? {
        changes[StateKey(key)] ?? below?.slot(for: key)
    }

    /// Writes a value under a key that was never written before: an index of the log, a place in a
    /// tree. Nobody need look for what it replaces.
    public func append(_ key: [UInt8], _ value: [UInt8]) {
        if remembersReads { reads[StateKey(key)] = .some(nil) }
        set(key, to: value)
    }

    /// Removes a key.
    public func remove(_ key: [UInt8]) {
        if changes.updateValue(.removed, forKey: StateKey(key)) == nil {
            newKeys.append(key)
        }
    }

    /// Entries of the parent with the changes merged in.
    public func entries(from lower: [UInt8], to upper: [UInt8], limit: Int) -> [StateEntry] {
        guard limit > 0 else { return [] }
        let mine = changedKeys(from: lower, to: upper)
        guard !mine.isEmpty else { return parent.entries(from: lower, to: upper, limit: limit) }
        // Only removed keys hide entries of the parent without standing in for them.
        let hidden = mine.count { key in
            if case .removed? = changes[StateKey(key)] { true } else { false }
        }
        let below = parent.entries(
            from: lower, to: upper, limit: limit > Int.max - hidden ? limit : limit + hidden)
        var merged: [StateEntry] = []
        var left = 0
        // `mine` is a slice: its indices are those of the whole.
        var right = mine.startIndex
        while merged.count < limit, left < below.count || right < mine.endIndex {
            if right == mine.endIndex
                || (left < below.count && below[left].key.lexicographicallyPrecedes(mine[right]))
            {
                merged.append(below[left])
                left += 1
            } else {
                let key = mine[right]
                if left < below.count, below[left].key == key { left += 1 }
                if let value = changes[StateKey(key)]?.value {
                    merged.append(StateEntry(key: key, value: value))
                }
                right += 1
            }
        }
        return merged
    }

    private func changedKeys(from lower: [UInt8], to upper: [UInt8]) -> ArraySlice<[UInt8]> {
        let keys = allChangedKeys()
        let start = keys.partitionPoint { !$0.lexicographicallyPrecedes(lower) }
        let end = keys.partitionPoint { !$0.lexicographicallyPrecedes(upper) }
        return start < end ? keys[start..<end] : []
    }

    /// How many new keys are put in their places one by one; more are sorted in.
    private static let insertionLimit = 32

    /// A block of commands scans after every write: sorting everything again each time would make
    /// an entry's cost grow with the square of its length.
    private func allChangedKeys() -> [[UInt8]] {
        if newKeys.isEmpty { return sortedKeys }
        if newKeys.count <= StateOverlay.insertionLimit {
            for key in newKeys {
                let place = sortedKeys.partitionPoint { !$0.lexicographicallyPrecedes(key) }
                sortedKeys.insert(key, at: place)
            }
        } else {
            sortedKeys.append(contentsOf: newKeys)
            sortedKeys.sort { $0.lexicographicallyPrecedes($1) }
        }
        newKeys.removeAll(keepingCapacity: true)
        return sortedKeys
    }

    /// Every change, in byte order of the keys.
    public var allChanges: [StateChange] {
        allChangedKeys().map { key in
            let place = StateKey(key)
            let before: StateChange.Before =
                switch reads[place] {
                case nil: .unknown
                case .some(nil): .absent
                case .some(let value?): .present(value)
                }
            return StateChange(key: key, value: changes[place]?.value, before: before)
        }
    }

    /// Whether nothing was changed.
    public var isEmpty: Bool { changes.isEmpty }

    /// Takes over the changes of an overlay made on top of this one.
    public func adopt(_ child: StateOverlay) {
        for (key, value) in child.changes where changes.updateValue(value, forKey: key) == nil {
            newKeys.append(key.bytes)
        }
    }

    /// Forgets every change.
    public func removeAllChanges() {
        reads.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        sortedKeys.removeAll(keepingCapacity: true)
        newKeys.removeAll(keepingCapacity: true)
    }
}

extension Array {
    /// The first index whose element satisfies `belongs`, when all that do come last.
    func partitionPoint(_ belongs: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// A state in memory: for tests, and for audits that rebuild it.
public final class MemoryState: StateReader {
    private var keys: [[UInt8]] = []
    private var values: [[UInt8]: [UInt8]] = [:]

    /// An empty state.
    public init() {}

    /// The value under `key`, or nil.
    public func value(for key: [UInt8]) -> [UInt8]? { values[key] }

    /// Entries in byte order.
    public func entries(from lower: [UInt8], to upper: [UInt8], limit: Int) -> [StateEntry] {
        var result: [StateEntry] = []
        var index = keys.partitionPoint { !$0.lexicographicallyPrecedes(lower) }
        while index < keys.count, result.count < limit,
            keys[index].lexicographicallyPrecedes(upper)
        {
            if let value = values[keys[index]] {
                result.append(StateEntry(key: keys[index], value: value))
            }
            index += 1
        }
        return result
    }

    /// Writes changes.
    public func commit(_ changes: [StateChange]) {
        for change in changes {
            let known = values[change.key] != nil
            if let value = change.value {
                values[change.key] = value
                if !known {
                    let index = keys.partitionPoint { !$0.lexicographicallyPrecedes(change.key) }
                    keys.insert(change.key, at: index)
                }
            } else if known {
                values[change.key] = nil
                keys.remove(at: keys.partitionPoint { !$0.lexicographicallyPrecedes(change.key) })
            }
        }
    }
}
