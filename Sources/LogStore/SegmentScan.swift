// Reads one segment record by record, over damage and beyond.

import Primitives

/// A record as found in a segment.
struct FoundRecord {
    let header: RecordHeader
    let checksum: UInt32
    let segment: UInt64
    let position: UInt64
    /// Whether its payload is whole; the header always is.
    let isWhole: Bool
    /// The number that is the payload of a hard state (the vote) or a loss (the last index).
    let number: UInt64?
    /// Whether a hard state was written while the vote was known.
    let isVoteCertain: Bool

    var end: UInt64 { position + UInt64(header.stride) }

    var location: EntryLocation {
        EntryLocation(
            segment: segment, position: UInt32(truncatingIfNeeded: position),
            length: UInt32(truncatingIfNeeded: header.length), term: header.term,
            isDamaged: !isWhole)
    }
}

/// What a segment holds.
struct SegmentScan {
    private(set) var records: [FoundRecord] = []
    /// Whether bytes that are no record lie behind the last one or between two.
    private(set) var hasDebris = false

    /// Reads the segment `segment` of the store `identity`, looking for records whose sequence is
    /// greater than `after`.
    init(_ bytes: [UInt8], identity: UInt64, segment: UInt64, after: UInt64) {
        bytes.withUnsafeBytes { bytes in
            var position = SegmentHeader.size
            var last = after
            while position + RecordHeader.size <= bytes.count {
                let place = RecordPlace(
                    identity: identity, segment: segment, position: UInt64(position))
                let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                guard let (header, checksum) = RecordHeader.read(rest, at: place),
                    header.sequence > last, header.stride <= rest.count,
                    chains(header, from: last)
                else {
                    // Beyond damage the next record is found by trying each place it may begin.
                    // Zeros to the end are no damage but room.
                    if rest.allZero { return }
                    hasDebris = true
                    position += 8
                    continue
                }
                let isWhole = header.isWhole(rest)
                let number =
                    header.kind != .entry && isWhole && header.length >= 8
                    ? UInt64(
                        littleEndian: rest.loadUnaligned(
                            fromByteOffset: RecordHeader.size, as: UInt64.self)) : nil
                records.append(
                    FoundRecord(
                        header: header, checksum: checksum, segment: segment,
                        position: UInt64(position), isWhole: isWhole, number: number,
                        isVoteCertain: header.length == 8))
                last = header.sequence
                position += header.stride
            }
        }
    }

    /// Whether a record that directly follows the last one found says so.
    private func chains(_ header: RecordHeader, from last: UInt64) -> Bool {
        guard let before = records.last, header.sequence == last + 1 else { return true }
        return header.previous == before.checksum
    }
}

extension UnsafeRawBufferPointer {
    /// Whether no bit is set.
    fileprivate var allZero: Bool {
        // Mostly decided by the first byte that is not zero; else words at a time.
        var offset = 0
        while offset + 8 <= count {
            if loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
            offset += 8
        }
        while offset < count {
            if self[offset] != 0 { return false }
            offset += 1
        }
        return true
    }
}
