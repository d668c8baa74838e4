// A backup: everything a deployment is but its keys, in one file whose every byte is covered.
//
// Sections follow one another: kind, length, SHA-256 over the section before's digest, kind and
// content. So what is flipped, cut, swapped or left out is named by the section it is in.

import ControlPlane
import Cryptography
import Glibc
import Platform
import Primitives

/// What a section of a backup holds.
enum BackupSection: UInt8, Sendable {
    case end = 0
    case genesis = 1
    case checkpoint = 2
    case descriptor = 3
    case state = 4
    case entries = 5

    var name: String {
        switch self {
        case .end: "end"
        case .genesis: "genesis"
        case .checkpoint: "checkpoint"
        case .descriptor: "descriptor"
        case .state: "state"
        case .entries: "entries"
        }
    }

    /// The most bytes of one section; larger contents go in several.
    static let byteLimit: UInt64 = 32 << 20
    static let magic = Array("althing-backup/1".utf8)
    static let headBytes: UInt64 = 1 + 8 + 32

    static func digest(_ kind: BackupSection, _ content: [UInt8], after previous: Digest) -> Digest
    {
        SHA256.hash(previous.bytes, [kind.rawValue], content)
    }
}

/// Writes a backup.
struct BackupWriter {
    private let file: FileDescriptor
    private var position: UInt64
    private var previous = Digest.zero

    /// Begins a file, which must not exist (`file.exists`).
    init(_ path: String) throws(Refusal) {
        file = try FileDescriptor.open(
            path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600, deed: "create")
        try file.write(BackupSection.magic, at: 0)
        position = UInt64(BackupSection.magic.count)
    }

    /// Adds a section.
    mutating func add(_ kind: BackupSection, _ content: [UInt8]) throws(Refusal) {
        previous = BackupSection.digest(kind, content, after: previous)
        var head = BinaryEncoder()
        head.byte(kind.rawValue)
        head.sortable(UInt64(content.count))
        head.raw(previous.bytes)
        try file.write(head.bytes + content, at: position)
        position += BackupSection.headBytes + UInt64(content.count)
    }

    /// Ends the file; gives its size once it is on the device.
    mutating func finish() throws(Refusal) -> UInt64 {
        try add(.end, [])
        try file.synchronize()
        return position
    }
}

/// Reads a backup, section by section, each one checked.
struct BackupReader {
    private let file: FileDescriptor
    private let size: UInt64
    private(set) var position: UInt64
    private var previous = Digest.zero
    private(set) var isAtEnd = false

    /// Opens a file; throws `backup.malformed` when it is none.
    init(_ path: String) throws(Refusal) {
        file = try FileDescriptor.open(path, O_RDONLY, deed: "read")
        size = try file.size()
        let magic = try file.read(at: 0, count: BackupSection.magic.count)
        guard magic == BackupSection.magic else {
            throw Refusal("backup.malformed", "\(path) is not a backup of version 1")
        }
        position = UInt64(magic.count)
    }

    /// The next section; nil after the last. Throws `backup.damaged` with the place.
    mutating func next() throws(Refusal) -> (kind: BackupSection, content: [UInt8])? {
        guard !isAtEnd else { return nil }
        let start = position
        var head = BinaryDecoder(try file.read(at: start, count: Int(BackupSection.headBytes)))
        guard head.remaining == Int(BackupSection.headBytes),
            let kind = BackupSection(rawValue: try head.byte())
        else { throw damaged("a section begins", start) }
        let count = try head.sortable()
        guard count <= BackupSection.byteLimit,
            count <= size - start - BackupSection.headBytes
        else { throw damaged("the section `\(kind.name)` is cut short", start) }
        let expected = try head.raw(32)
        let content = try file.read(at: start + BackupSection.headBytes, count: Int(count))
        let digest = BackupSection.digest(kind, content, after: previous)
        guard digest.bytes == expected else {
            throw damaged("the section `\(kind.name)` fails its digest", start)
        }
        previous = digest
        position = start + BackupSection.headBytes + count
        if kind == .end {
            guard position == size, count == 0 else { throw damaged("something follows", position) }
            isAtEnd = true
            return nil
        }
        return (kind, content)
    }

    private func damaged(_ what: String, _ place: UInt64) -> Refusal {
        Refusal("backup.damaged", "\(what) at byte \(place) of \(size)")
    }
}
