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

        /// How many bytes its value has, or about how many.
        var knownCount: Int {
            switch self {
            case .written(let value): value.count
            case .record: StateOverlay.recordWeight
            case .removed: 0
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
    /// The changed keys in order.
    private var keys = ChangedKeys()
    /// About how many bytes this overlay keeps in memory: changes, and what was read.
    public private(set) var weight = 0

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
        guard weight < StateOverlay.readsLimit else { return value }
        reads[place] = .some(value)
        weight += StateOverlay.rowWeight + (value?.count ?? 0)
        return value
    }

    /// About how many bytes an overlay holds before it no longer remembers what it reads: who asks
    /// for a million rows shall not have them all in memory.
    private static let readsLimit = 32 << 20
    /// What a row costs besides its value.
    private static let rowWeight = 200

    /// Writes a value.
    public func set(_ key: [UInt8], to value: [UInt8]) {
        put(.written(value), weighing: value.count, StateKey(key))
    }

    /// Writes a record that is encoded later, if at all: before the entry ends it may be written a
    /// thousand times.
    func set(_ key: [UInt8], to record: PendingRecord) {
        put(.record(record), weighing: StateOverlay.recordWeight, StateKey(key))
    }

    /// About what a record weighs that nobody has encoded yet.
    private static let recordWeight = 1024

    private func put(_ slot: Slot, weighing bytes: Int, _ key: StateKey) {
        guard changes.updateValue(slot, forKey: key) == nil else { return }
        keys.insert(key.bytes)
        weight += StateOverlay.rowWeight + bytes
    }

    /// What this overlay, or one below it, says about a key; nil when none does.
    func slot(for key: [UInt8]) -> Slot? {
        changes[StateKey(key)] ?? below?.slot(for: key)
    }

    /// Writes a value under a key that was never written before: an index of the log, a place in a
    /// tree. Nobody need look for what it replaces.
    public func append(_ key: [UInt8], _ value: [UInt8]) {
        noteAbsent(StateKey(key))
        set(key, to: value)
    }

    /// What lies under all overlays holds nothing under this key.
    private func noteAbsent(_ key: StateKey) {
        if let below { return below.noteAbsent(key) }
        if remembersReads, reads.updateValue(nil, forKey: key) == nil {
            weight += StateOverlay.rowWeight
        }
    }

    /// Removes a key.
    public func remove(_ key: [UInt8]) {
        put(.removed, weighing: 0, StateKey(key))
    }

    /// Entries of the parent with the changes merged in.
    public func entries(from lower: [UInt8], to upper: [UInt8], limit: Int) -> [StateEntry] {
        guard limit > 0 else { return [] }
        let mine = keys.slice(from: lower, to: upper)
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

    /// Every change, in byte order of the keys.
    public var allChanges: [StateChange] {
        keys.all().map { key in
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
        for (key, slot) in child.changes { put(slot, weighing: slot.knownCount, key) }
    }

    /// What lies below holds the changes now: they are none any more. What was read from there is
    /// kept as it is there now, within `limit` bytes; what is new there is not, for few read it
    /// again soon.
    public func settle(keeping limit: Int) {
        for (key, slot) in changes {
            guard let before = reads[key] else { continue }
            reads[key] = before == nil ? nil : .some(slot.value)
        }
        changes.removeAll(keepingCapacity: true)
        keys = ChangedKeys()
        weight = reads.reduce(0) {
            $0 + StateOverlay.rowWeight + (($1.value)?.count ?? 0)
        }
        guard weight > limit else { return }
        reads.removeAll(keepingCapacity: true)
        weight = 0
    }

    /// Forgets every change, and what was read.
    public func removeAllChanges() {
        reads.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        keys = ChangedKeys()
        weight = 0
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
