// Appends records: one write and one flush for a group of batches.

import Platform
import Primitives

/// The end of the log. Owned by whoever holds the store's writing lock.
struct LogWriter: Sendable {
    private let folder: String
    private let options: LogOptions
    private let disk: any LogDisk
    private let identity: UInt64
    private let markFile: any LogFile
    private var mark: FlushMark
    private(set) var segments: [Segment]
    private var end: UInt64
    private var capacity: UInt64 = 0
    /// Up to here the last segment was written since it was opened, with records and then zeros.
    private var zeroedTo: UInt64 = 0
    private var nextSequence: UInt64
    private var flushedSequence: UInt64
    private var previous: UInt32

    /// Whether the last `write` failed before it wrote anything.
    private(set) var isUntouched = true

    /// How many flushes of log data there were.
    private(set) var flushCount: UInt64 = 0

    init(_ opened: OpenedLog, folder: LogFolder) throws(Refusal) {
        self.folder = folder.path
        options = folder.options
        disk = folder.disk
        identity = opened.identity
        markFile = opened.markFile
        mark = opened.mark
        segments = opened.segments
        end = opened.end
        nextSequence = opened.lastSequence + 1
        // Opening flushed everything that counts.
        flushedSequence = opened.lastSequence
        previous = opened.lastChecksum
        if let file = segments.last?.file { capacity = try file.size() }
    }

    /// A record on its way, with what the index needs once it is flushed.
    struct Written {
        let header: RecordHeader
        let number: UInt64?
        let location: EntryLocation
        /// Whether the vote is known from here on.
        let restoresVote: Bool
    }

    /// Writes the records and flushes them if they must be; returns what the index is to apply.
    ///
    /// `preamble` is what the log says before: it is repeated at the head of each new segment, so
    /// that no segment but those with entries still needed has to be kept.
    ///
    /// Hard states say with them whether the vote is known.
    mutating func write(
        _ records: [LogRecord], preamble: [LogRecord], isVoteCertain: Bool
    ) throws(Refusal) -> [Written] {
        isUntouched = true
        var records = records
        let size = records.reduce(0) { $0 + LogWriter.size(of: $1) }
        if segments.isEmpty || end + UInt64(size) > capacity {
            let whole = preamble.reduce(size) { $0 + LogWriter.size(of: $1) }
            try roll(room: UInt64(whole))
            records = preamble + records
        }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(size)
        var written: [Written] = []
        written.reserveCapacity(records.count)
        for record in records { written.append(encode(record, isVoteCertain, into: &buffer)) }
        guard let segment = segments.last else { return [] }
        isUntouched = false
        let next = end + UInt64(buffer.count)
        if next > zeroedTo {
            zeroedTo = max(next, min(capacity, next + options.zeroedAheadBytes))
            buffer += [UInt8](repeating: 0, count: Int(zeroedTo - next))
        }
        try segment.file.write(buffer, at: end)
        end = next
        for item in written where item.header.kind == .entry {
            segments[segments.count - 1].greatestIndex = max(
                segments[segments.count - 1].greatestIndex, item.header.index)
        }
        return written
    }

    /// Returns when everything written is on the device.
    mutating func flush() throws(Refusal) {
        guard let segment = segments.last else { return }
        try segment.file.flush()
        flushCount += 1
        flushedSequence = nextSequence - 1
    }

    /// Notes how far the log is flushed. A failure here costs only what the mark would have told.
    mutating func note(_ last: LogPosition, _ hardState: LogHardState, isVoteCertain: Bool) {
        mark.counter += 1
        mark.sequence = flushedSequence
        mark.last = last
        mark.hardState = hardState
        mark.isVoteCertain = isVoteCertain
        try? markFile.write(mark.encode(identity: identity), at: mark.position)
    }

    /// Makes the mark durable, when the log is closed.
    func flushMark() { try? markFile.flush() }

    /// Deletes segments, from the first on, whose entries are all at or below `index`.
    mutating func deleteSegments(through index: UInt64) throws(Refusal) -> [UInt64] {
        var deleted: [UInt64] = []
        while segments.count > 1, segments[0].greatestIndex <= index {
            try disk.remove(segments[0].path)
            deleted.append(segments[0].number)
            segments.removeFirst()
        }
        if !deleted.isEmpty { try disk.flushFolder(folder) }
        return deleted
    }

