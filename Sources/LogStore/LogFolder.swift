// The files of a log: found and read when it is opened.

import Platform
import Primitives

/// A segment as the writer knows it.
struct Segment {
    let number: UInt64
    let path: String
    let file: any LogFile
    /// The greatest index of an entry in it, 0 for none.
    var greatestIndex: UInt64 = 0
}

/// A log as found on the disk.
struct OpenedLog {
    let identity: UInt64
    let mark: FlushMark
    let markFile: any LogFile
    let segments: [Segment]
    /// Where the last segment's records end.
    let end: UInt64
    let lastSequence: UInt64
    let lastChecksum: UInt32
    let index: LogIndex
    let recovery: LogRecovery
    /// What recovery has to write, so that the next one decides the same.
    let decisions: [LogRecord]
}

/// Opens the log in a folder, making it when there is none.
struct LogFolder {
    let path: String
    let options: LogOptions
    let disk: any LogDisk

    private func segmentPath(_ number: UInt64) -> String {
        "\(path)/\(SegmentHeader.name(number))"
    }

    func open() throws(Refusal) -> OpenedLog {
        try disk.makeFolder(path)
        let names = try disk.list(path)
        let markPath = "\(path)/\(FlushMark.fileName)"
        var known: (identity: UInt64, mark: FlushMark)?
        let markFile: any LogFile
        if names.contains(FlushMark.fileName) {
            markFile = try disk.open(markPath)
            known = try FlushMark.read(markFile)
        } else {
            markFile = try disk.create(markPath, size: FlushMark.fileSize)
        }
        var segments: [Segment] = []
        for name in names {
            guard let number = SegmentHeader.number(ofName: name) else { continue }
            let file = try disk.open("\(path)/\(name)")
            segments.append(Segment(number: number, path: "\(path)/\(name)", file: file))
        }
        let headers = try segments.map { (segment) throws(Refusal) in
            SegmentHeader.decode(try segment.file.read(at: 0, count: SegmentHeader.size))
        }
        let identity: UInt64
        if let found = known?.identity ?? headers.lazy.compactMap({ $0?.identity }).first {
            identity = found
        } else {
            for segment in segments where try !contents(segment).allSatisfy({ $0 == 0 }) {
                throw Refusal(
                    "log.unreadable",
                    "no file in \(path) says which log it belongs to: replace this member's data "
                        + "and let it join again")
            }
            if let given = options.identity {
                identity = given
            } else {
                identity = try SystemEntropy.seed()
            }
        }
        if known == nil { try name(markFile, identity) }
        return try replay(
            segments, firstSequence: headers.first??.firstSequence, identity: identity,
            mark: known?.mark, markFile: markFile)
    }

    /// Writes down in a second place which log this is, and that no flush is noted yet: else the
    /// loss of a first segment's header would leave a log that nobody can name.
    private func name(_ markFile: any LogFile, _ identity: UInt64) throws(Refusal) {
        for counter in 0..<2 as Range<UInt64> {
            let mark = FlushMark(counter: counter)
            try markFile.write(mark.encode(identity: identity), at: mark.position)
        }
        try markFile.flush()
        try disk.flushFolder(path)
    }

    private func contents(_ segment: Segment) throws(Refusal) -> [UInt8] {
        let size = min(try segment.file.size(), LogOptions.segmentBytesLimit)
        return try segment.file.read(at: 0, count: Int(size))
    }

    private func replay(
        _ segments: [Segment], firstSequence: UInt64?, identity: UInt64,
        mark: FlushMark?, markFile: any LogFile
    ) throws(Refusal) -> OpenedLog {
        var found: [FoundRecord] = []
        // One at a time: a log may be larger than what a member should take of the memory.
        for segment in segments {
            let scan = SegmentScan(
                try contents(segment), identity: identity, segment: segment.number,
                after: found.last?.header.sequence ?? 0)
            found += scan.records
        }
        // Segments before the first were deleted on purpose, and with them their sequences.
        let first = firstSequence ?? found.first?.header.sequence ?? 1
        let replay = Replay(found, mark: mark, before: max(first, 1) - 1)
        var recovery = replay.recovery
        recovery.isNew = segments.isEmpty && mark == nil
        let (kept, end) = try cut(segments, behind: replay.kept)
        return OpenedLog(
            identity: identity, mark: mark ?? FlushMark(), markFile: markFile, segments: kept,
            end: end, lastSequence: replay.lastSequence,
            lastChecksum: replay.kept.last?.checksum ?? 0, index: replay.index, recovery: recovery,
            decisions: replay.decisions)
    }

    /// Removes what lies behind the last record that counts, so that no later life finds it.
    private func cut(
        _ segments: [Segment], behind records: [FoundRecord]
    ) throws(Refusal) -> (segments: [Segment], end: UInt64) {
        guard let last = records.last else {
            // Nothing counts: whatever lies there is a first write that was never finished.
            for segment in segments { try disk.remove(segment.path) }
            return ([], 0)
        }
        var greatest: [UInt64: UInt64] = [:]
        for record in records where record.header.kind == .entry {
            greatest[record.segment] = max(greatest[record.segment] ?? 0, record.header.index)
        }
        var kept: [Segment] = []
        for var segment in segments {
            if segment.number > last.segment {
                try disk.remove(segment.path)
                continue
            }
            segment.greatestIndex = greatest[segment.number] ?? 0
            if segment.number == last.segment {
                let size = max(try segment.file.size(), last.end)
                try segment.file.reset(length: last.end, size: size)
                try segment.file.flush()
            }
            kept.append(segment)
        }
        try disk.flushFolder(path)
        return (kept, last.end)
    }
}
