// Every entry since the genesis that the log no longer holds, in sealed files.
//
// The log is there for the members, who need its end; the history is there for whoever audits, who
// needs all of it. What leaves the log comes here first. A file is written once, whole, and each
// entry in it carries the chain's value, which the state vouches for: what rots is recognised, and
// fetched from another member.
//
// A file: magic, first index, count, count + 1 offsets of 8 bytes (from the file's start), entries.

import ControlPlane
import Glibc
import Platform
import Primitives
import Synchronization

/// The sealed entries in a member's data folder.
final class History: Sendable {
    private struct Piece: Sendable {
        let first: UInt64
        let last: UInt64
        let path: String
    }

    private struct Contents: Sendable {
        var pieces: [Piece] = []
        var chain: Digest
    }

    private static let magic = Array("althing-history1".utf8)
    private static let headBytes = 32
    /// The most entries of one file.
    private static let pieceEntries = 1 << 16
    private let folder: String
    private let contents: Mutex<Contents>

    /// Opens the folder, making it when there is none.
    init(dataFolder: String, genesis: Digest) throws(Refusal) {
        folder = dataFolder + "/history"
        try Files.makeFolders(folder)
        contents = Mutex(Contents(chain: genesis))
        var next = StateMachine.genesisIndex + 1
        for name in try Files.list(folder) {
            let path = "\(folder)/\(name)"
            guard let (first, last) = History.range(ofName: name), first == next, last >= first
            else { continue }
            contents.withLock { $0.pieces.append(Piece(first: first, last: last, path: path)) }
            next = last + 1
        }
        guard next > StateMachine.genesisIndex + 1 else { return }
        guard let end = try entries(from: next - 1, limit: 1).first else {
            throw Refusal("history.damaged", "the history's last entry, \(next - 1), is gone")
        }
        contents.withLock { $0.chain = end.chain }
    }

    private static func name(_ first: UInt64, _ last: UInt64) -> String {
        func padded(_ number: UInt64) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
        }
        return "\(padded(first))-\(padded(last)).entries"
    }

    private static func range(ofName name: String) -> (UInt64, UInt64)? {
        guard name.hasSuffix(".entries") else { return nil }
        let parts = name.dropLast(".entries".count).split(separator: "-")
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]) else {
            return nil
        }
        return (first, last)
    }

    /// The last entry that is kept here; the genesis when none is.
    var lastIndex: UInt64 {
        contents.withLock { $0.pieces.last?.last ?? StateMachine.genesisIndex }
    }

    /// The chain's value after that entry.
    var lastChain: Digest { contents.withLock { $0.chain } }

    // MARK: Reading

    /// Entries from `first` on, at most `limit` and at most 8 MiB of them, as far as one file goes.
    /// What is not here is left out; what cannot be read throws `history.damaged`.
    func entries(from first: UInt64, limit: Int) throws(Refusal) -> [AuditEntry] {
        let piece = contents.withLock { contents in
            contents.pieces.first { $0.first <= first && first <= $0.last }
        }
        guard let piece, limit > 0 else { return [] }
        let count = min(UInt64(limit), piece.last - first + 1)
        let file = try FileDescriptor.open(piece.path, O_RDONLY, deed: "read")
        let place = UInt64(History.headBytes) + 8 * (first - piece.first)
        let offsets = try History.numbers(try file.read(at: place, count: Int(8 * (count + 1))))
        guard offsets.count == Int(count) + 1, let start = offsets.first,
            start >= place + 8 * (count + 1)
        else { throw damaged(first) }
        var entries: [AuditEntry] = []
        for (offset, (low, high)) in zip(offsets, offsets.dropFirst()).enumerated() {
            let index = first + UInt64(offset)
            guard low < high, high - low <= 64 << 20 else { throw damaged(index) }
            if offset > 0, high - start > 8 << 20 { break }
            let bytes = try file.read(at: low, count: Int(high - low))
            guard let entry = try? AuditEntry(decoding: bytes), entry.index == index else {
                throw damaged(index)
            }
            entries.append(entry)
        }
        return entries
    }

    private func damaged(_ index: UInt64) -> Refusal {
        Refusal("history.damaged", "entry \(index) cannot be read from the history")
    }

    private static func numbers(_ bytes: [UInt8]) throws(Refusal) -> [UInt64] {
        var decoder = BinaryDecoder(bytes)
        var numbers: [UInt64] = []
        while decoder.remaining >= 8 { numbers.append(try decoder.sortable()) }
        return numbers
    }

    // MARK: Writing

    /// Adds entries that follow the last one; returns when they are on the device.
    ///
    /// Throws `history.gap` when they do not follow, `history.chain` when they are not those that
    /// were chained.
    func append(_ entries: [AuditEntry]) throws(Refusal) {
        var rest = entries[...]
        while !rest.isEmpty {
            try seal(Array(rest.prefix(History.pieceEntries)))
            rest = rest.dropFirst(History.pieceEntries)
        }
    }

    private func seal(_ entries: [AuditEntry]) throws(Refusal) {
        guard let first = entries.first?.index, let last = entries.last, first == lastIndex + 1
        else { throw Refusal("history.gap", "what is to be kept does not follow \(lastIndex)") }
        var chain = lastChain
        var bodies: [[UInt8]] = []
        for (offset, entry) in entries.enumerated() {
            chain = StateMachine.chained(
                chain, index: entry.index, term: entry.term, kind: entry.kind,
                payload: entry.payload)
            guard chain == entry.chain, entry.index == first + UInt64(offset) else {
                throw Refusal("history.chain", "entry \(entry.index) is not the one on record")
            }
            bodies.append(entry.encoded)
        }
        var encoder = BinaryEncoder()
        encoder.raw(History.magic)
        encoder.sortable(first)
        encoder.sortable(UInt64(entries.count))
        var offset = UInt64(History.headBytes + 8 * (entries.count + 1))
        encoder.sortable(offset)
        for body in bodies {
            offset += UInt64(body.count)
            encoder.sortable(offset)
        }
        for body in bodies { encoder.raw(body) }
        let path = "\(folder)/\(History.name(first, last.index))"
        try Files.writeAtomically(path, encoder.bytes)
        contents.withLock { contents in
            contents.pieces.append(Piece(first: first, last: last.index, path: path))
            contents.chain = chain
        }
    }
}
