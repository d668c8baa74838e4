// The keys that an overlay changes, in order, put in order when somebody scans.

/// Keys by table (their first byte): a scan concerns one table, and puts its keys in order.
struct ChangedKeys {
    private struct Bucket {
        /// In order up to `sortedCount`; then those that came since the last scan.
        var keys: [[UInt8]] = []
        var sortedCount = 0
    }

    /// Keys that came since the last scan.
    private var new: [[UInt8]] = []
    /// By table; the empty key is in a table of its own, before all others.
    private var buckets: [Int: Bucket] = [:]

    /// Adds a key that was not there.
    mutating func insert(_ key: [UInt8]) { new.append(key) }

    private static func table(_ key: [UInt8]) -> Int { key.first.map(Int.init) ?? -1 }

    /// The keys with `lower <= key < upper`, in byte order.
    mutating func slice(from lower: [UInt8], to upper: [UInt8]) -> ArraySlice<[UInt8]> {
        distribute()
        let first = ChangedKeys.table(lower)
        // The last table that keys below `upper` can be in.
        let last = upper.count > 1 ? ChangedKeys.table(upper) : ChangedKeys.table(upper) - 1
        guard first < last else { return ordered(first).between(lower, upper) }
        let keys = buckets.keys.filter { first...last ~= $0 }.sorted().flatMap { ordered($0) }
        return keys.between(lower, upper)
    }

    /// Every key, in byte order.
    mutating func all() -> [[UInt8]] {
        distribute()
        return buckets.keys.sorted().flatMap { ordered($0) }
    }

    private mutating func distribute() {
        for key in new { buckets[ChangedKeys.table(key), default: Bucket()].keys.append(key) }
        new.removeAll(keepingCapacity: true)
    }

    /// How many new keys are put in their places one by one; more are sorted in.
    private static let insertionLimit = 32

    /// A block of commands scans after every write: sorting everything again each time would make
    /// an entry's cost grow with the square of its length.
    private mutating func ordered(_ table: Int) -> [[UInt8]] {
        guard var bucket = buckets[table] else { return [] }
        let fresh = bucket.keys.count - bucket.sortedCount
        guard fresh > 0 else { return bucket.keys }
        // Taken out, so that what follows copies nothing.
        buckets[table] = nil
        if fresh <= ChangedKeys.insertionLimit {
            let late = Array(bucket.keys[bucket.sortedCount...])
            bucket.keys.removeLast(fresh)
            for key in late {
                let place = bucket.keys.partitionPoint { !$0.lexicographicallyPrecedes(key) }
                bucket.keys.insert(key, at: place)
            }
        } else {
            bucket.keys.sort { $0.lexicographicallyPrecedes($1) }
        }
        bucket.sortedCount = bucket.keys.count
        buckets[table] = bucket
        return bucket.keys
    }
}

extension Array<[UInt8]> {
    /// Of keys in order, those with `lower <= key < upper`.
    fileprivate func between(_ lower: [UInt8], _ upper: [UInt8]) -> ArraySlice<[UInt8]> {
        let start = partitionPoint { !$0.lexicographicallyPrecedes(lower) }
        let end = partitionPoint { !$0.lexicographicallyPrecedes(upper) }
        return start < end ? self[start..<end] : []
    }
}
