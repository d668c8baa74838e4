// The static files of a log (C2SP tlog-tiles v0.1): 256 hashes of a row, or 256 entries, a file.

public import Primitives

/// A file of hashes or of entries.
public struct Tile: Hashable, Sendable {
    /// What a tile holds.
    public enum Content: Hashable, Sendable {
        /// Hashes of a row.
        case hashes(row: UInt8)
        /// The entries themselves.
        case entries
    }

    /// What it holds.
    public let content: Content
    /// Its place in the row.
    public let index: UInt64
    /// How many hashes or entries it has: 256, or fewer at the end of the log.
    public let width: Int

    /// How many hashes or entries a full tile has.
    public static let fullWidth = 256

    /// Names a tile; throws `tile.malformed`.
    public init(_ content: Content, index: UInt64, width: Int = Tile.fullWidth) throws(Refusal) {
        if case .hashes(let row) = content, row > 63 {
            throw Refusal("tile.malformed", "a log has rows 0 to 63, not \(row)")
        }
        guard 1...Tile.fullWidth ~= width, index <= UInt64(Int64.max) else {
            throw Refusal("tile.malformed", "a tile has 1 to 256 places, not \(width)")
        }
        self.content = content
        self.index = index
        self.width = width
    }

    /// The file's path: `tile/1/x001/x234/067.p/112`.
    public var path: String {
        let start =
            switch content {
            case .hashes(let row): "tile/\(row)/"
            case .entries: "tile/entries/"
            }
        return start + Tile.indexPath(index) + (width == Tile.fullWidth ? "" : ".p/\(width)")
    }

    private static func indexPath(_ index: UInt64) -> String {
        func padded(_ part: UInt64) -> String { String(String(part + 1000).dropFirst()) }
        var path = padded(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            path = "x\(padded(rest % 1000))/\(path)"
            rest /= 1000
        }
        return path
    }

    /// Reads a path; throws `tile.malformed` for any other spelling.
    public init(parsing path: String) throws(Refusal) {
        let malformed = Refusal("tile.malformed", "`\(path)` is not a tile's path")
        guard path.utf8.count <= 64 else { throw malformed }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.removeFirst() == "tile" else { throw malformed }
        let kind = parts.removeFirst()
        var width = Tile.fullWidth
        if parts.count >= 2, parts[parts.count - 2].hasSuffix(".p") {
            guard let partial = TextNumber.parse(parts.removeLast()), 1...255 ~= partial else {
                throw malformed
            }
            width = Int(partial)
            parts.append(parts.removeLast().dropLast(2))
        }
        var index: UInt64 = 0
        for part in parts {
            // Form is checked below by writing the path again.
            let digits = part.utf8.filter { 0x30...0x39 ~= $0 }
            let (next, overflow) = index.multipliedReportingOverflow(by: 1000)
            guard digits.count == 3, !overflow, next <= UInt64(Int64.max) else { throw malformed }
            index = next + digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
        }
        var content = Content.entries
        if kind != "entries" {
            guard let row = TextNumber.parse(kind), row <= 63 else { throw malformed }
            content = .hashes(row: UInt8(row))
        }
        try self.init(content, index: index, width: width)
        guard self.path == path else { throw malformed }
    }

    /// The hash tiles of a log of `size` entries by row: full ones, and the width of a last,
    /// partial one or zero.
    public static func counts(size: UInt64) -> [(row: UInt8, full: UInt64, partialWidth: Int)] {
        var counts: [(row: UInt8, full: UInt64, partialWidth: Int)] = []
        var hashes = size
        while hashes > 0 {
            counts.append((UInt8(counts.count), hashes / 256, Int(hashes % 256)))
            hashes /= 256
        }
        return counts
    }

    /// The tiles that are new or wider at `size` than they were at `oldSize`.
    public static func changed(from oldSize: UInt64, to size: UInt64) throws(Refusal) -> [Tile] {
        var tiles = try changed(.entries, from: oldSize, to: size)
        var (old, new) = (oldSize, size)
        var row: UInt8 = 0
        while new > 0 {
            tiles += try changed(.hashes(row: row), from: old, to: new)
            old /= 256
            new /= 256
            row += 1
        }
        return tiles
    }

    private static func changed(_ content: Content, from old: UInt64, to new: UInt64)
        throws(Refusal) -> [Tile]
    {
        var tiles: [Tile] = []
        var index = old / 256
        while index * 256 < new {
            let width = Swift.min(256, new - index * 256)
            if index * 256 + width > old {
                tiles.append(try Tile(content, index: index, width: Int(width)))
            }
            index += 1
        }
        return tiles
    }

    /// The bytes of a hash tile out of `rows`; throws `log.hash-missing`.
    public func bytes(from rows: some MerkleRows) throws(Refusal) -> [UInt8] {
        guard case .hashes(let row) = content else {
            throw Refusal("tile.malformed", "\(path) holds entries, not hashes")
        }
        let hashes = rows.hashes(row: row, from: index * 256, count: width)
        guard hashes.count == width else {
            throw Refusal("log.hash-missing", "the log does not reach \(path)")
        }
        return hashes.flatMap(\.bytes)
    }

    /// The hashes in a hash tile's bytes; throws `tile.malformed`.
    public func hashes(in bytes: [UInt8]) throws(Refusal) -> [Digest] {
        guard bytes.count == width * Digest.count else {
            throw Refusal("tile.malformed", "\(path) has \(bytes.count) bytes")
        }
        return stride(from: 0, to: bytes.count, by: Digest.count)
            .compactMap { Digest(bytes[$0..<($0 + Digest.count)]) }
    }
}

/// Entries in a file: each with its length in two bytes, the most significant first.
public enum EntryBundle {
    /// The longest entry. Of longer things the log holds a digest.
    public static let entryLimit = 65_535

    /// The file's bytes; throws `tile.entry-too-long`.
    public static func encode(_ entries: [[UInt8]]) throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            guard entry.count <= entryLimit else {
                throw Refusal("tile.entry-too-long", "an entry has \(entry.count) bytes")
            }
            bytes.append(UInt8(entry.count >> 8))
            bytes.append(UInt8(entry.count & 255))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// The entries of a file that has `count`; throws `tile.malformed`.
    public static func decode(_ bytes: [UInt8], count: Int) throws(Refusal) -> [[UInt8]] {
        var decoder = BinaryDecoder(bytes)
        var entries: [[UInt8]] = []
        while !decoder.isAtEnd, entries.count < count {
            guard decoder.remaining >= 2 else { break }
            let length = Int(try decoder.byte()) << 8 | Int(try decoder.byte())
            guard decoder.remaining >= length else { break }
            entries.append(try decoder.raw(length))
        }
        guard decoder.isAtEnd, entries.count == count else {
            throw Refusal("tile.malformed", "a bundle does not hold exactly \(count) entries")
        }
        return entries
    }
}
