// One replica's storage damaged while the other two are well: does the member come back by itself,
// and is what it then says right? The kinds are those of the comparison that this project measured
// on etcd 3.4.23; both are run here, side by side.

import Glibc
import Platform
import Primitives
import Transport

/// A kind of damage.
enum StorageFault: String, CaseIterable {
    case bitEarly = "1 bit flipped in the log at 25 %"
    case bitMiddle = "1 bit flipped in the log at 50 %"
    case bitLate = "1 bit flipped in the log at 90 %"
    case tailShort = "last 150 bytes of the log zeroed"
    case tailLong = "last 1200 bytes of the log zeroed"
    case sector = "a 512-byte sector zeroed near the log's end"
    case statePages = "8 bytes flipped in every page of the state"
    case folderLost = "data folder lost, same name"
    case headerBit = "1 bit flipped in a log record's header"
    case values = "1 bit flipped in each stored value"
}

/// Files of a member that are to be hurt.
struct MemberFiles {
    /// The log's segments, in order, and the state's file.
    let log: [String]
    let state: [String]
    /// What is lost with the disk.
    let folder: String
    /// Bytes before a record's payload where its header lies, as seen from a value's start.
    let headerDistance: Int
}

/// Does the damage.
enum Damage {
    static func inflict(_ fault: StorageFault, on files: MemberFiles) throws(Refusal) {
        switch fault {
        case .bitEarly: try flipBit(of: files, at: 25)
        case .bitMiddle: try flipBit(of: files, at: 50)
        case .bitLate: try flipBit(of: files, at: 90)
        case .tailShort: try zeroTail(of: files, back: 150, count: 150)
        case .tailLong: try zeroTail(of: files, back: 1200, count: 1200)
        case .sector: try zeroTail(of: files, back: 4096, count: 512)
        case .statePages:
            for path in files.state { try change(path) { flipPages(&$0) } }
        case .folderLost: try Files.removeTree(files.folder)
        case .headerBit: try flipHeader(of: files)
        case .values:
            for path in files.state { try change(path) { flipValues(&$0) } }
        }
    }

    private static func change(
        _ path: String, _ body: (inout [UInt8]) -> Void
    ) throws(Refusal) {
        guard Files.exists(path) else { return }
        var bytes = try Files.read(path, limit: 1 << 30)
        body(&bytes)
        let file = try FileDescriptor.open(path, O_WRONLY)
        try file.write(bytes, at: 0)
        try file.synchronize()
    }

    private static func usedEnd(_ bytes: [UInt8]) -> Int {
        (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    }

    private static func flipBit(of files: MemberFiles, at percent: Int) throws(Refusal) {
        guard let path = files.log.last else { return }
        try change(path) { bytes in
            let place = usedEnd(bytes) * percent / 100
            if place < bytes.count { bytes[place] ^= 0x10 }
        }
    }

    private static func zeroTail(
        of files: MemberFiles, back: Int, count: Int
    ) throws(Refusal) {
        guard let path = files.log.last else { return }
        try change(path) { bytes in
            var start = max(0, usedEnd(bytes) - back)
            if count == 512 { start = start / 512 * 512 }
            for place in start..<min(bytes.count, start + count) { bytes[place] = 0 }
        }
    }

    private static func flipPages(_ bytes: inout [UInt8]) {
        var page = 4096
        while page + 2056 <= bytes.count {
            for place in page + 2048..<page + 2056 { bytes[place] ^= 0xFF }
            page += 4096
        }
    }

    /// The header of the record in the middle of the log whose payload holds the key of a put.
    private static func flipHeader(of files: MemberFiles) throws(Refusal) {
        guard let path = files.log.last else { return }
        try change(path) { bytes in
            let start = usedEnd(bytes) / 2
            guard let found = find(BenchPut.key, in: bytes, from: start) else { return }
            bytes[max(0, found - files.headerDistance)] ^= 0x01
        }
    }

    /// A bit of each copy of the value's last bytes.
    private static func flipValues(_ bytes: inout [UInt8]) {
        let end = Array(BenchPut.value.suffix(32))
        var place = 0
        while let found = find(end, in: bytes, from: place) {
            bytes[found + 16] ^= 0x01
            place = found + end.count
        }
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = pattern.first, bytes.count >= pattern.count else { return nil }
        var place = start
        while place <= bytes.count - pattern.count {
            if bytes[place] == first, bytes[place..<place + pattern.count].elementsEqual(pattern) {
                return place
            }
            place += 1
        }
        return nil
    }
}

/// A group whose members can be hurt one by one.
protocol Hurtable: Contender {
    func leader() async throws(Refusal) -> Int
    func files(_ member: Int) throws(Refusal) -> MemberFiles
    func crash(_ member: Int) async
    /// Stops a member in order.
    func stop(_ member: Int) async
    func start(_ member: Int) async throws(Refusal)
    func process(_ member: Int) -> ChildProcess?
    /// The value that a member reads, linearizably; nil when it does not answer.
    func read(at member: Int) async -> [UInt8]?
    /// Whether a member has applied what the leader has.
    func hasCaughtUp(_ member: Int) async -> Bool
}

/// `benchmarks storage-faults`.
struct StorageFaultsBenchmark {
    func run() async throws(Refusal) {
        let folder = try BenchFolder.make("storage")
        defer { BenchFolder.remove(folder) }
        printNow("one follower of three damaged, the others well:")
        printNow("".padded(46) + "althing".padded(30) + "etcd")
        let hasPeer = await EtcdGroup.version() != nil
        var healed = 0
        for (number, fault) in StorageFault.allCases.enumerated() {
            let ours = try await AlthingGroup(folder: "\(folder)/althing-\(number)")
            let mine = await suffer(fault, ours, folder)
            await ours.stop()
            if mine == "heals, reads right" { healed += 1 }
            var theirs = "not installed"
            if hasPeer {
                let group = try await EtcdGroup(folder: "\(folder)/etcd-\(number)")
                theirs = await suffer(fault, group, folder)
                await group.stop()
            }
            printNow(fault.rawValue.padded(46) + mine.padded(30) + theirs)
        }
        printNow("healed by itself, with right reads: \(healed) of \(StorageFault.allCases.count)")
    }

