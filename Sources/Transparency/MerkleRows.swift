// Where a tree's hashes are kept: the rows of tiles.
//
// Row r holds the roots of the complete subtrees of 256^r leaves, left to right; a tile is 256
// neighbours of a row. Every other hash is computed from at most 256 of them. Rows only grow.

public import Primitives

/// A hash that became final: the place it has for ever.
public struct StoredHash: Hashable, Sendable {
    /// The row.
    public let row: UInt8
    /// The place in the row.
    public let index: UInt64
    /// The hash.
    public let hash: Digest
}

/// A place from which rows can be read.
public protocol MerkleRows {
    /// The `count` hashes of a row from `index` on, or fewer when the row ends there.
    func hashes(row: UInt8, from index: UInt64, count: Int) -> [Digest]
}

/// Rows in memory: for audits and tests.
public struct MemoryRows: MerkleRows, Sendable {
    private var rows: [[Digest]] = []

    /// No rows.
    public init() {}

    /// Takes in what an append made final, in the order it came.
    public mutating func store(_ hashes: [StoredHash]) {
        for stored in hashes {
            while rows.count <= Int(stored.row) { rows.append([]) }
            rows[Int(stored.row)].append(stored.hash)
        }
    }

    /// The hashes asked for.
    public func hashes(row: UInt8, from index: UInt64, count: Int) -> [Digest] {
        guard Int(row) < rows.count, index < UInt64(rows[Int(row)].count), count > 0 else {
            return []
        }
        return Array(rows[Int(row)][Int(index)...].prefix(count))
    }
}

/// Rows in the replicated state, one key a run of hashes: prefix, row, number of the run.
///
/// A tile is one scan of a few runs. An append rewrites a run, and one more every 256 leaves; an
/// entry with many leaves writes few keys.
public struct StateRows: MerkleRows {
    /// How many hashes lie under one key.
    private static let runLength: UInt64 = 32

    private let state: any StateReader
    private let prefix: [UInt8]

    /// Reads rows below `prefix`.
    public init(_ state: any StateReader, prefix: [UInt8]) {
        self.state = state
        self.prefix = prefix
    }

    /// Takes in what an append made final.
    public static func store(_ hashes: [StoredHash], in state: StateOverlay, prefix: [UInt8]) {
        for stored in hashes {
            let key = key(prefix, stored.row, stored.index / runLength)
            // A run starts with its first hash: nobody need look for what was there before.
            guard !stored.index.isMultiple(of: runLength) else {
                state.append(key, stored.hash.bytes)
                continue
            }
            var run = state.value(for: key) ?? []
            stored.hash.withBytes { run.append(contentsOf: $0) }
            state.set(key, to: run)
        }
    }

    /// The hashes asked for.
    public func hashes(row: UInt8, from index: UInt64, count: Int) -> [Digest] {
        guard count > 0 else { return [] }
        let (sum, overflow) = index.addingReportingOverflow(UInt64(count) - 1)
        let first = index / StateRows.runLength
        let last = (overflow ? .max : sum) / StateRows.runLength
        let runs = state.entries(
            from: StateRows.key(prefix, row, first), to: StateRows.key(prefix, row, last + 1),
            limit: Int(clamping: last - first + 1))
        var hashes: [Digest] = []
        var skipped = Int(index % StateRows.runLength)
        for run in runs {
            for place in stride(from: 0, to: run.value.count, by: Digest.count) {
                guard skipped == 0 else {
                    skipped -= 1
                    continue
                }
                guard hashes.count < count,
                    let hash = Digest(run.value[place..<min(place + 32, run.value.count)])
                else { return hashes }
                hashes.append(hash)
            }
        }
        return hashes
    }

    private static func key(_ prefix: [UInt8], _ row: UInt8, _ run: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.raw(prefix)
        encoder.byte(row)
        encoder.sortable(run)
        return encoder.bytes
    }
}
