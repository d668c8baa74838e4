// Records as values beside the bytes that they are in the state: a block of votes reads and writes
// the same proposal a thousand times, and its bytes are wanted once, when the block is committed.

/// A record that was written and is encoded when somebody wants its bytes. Used from one thread, as
/// the overlay is that holds it.
final class PendingRecord {
    /// The record.
    let record: Any
    private let encode: () -> [UInt8]
    private var encoded: [UInt8]?

    init<Record: BinaryCodable>(_ record: Record) {
        self.record = record
        encode = { record.encoded }
    }

    /// The record's canonical bytes.
    var bytes: [UInt8] {
        if let encoded { return encoded }
        let bytes = encode()
        encoded = bytes
        return bytes
    }
}

/// What was decoded, by key. A hit is only a hit for the very bytes, so nothing here can be stale.
final class RecordMemo {
    private var records: [[UInt8]: (bytes: [UInt8], record: Any)] = [:]
    /// Records that are decoded often are few: the open proposals and their texts.
    private static let countLimit = 256

    /// The record that `bytes` stand for: the one remembered, or what `decode` makes of them.
    func record<Record>(_ key: [UInt8], _ bytes: [UInt8], _ decode: ([UInt8]) -> Record) -> Record {
        // Arrays that share their storage are compared without looking at a byte.
        if let known = records[key], known.bytes == bytes, let record = known.record as? Record {
            return record
        }
        let record = decode(bytes)
        if records.count >= RecordMemo.countLimit { records.removeAll(keepingCapacity: true) }
        records[key] = (bytes, record)
        return record
    }
}
