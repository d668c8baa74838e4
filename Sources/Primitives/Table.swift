// A typed view of one stretch of the state: records under a one-byte prefix.

/// A table of records in the state.
///
/// Keys are bytes in the order that scans should have (build them with `BinaryEncoder.sortable` and
/// fixed-size fields); values are canonical encodings. A stored value that does not decode is a
/// broken state, which no command can cause: reading it traps.
public struct Table<Record: BinaryCodable>: Sendable {
    /// The byte every key of this table starts with. Each table of the house has its own.
    public let prefix: UInt8
    @usableFromInline let isMemoized: Bool

    /// Declares a table.
    ///
    /// - Parameter isMemoized: whether records are decoded and encoded once an entry: for few and
    ///   large ones.
    public init(prefix: UInt8, isMemoized: Bool = false) {
        self.prefix = prefix
        self.isMemoized = isMemoized
    }

    /// The record under `key`, or nil.
    @inlinable
    public func record(_ key: [UInt8], in state: any StateReader) -> Record? {
        let key = [prefix] + key
        if isMemoized, let overlay = state as? StateOverlay { return memoized(key, in: overlay) }
        return state.value(for: key).map { decode($0) }
    }

    @usableFromInline
    func memoized(_ key: [UInt8], in overlay: StateOverlay) -> Record? {
        if case .record(let pending)? = overlay.slot(for: key),
            let typed = pending as? TypedPendingRecord<Record>
        {
            return typed.record
        }
        return overlay.value(for: key).map { overlay.memo.record(key, $0, decode) }
    }

    /// Writes a record.
    @inlinable
    public func set(_ key: [UInt8], to record: Record, in state: StateOverlay) {
        if isMemoized {
            memoize([prefix] + key, record, in: state)
        } else {
            state.set([prefix] + key, to: record.encoded)
        }
    }

    @usableFromInline
    func memoize(_ key: [UInt8], _ record: Record, in state: StateOverlay) {
        state.set(key, to: TypedPendingRecord(record))
    }

    /// Writes a record under a key that was never written before.
    @inlinable
    public func append(_ key: [UInt8], _ record: Record, in state: StateOverlay) {
        state.append([prefix] + key, record.encoded)
    }

    /// Removes a record.
    public func remove(_ key: [UInt8], in state: StateOverlay) { state.remove([prefix] + key) }

    /// At most `limit` records whose key starts with `keyPrefix`, in key order, from `start` on.
    public func records(
        withPrefix keyPrefix: [UInt8] = [], from start: [UInt8]? = nil, limit: Int = Int(Int32.max),
        in state: any StateReader
    ) -> [(key: [UInt8], record: Record)] {
        let lower = [prefix] + (start ?? keyPrefix)
        let found = state.entries(
            from: lower, to: Table.upperBound(of: [prefix] + keyPrefix), limit: limit)
        return found.map { (Array($0.key.dropFirst()), decode($0.value)) }
    }

    @inlinable
    func decode(_ bytes: [UInt8]) -> Record {
        do throws(Refusal) {
            return try Record(decoding: bytes)
        } catch {
            malformed(error)
        }
    }

    @usableFromInline
    func malformed(_ refusal: Refusal) -> Never {
        preconditionFailure("the state holds a malformed record in table \(prefix): \(refusal)")
    }

    /// The least key that is greater than every key with this prefix.
    private static func upperBound(of prefix: [UInt8]) -> [UInt8] {
        var bound = prefix
        while let last = bound.last {
            bound.removeLast()
            if last < 0xFF {
                bound.append(last + 1)
                return bound
            }
        }
        return [UInt8](repeating: 0xFF, count: prefix.count + 64)
    }
}
