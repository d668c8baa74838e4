// Space is written with zeros before records come to lie there, many records' worth at once.

import LogStore
import Primitives
import Synchronization
import Testing

/// A disk that notes how much each write of a segment was.
private struct CountingDisk: LogDisk {
    let memory = MemoryDisk()
    let sizes = Sizes()

    final class Sizes: Sendable {
        let all = Mutex<[Int]>([])
    }

    private struct File: LogFile {
        let file: any LogFile
        let sizes: Sizes

        func size() throws(Refusal) -> UInt64 { try file.size() }
        func read(at position: UInt64, count: Int) throws(Refusal) -> [UInt8] {
            try file.read(at: position, count: count)
        }
        func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal) {
            sizes.all.withLock { $0.append(bytes.count) }
            try file.write(bytes, at: position)
        }
        func flush() throws(Refusal) { try file.flush() }
        func reset(length: UInt64, size: UInt64) throws(Refusal) {
            try file.reset(length: length, size: size)
        }
    }

    private func counted(_ file: any LogFile, _ path: String) -> any LogFile {
        path.hasSuffix(".log") ? File(file: file, sizes: sizes) : file
    }

    func makeFolder(_ path: String) throws(Refusal) { memory.makeFolder(path) }
    func list(_ folder: String) throws(Refusal) -> [String] { memory.list(folder) }
    func create(_ path: String, size: UInt64) throws(Refusal) -> any LogFile {
        counted(try memory.create(path, size: size), path)
    }
    func open(_ path: String) throws(Refusal) -> any LogFile {
        counted(try memory.open(path), path)
    }
    func remove(_ path: String) throws(Refusal) { memory.remove(path) }
    func flushFolder(_ path: String) throws(Refusal) { memory.flushFolder(path) }
}

@Suite struct ZeroedAheadTests {
    private func append(_ range: ClosedRange<UInt64>, to store: LogStore) throws {
        for index in range {
            try store.commit([.entry(LogEntry(index: index, term: 1, payload: [7]))])
        }
    }

    @Test func `one write in many goes ahead, and none beyond the segment`() throws {
        let disk = CountingDisk()
        var options = LogOptions()
        options.segmentBytes = 2048
        options.zeroedAheadBytes = 560
        var store = try LogStore(folder: "log", options: options, disk: disk)
        // A record of one byte takes 56: after one that goes ahead, ten lie in what it zeroed.
        try append(1...24, to: store)
        let sizes = disk.sizes.all.withLock { $0 }
        let expected: [Int] = [64, 616, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 616]
        #expect(Array(sizes.prefix(13)) == expected)
        #expect(sizes.max() == 616)
        try append(25...100, to: store)
        store.close()
        // Nothing but records and zeros: whoever opens it finds no debris, and goes on.
        store = try LogStore(folder: "log", options: options, disk: disk)
        #expect(store.recovery.notes.isEmpty)
        #expect(store.lastIndex == 100)
        try append(101...140, to: store)
        store.close()
        for name in disk.memory.names where name.hasSuffix(".log") {
            #expect(disk.memory.bytes(of: name).count == 2048)
        }
        store = try LogStore(folder: "log", options: options, disk: disk)
        let indexes: [UInt64] = try store.entries(from: 1, to: 140).map(\.index)
        #expect(indexes == Array<UInt64>(1...140))
        store.close()
    }
}