    private func suffer(
        _ fault: StorageFault, _ group: some Hurtable, _ folder: String
    ) async -> String {
        do throws(Refusal) {
            return try await verdict(fault, group, folder)
        } catch {
            return "not run: \(error.code)"
        }
    }

    private func verdict(
        _ fault: StorageFault, _ group: some Hurtable, _ folder: String
    ) async throws(Refusal) -> String {
        let driver = LoadDriver(folder: folder)
        _ = try await driver.run(.put, to: group, inFlight: 16, count: 4000)
        let victim = try await group.leader() % 3 + 1
        _ = try? await waiting("the follower", seconds: 10) {
            await group.hasCaughtUp(victim) ? true : nil
        }
        if fault == .values || fault == .statePages {
            await group.stop(victim)
        } else {
            await group.crash(victim)
        }
        try Damage.inflict(fault, on: try group.files(victim))
        try await group.start(victim)
        // It has to take part again, not only to run: more is written meanwhile.
        _ = try await driver.run(.put, to: group, inFlight: 16, count: 500)
        let isBack = try? await waiting("the follower", seconds: 20) { () -> Bool? in
            if group.process(victim)?.isRunning != true { return false }
            return await group.hasCaughtUp(victim) ? true : nil
        }
        switch isBack {
        case true?: break
        case false?: return "does not start"
        case nil: return "does not catch up"
        }
        guard let value = await group.read(at: victim) else { return "does not answer reads" }
        guard value == BenchPut.value else { return "SERVES A WRONG READ" }
        return "heals, reads right"
    }
}

extension AlthingGroup: Hurtable {
    func leader() async throws(Refusal) -> Int { try await leader(among: [1, 2, 3]) }

    func files(_ member: Int) throws(Refusal) -> MemberFiles {
        let data = "\(home(member))/data"
        let segments = try Files.list("\(data)/log").filter { $0.hasSuffix(".log") }.sorted()
        return MemberFiles(
            log: segments.map { "\(data)/log/\($0)" }.filter(AlthingGroup.isUsed),
            state: ["\(data)/state.sqlite", "\(data)/state.sqlite-wal"], folder: data,
            // Header of 48 bytes, kind, form, time (6), life, batch, two counts: about 76 bytes.
            headerDistance: 40)
    }

    private static func isUsed(_ path: String) -> Bool {
        (try? Files.read(path, limit: 1 << 30))?.dropFirst(64).contains { $0 != 0 } ?? false
    }

    func stop(_ member: Int) async {
        process(member)?.terminate()
        await crash(member, byKill: false)
    }

    func read(at member: Int) async -> [UInt8]? {
        guard var request = try? HTTPClientRequest("POST", "\(origin(member))/bench/get") else {
            return nil
        }
        request.body = BenchPut.key
        request.responseTimeout = .seconds(3)
        guard let answer = try? await client.send(request), answer.status == 200 else { return nil }
        return answer.body
    }

    func hasCaughtUp(_ member: Int) async -> Bool {
        guard let leader = try? await leader(), let target = await status(leader)?["applied_index"],
            let applied = await status(member)?["applied_index"]
        else { return false }
        return target == applied
    }
}

extension EtcdGroup: Hurtable {
    func leader() async throws(Refusal) -> Int { try await leader(among: [1, 2, 3]) }

    func files(_ member: Int) throws(Refusal) -> MemberFiles {
        let data = "\(dataFolder(member))/member"
        let segments = try Files.list("\(data)/wal").filter { $0.hasSuffix(".wal") }.sorted()
        // Field 1 of the record, its kind, lies right behind its length; the key about 30 behind.
        return MemberFiles(
            log: segments.map { "\(data)/wal/\($0)" }, state: ["\(data)/snap/db"],
            folder: dataFolder(member), headerDistance: 34)
    }

    func stop(_ member: Int) async {
        process(member)?.terminate()
        await crash(member, byKill: false)
    }

    func read(at member: Int) async -> [UInt8]? {
        let key = Base64.encode(BenchPut.key)
        guard
            let answer = await call(
                "kv/range", "{\"key\":\"\(key)\"}", of: member, timeout: .seconds(3)),
            let value = answer["kvs"]?[0]?["value"]?.text
        else { return nil }
        return Base64.decode(value)
    }

    func hasCaughtUp(_ member: Int) async -> Bool {
        guard let leader = try? await leader(),
            let target = await call("maintenance/status", "{}", of: leader)?["header"]?["revision"],
            let own = await call("maintenance/status", "{}", of: member)?["header"]?["revision"]
        else { return false }
        return target == own
    }
}

/// Base64, as etcd's JSON writes bytes.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = Array(bytes[start..<min(start + 3, bytes.count)])
            let word = part.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for digit in 0..<4 {
                out.append(
                    digit <= part.count
                        ? alphabet[word >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var word = 0
        var bits = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            word = word << 6 | digit
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            out.append(UInt8(word >> bits & 0xFF))
        }
        return out
    }
}
