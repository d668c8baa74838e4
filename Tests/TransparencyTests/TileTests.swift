import Primitives
import Testing
import Transparency

struct TileTests {
    @Test func `Paths are written and read in one spelling`() throws {
        let tile = try Tile(.hashes(row: 1), index: 1_234_067, width: 112)
        #expect(tile.path == "tile/1/x001/x234/067.p/112")
        #expect(try Tile(parsing: tile.path) == tile)
        #expect(try Tile(.entries, index: 0).path == "tile/entries/000")
        let last = try Tile(.hashes(row: 63), index: UInt64(Int64.max), width: 1)
        #expect(try Tile(parsing: last.path) == last)
    }

    @Test(
        arguments: [
            "", "tile", "tile/0", "tile/0/", "tile/0/1", "tile/0/0000", "tile/64/000",
            "tile/00/000", "tile/0/001/000", "tile/0/x000/001", "tile/0/000.p/0",
            "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p", "tile/0/000/1", "tile/-1/000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tiles/0/000", "tile/data/000",
            "tile/0/x00a/000", "tile/entries/000.p/1/2",
        ])
    func `Other spellings are refused`(_ path: String) {
        #expect(throws: Refusal("tile.malformed", "")) { _ = try Tile(parsing: path) }
    }

    @Test func `Seventy thousand entries make the tiles the text counts`() throws {
        let counts = Tile.counts(size: 70_000)
        #expect(counts.map(\.full) == [273, 1, 0])
        #expect(counts.map(\.partialWidth) == [112, 17, 1])
        #expect(Tile.counts(size: 0).isEmpty)
    }

    @Test func `What growth changes is what must be written`() throws {
        #expect(
            try Tile.changed(from: 255, to: 257).map(\.path) == [
                "tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1",
                "tile/1/000.p/1",
            ])
        #expect(try Tile.changed(from: 300, to: 300).isEmpty)
    }

    @Test func `A tile's bytes are its row's hashes`() throws {
        let log = try TestLog(size: 300)
        let tile = try Tile(.hashes(row: 0), index: 1, width: 44)
        let bytes = try tile.bytes(from: log.rows)
        #expect(try tile.hashes(in: bytes) == Array(log.leaves[256...]))
        #expect(throws: Refusal("tile.malformed", "")) {
            _ = try tile.hashes(in: Array(bytes.dropLast()))
        }
        #expect(throws: Refusal("log.hash-missing", "")) {
            _ = try Tile(.hashes(row: 0), index: 1, width: 45).bytes(from: log.rows)
        }
    }

    @Test func `Entry bundles hold what was put in, exactly`() throws {
        let entries: [[UInt8]] = [[], [1], [UInt8](repeating: 7, count: 65_535)]
        let bytes = try EntryBundle.encode(entries)
        #expect(try EntryBundle.decode(bytes, count: 3) == entries)
        for (bad, count) in [
            (bytes, 2), (bytes, 4), (Array(bytes.dropLast()), 3), (bytes + [0], 3), ([0], 1),
        ] {
            #expect(throws: Refusal("tile.malformed", "")) {
                _ = try EntryBundle.decode(bad, count: count)
            }
        }
        #expect(throws: Refusal("tile.entry-too-long", "")) {
            _ = try EntryBundle.encode([[UInt8](repeating: 0, count: 65_536)])
        }
    }
}
