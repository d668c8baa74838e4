// Entries that lie one behind the other, to be read at once.

import Platform
import Primitives

/// A stretch of one segment that holds consecutive entries.
struct ReadRun {
    let segment: UInt64
    let position: UInt64
    var count: Int
    /// Which of the wanted locations it covers.
    var range: Range<Int>

    /// Groups locations that touch.
    static func runs(of locations: [EntryLocation]) -> [ReadRun] {
        var runs: [ReadRun] = []
        for (offset, location) in locations.enumerated() {
            let size = RecordHeader.stride(ofPayload: Int(location.length))
            if let open = runs.last, open.segment == location.segment,
                open.position + UInt64(open.count) == UInt64(location.position)
            {
                runs[runs.count - 1].count += size
                runs[runs.count - 1].range = open.range.lowerBound..<offset + 1
            } else {
                runs.append(
                    ReadRun(
                        segment: location.segment, position: UInt64(location.position),
                        count: size, range: offset..<offset + 1))
            }
        }
        return runs
    }

    /// The entry at a location, or nil when what was read is not that entry.
    func entry(
        _ location: EntryLocation, index: UInt64, in bytes: [UInt8], identity: UInt64
    ) -> LogEntry? {
        let start = Int(UInt64(location.position) - position)
        return bytes.withUnsafeBytes { bytes in
            guard start < bytes.count else { return nil }
            let record = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let place = RecordPlace(
                identity: identity, segment: segment, position: UInt64(location.position))
            guard let (header, _) = RecordHeader.read(record, at: place), header.kind == .entry,
                header.index == index, header.term == location.term,
                header.length == Int(location.length), header.isWhole(record)
            else { return nil }
            let end = RecordHeader.size + header.length
            return LogEntry(
                index: index, term: header.term, payload: Array(record[RecordHeader.size..<end]))
        }
    }
}
