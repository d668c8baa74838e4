// A note, beside the log, of how far it is flushed.
//
// It is written after each flush and not flushed itself, so it may be older than the log but never
// promises more than the log kept. It turns "the last record is unreadable" into one of two
// different things: a write that was cut short (never acknowledged: drop it) or rot in what was
// acknowledged (fetch it from the others). It also holds a second copy of the vote.

import Platform
import Primitives

/// How far the log was flushed, and what it then said.
struct FlushMark: Equatable {
    var counter: UInt64 = 0
    /// The last flushed record.
    var sequence: UInt64 = 0
    /// The last entry of the log then.
    var last = LogPosition.zero
    /// The vote then.
    var hardState = LogHardState.initial
    /// Whether that vote was known.
    var isVoteCertain = true

    static let fileName = "flushed.mark"
    /// Two slots, written in turn: one of them is always whole.
    static let fileSize: UInt64 = 1024
    private static let slotSize: UInt64 = 512
    private static let magic: [UInt8] = Array("ALTHMRK1".utf8)

    var position: UInt64 { counter % 2 * FlushMark.slotSize }

    func encode(identity: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.raw(FlushMark.magic)
        for value in [
            identity, counter, sequence, last.index, last.term, hardState.term, hardState.vote,
            hardState.commit, isVoteCertain ? 1 : 0,
        ] { encoder.sortable(value) }
        let checksum = Checksum.crc32c(encoder.bytes)
        encoder.sortable(UInt64(checksum))
        return encoder.bytes
    }

    private static func decode(_ bytes: [UInt8]) -> (identity: UInt64, mark: FlushMark)? {
        guard bytes.count == slotSize, Array(bytes[..<8]) == magic else { return nil }
        var decoder = BinaryDecoder(Array(bytes[8...]))
        var values: [UInt64] = []
        for _ in 0..<10 {
            guard let value = try? decoder.sortable() else { return nil }
            values.append(value)
        }
        guard UInt64(Checksum.crc32c(Array(bytes[..<80]))) == values[9] else { return nil }
        let mark = FlushMark(
            counter: values[1], sequence: values[2],
            last: LogPosition(index: values[3], term: values[4]),
            hardState: LogHardState(term: values[5], vote: values[6], commit: values[7]),
            isVoteCertain: values[8] == 1)
        return (values[0], mark)
    }

    /// The newer whole slot of the file.
    static func read(_ file: any LogFile) throws(Refusal) -> (identity: UInt64, mark: FlushMark)? {
        var newest: (identity: UInt64, mark: FlushMark)?
        for slot in 0..<2 as Range<UInt64> {
            let bytes = try file.read(at: slot * slotSize, count: Int(slotSize))
            guard let found = decode(bytes) else { continue }
            if found.mark.counter >= newest?.mark.counter ?? 0 { newest = found }
        }
        return newest
    }
}