    // MARK: Segments

    private mutating func roll(room: UInt64) throws(Refusal) {
        // What was written without need to flush must not be lost behind what will be.
        if let segment = segments.last, flushedSequence + 1 < nextSequence {
            try segment.file.flush()
            flushedSequence = nextSequence - 1
        }
        let number = (segments.last?.number ?? 0) + 1
        let size = max(options.segmentBytes, UInt64(SegmentHeader.size) + room)
        guard size <= LogOptions.segmentBytesLimit else {
            throw Refusal("log.too-large", "a write of \(room) bytes is more than a segment holds")
        }
        let path = "\(folder)/\(SegmentHeader.name(number))"
        let file = try disk.create(path, size: size)
        do throws(Refusal) {
            let header = SegmentHeader.encode(
                identity: identity, number: number, firstSequence: nextSequence)
            try file.write(header, at: 0)
            try disk.flushFolder(folder)
        } catch {
            try? disk.remove(path)
            throw error
        }
        segments.append(Segment(number: number, path: path, file: file))
        end = UInt64(SegmentHeader.size)
        zeroedTo = 0
        capacity = size
    }

    /// The records that say what the index says, but for the entries.
    static func preamble(of index: LogIndex) -> [LogRecord] {
        var records: [LogRecord] = []
        if index.hardState != .initial { records.append(.hardState(index.hardState)) }
        if index.snapshot != .zero { records.append(.snapshotMark(index.snapshot)) }
        if index.boundary != .zero { records.append(.boundary(index.boundary)) }
        return records
    }

    // MARK: Records

    static func size(of record: LogRecord) -> Int {
        switch record {
        case .entry(let entry): RecordHeader.stride(ofPayload: entry.payload.count)
        case .hardState, .restoredVote: RecordHeader.stride(ofPayload: 9)
        case .lost: RecordHeader.stride(ofPayload: 8)
        case .truncate, .snapshotMark, .boundary: RecordHeader.size
        }
    }

    private mutating func encode(
        _ record: LogRecord, _ isVoteCertain: Bool, into buffer: inout [UInt8]
    ) -> Written {
        let kind: RecordHeader.Kind
        var position = LogPosition.zero
        var payload: [UInt8] = []
        var number: UInt64?
        var restoresVote = false
        switch record {
        case .entry(let entry):
            (kind, position, payload) = (.entry, entry.position, entry.payload)
        case .hardState(let state), .restoredVote(let state):
            if case .restoredVote = record { restoresVote = true }
            kind = .hardState
            position = LogPosition(index: state.commit, term: state.term)
            number = state.vote
        case .truncate(let index): (kind, position) = (.truncate, .init(index: index, term: 0))
        case .snapshotMark(let mark): (kind, position) = (.snapshotMark, mark)
        case .boundary(let boundary): (kind, position) = (.boundary, boundary)
        case .lost(let from, let through):
            (kind, position, number) = (.lost, .init(index: from, term: 0), through)
        }
        if let number { payload = withUnsafeBytes(of: number.littleEndian) { Array($0) } }
        if kind == .hardState, !isVoteCertain, !restoresVote { payload.append(1) }
        let sequence = nextSequence
        nextSequence += 1
        let header = RecordHeader(
            kind: kind, sequence: sequence,
            unflushed: UInt32(clamping: sequence - flushedSequence), index: position.index,
            term: position.term, length: payload.count,
            payloadChecksum: payload.withUnsafeBytes {
                RecordHeader.payloadChecksum($0, sequence: sequence)
            }, previous: previous)
        let segment = segments.last?.number ?? 0
        let place = RecordPlace(
            identity: identity, segment: segment, position: end + UInt64(buffer.count))
        previous = header.append(payload: payload, to: &buffer, at: place)
        let location = EntryLocation(
            segment: segment, position: UInt32(truncatingIfNeeded: place.position),
            length: UInt32(truncatingIfNeeded: payload.count), term: position.term,
            isDamaged: false)
        return Written(
            header: header, number: number, location: location, restoresVote: restoresVote)
    }
}
