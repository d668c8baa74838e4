// How records lie in a segment.
//
//      0  4  checksum of the header from byte 4, salted with the store's identity, the segment's
//            number and the position: a header in the wrong place or of another store is no header
//      4  4  checksum of the payload, salted with the sequence
//      8  4  the header checksum of the record before: the chain
//     12  4  length of the payload
//     16  8  sequence: records are numbered through the life of the store
//     24  8  index (entry, mark, boundary), first index (truncate, lost), commit (hard state)
//     32  8  term
//     40  4  how many records back the last flushed one is
//     44  1  kind, then three zeros
//     48     payload, then zeros to the next multiple of eight
//
// The payload of a hard state is the vote (8 bytes), with one more byte while the vote is
// uncertain; that of a loss is the last index (8 bytes).
//
// Every byte is under a checksum, the kind and the length included. The header has a checksum of
// its own so that a damaged payload does not hide where the next record begins. A record that says
// "all up to sequence s is flushed" is how recovery tells a torn last write from rot: see
// `Recovery.swift`.

import Platform
import Primitives

/// The fixed part of a record.
struct RecordHeader: Equatable {
    static let size = 48
    static let payloadLimit = 1 << 30

    enum Kind: UInt8 {
        case entry = 1
        case hardState = 2
        case truncate = 3
        case snapshotMark = 4
        case boundary = 5
        case lost = 6
    }

    var kind: Kind
    var sequence: UInt64
    var unflushed: UInt32
    var index: UInt64
    var term: UInt64
    var length: Int
    var payloadChecksum: UInt32
    var previous: UInt32

    /// The sequence of the last record known to be flushed when this one was written.
    var flushed: UInt64 { sequence >= UInt64(unflushed) ? sequence - UInt64(unflushed) : 0 }

    /// Header, payload and padding.
    var stride: Int { RecordHeader.stride(ofPayload: length) }

    static func stride(ofPayload length: Int) -> Int { (size + length + 7) & ~7 }
}

/// A place in a segment of a store: what header checksums are salted with.
struct RecordPlace {
    let identity: UInt64
    let segment: UInt64
    let position: UInt64

    var salt: UInt32 {
        withUnsafeBytes(
            of: (identity.littleEndian, segment.littleEndian, position.littleEndian)
        ) { Checksum.crc32c($0) }
    }
}

extension RecordHeader {
    static func payloadChecksum(
        _ payload: UnsafeRawBufferPointer, sequence: UInt64
    ) -> UInt32 {
        Checksum.crc32c(payload, continuing: UInt32(truncatingIfNeeded: sequence))
    }

    /// Appends the record; returns the header's checksum, which the next record chains to.
    func append(payload: [UInt8], to buffer: inout [UInt8], at place: RecordPlace) -> UInt32 {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: RecordHeader.size))
        let checksum = buffer.withUnsafeMutableBytes { bytes -> UInt32 in
            let header = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            header.storeBytes(of: payloadChecksum.littleEndian, toByteOffset: 4, as: UInt32.self)
            header.storeBytes(of: previous.littleEndian, toByteOffset: 8, as: UInt32.self)
            header.storeBytes(
                of: UInt32(length).littleEndian, toByteOffset: 12, as: UInt32.self)
            header.storeBytes(of: sequence.littleEndian, toByteOffset: 16, as: UInt64.self)
            header.storeBytes(of: index.littleEndian, toByteOffset: 24, as: UInt64.self)
            header.storeBytes(of: term.littleEndian, toByteOffset: 32, as: UInt64.self)
            header.storeBytes(of: unflushed.littleEndian, toByteOffset: 40, as: UInt32.self)
            header.storeBytes(of: kind.rawValue, toByteOffset: 44, as: UInt8.self)
            let checked = UnsafeRawBufferPointer(rebasing: header[4..<RecordHeader.size])
            let checksum = Checksum.crc32c(checked, continuing: place.salt)
            header.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt32.self)
            return checksum
        }
        buffer.append(contentsOf: payload)
        buffer.append(contentsOf: repeatElement(0, count: stride - RecordHeader.size - length))
        return checksum
    }

    /// Reads a header with its checksum; nil when the bytes are no header of this place.
    static func read(
        _ bytes: UnsafeRawBufferPointer, at place: RecordPlace
    ) -> (header: RecordHeader, checksum: UInt32)? {
        guard bytes.count >= size else { return nil }
        func word(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        func long(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        // Cheap tests first: recovery tries many places.
        guard let kind = Kind(rawValue: bytes[44]), bytes[45] == 0, bytes[46] == 0, bytes[47] == 0,
            Int(word(12)) <= payloadLimit
        else { return nil }
        let checksum = word(0)
        let checked = UnsafeRawBufferPointer(rebasing: bytes[4..<size])
        guard Checksum.crc32c(checked, continuing: place.salt) == checksum else { return nil }
        let header = RecordHeader(
            kind: kind, sequence: long(16), unflushed: word(40), index: long(24), term: long(32),
            length: Int(word(12)), payloadChecksum: word(4), previous: word(8))
        return (header, checksum)
    }

    /// Whether the payload behind the header is whole, its padding included.
    func isWhole(_ record: UnsafeRawBufferPointer) -> Bool {
        guard record.count >= stride else { return false }
        let end = RecordHeader.size + length
        let payload = UnsafeRawBufferPointer(rebasing: record[RecordHeader.size..<end])
        return RecordHeader.payloadChecksum(payload, sequence: sequence) == payloadChecksum
            && record[end..<stride].allSatisfy { $0 == 0 }
    }
}

/// The first bytes of a segment.
enum SegmentHeader {
    static let size = 64
    private static let magic: [UInt8] = Array("ALTHLOG1".utf8)

    static func encode(identity: UInt64, number: UInt64, firstSequence: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.raw(magic)
        encoder.sortable(identity)
        encoder.sortable(number)
        encoder.sortable(firstSequence)
        let checksum = Checksum.crc32c(encoder.bytes)
        encoder.sortable(UInt64(checksum))
        return encoder.bytes + [UInt8](repeating: 0, count: size - encoder.bytes.count)
    }

    /// Nil for bytes that are no whole header.
    static func decode(
        _ bytes: [UInt8]
    ) -> (identity: UInt64, number: UInt64, firstSequence: UInt64)? {
        var decoder = BinaryDecoder(bytes)
        guard let found = try? decoder.raw(magic.count), found == magic,
            let identity = try? decoder.sortable(), let number = try? decoder.sortable(),
            let firstSequence = try? decoder.sortable(), let checksum = try? decoder.sortable(),
            UInt64(Checksum.crc32c(Array(bytes[..<32]))) == checksum
        else { return nil }
        return (identity, number, firstSequence)
    }

    /// `000000000000002a.log`: names sort as numbers do.
    static func name(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".log"
    }

    static func number(ofName name: String) -> UInt64? {
        guard name.hasSuffix(".log"), name.utf8.count == 20 else { return nil }
        return UInt64(name.dropLast(4), radix: 16)
    }
}
