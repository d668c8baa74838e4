// Records as values beside the bytes that they are in the state: a block of votes reads and writes
// the same proposal a thousand times, and its bytes are wanted once, when the block is committed.

/// A record that was written and is encoded when somebody wants its bytes. Used from one thread, as
/// the overlay is that holds it.
class PendingRecord {
    private var encoded: [UInt8]?

    /// The record's canonical bytes.
    final var bytes: [UInt8] {
        if let encoded { return encoded }
        let bytes = encode()
        encoded = bytes
        return bytes
    }

    fileprivate func encode() -> [UInt8] { [] }
}

/// A pending record of one type.
final class TypedPendingRecord<Record: BinaryCodable>: PendingRecord {
    /// The record.
    let record: Record

    init(_ record: Record) { self.record = record }

    override fileprivate func encode() -> [UInt8] { record.encoded }
}

/// What was decoded, by key. A hit is only a hit for the very bytes, so nothing here can be stale.
final class RecordMemo {
    private var records: [StateKey: (bytes: [UInt8], record: AnyObject)] = [:]
    /// Records that are decoded often are few: the open proposals and their texts.
    private static let countLimit = 256

    /// A record in a box: taken out again by the box's class, which costs less than a value's type.
    private final class Box<Record> {
        let record: Record
        init(_ record: Record) { self.record = record }
    }

    /// The record that `bytes` stand for: the one remembered, or what `decode` makes of them.
    func record<Record>(_ key: [UInt8], _ bytes: [UInt8], _ decode: ([UInt8]) -> Record) -> Record {
        let place = StateKey(key)
        // Arrays that share their storage are compared without looking at a byte.
        if let known = records[place], known.bytes == bytes, let box = known.record as? Box<Record>
        {
            return box.record
        }
        let record = decode(bytes)
        if records.count >= RecordMemo.countLimit { records.removeAll(keepingCapacity: true) }
        records[place] = (bytes, Box(record))
        return record
    }
}
