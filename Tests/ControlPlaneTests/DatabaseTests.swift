// The store: it comes back as it was, and rot is found before anything of it is served.

import ControlPlane
import Cryptography
import Glibc
import Ledger
import Primitives
import Testing

/// A folder that is gone when the test is.
final class Folder {
    let path: String

    init() throws(Refusal) {
        var name = Array("/tmp/althing-state-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw Refusal("test.setup", "no folder") }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { unlink(path + "/state" + suffix) }
        rmdir(path)
    }

    func bytes() throws(Refusal) -> [UInt8] {
        guard let file = fopen(path + "/state", "rb") else {
            throw Refusal("test.setup", "no state")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    func write(_ bytes: [UInt8]) throws(Refusal) {
        for suffix in ["-wal", "-shm"] { unlink(path + "/state" + suffix) }
        guard let file = fopen(path + "/state", "wb") else {
            throw Refusal("test.setup", "no state")
        }
        defer { fclose(file) }
        fwrite(bytes, 1, bytes.count, file)
    }
}

@Suite
struct DatabaseTests {
    /// A deployment on disk with a little of everything, closed.
    private func closed(_ folder: Folder) throws -> (TestDeployment, digest: Digest) {
        func build() throws -> (TestDeployment, Digest) {
            let deployment = try TestDeployment(
                people: try People(owners: 1, machinesEach: 1), path: folder.path + "/state")
            try deployment.registerMachines()
            _ = try deployment.submit(try Shipped.trainingProposal())
            try deployment.tick(after: 2000)
            return (deployment, deployment.machine.stateDigest)
        }
        let built = try build()
        // A twin in memory keeps the entries; the one on disk is closed when it is let go.
        let twin = try TestDeployment(people: try People(owners: 1, machinesEach: 1))
        try twin.replay(built.0)
        return (twin, built.1)
    }

    @Test func `a reopened state is the same and goes on`() throws {
        let folder = try Folder()
        let (twin, digest) = try closed(folder)
        #expect(twin.machine.stateDigest == digest)
        let database = try StateDatabase(path: folder.path + "/state")
        try database.verify()
        let machine = try StateMachine(genesis: twin.genesis, database: database)
        #expect(machine.stateDigest == digest)
        #expect(machine.appliedIndex == twin.machine.appliedIndex)
        #expect(machine.now == twin.machine.now)
        let next = EntryPayload(
            timestamp: twin.now.advanced(by: 9000), commands: [try twin.said(.tick)])
        let index = machine.appliedIndex + 1
        let applied = try machine.apply(index: index, term: 1, payload: next)
        #expect(
            try twin.machine.apply(index: index, term: 1, payload: next).events == applied.events)
        #expect(machine.stateDigest == twin.machine.stateDigest)
    }

    @Test func `a state of another deployment, and an entry out of order, are refused`() throws {
        let folder = try Folder()
        let (twin, _) = try closed(folder)
        var other = twin.genesis
        other.name = "elsewhere"
        #expect(throws: Refusal("state.other-deployment", "")) {
            try StateMachine(
                genesis: other, database: try StateDatabase(path: folder.path + "/state"))
        }
        let digest = twin.machine.stateDigest
        let payload = EntryPayload(timestamp: twin.now, commands: [])
        for index in [0, twin.machine.appliedIndex, twin.machine.appliedIndex + 2] as [UInt64] {
            #expect(throws: Refusal("state.out-of-order", "")) {
                try twin.machine.apply(index: index, term: 1, payload: payload)
            }
        }
        #expect(twin.machine.stateDigest == digest)
    }

    /// What becomes of a member whose state file has these bytes; nil when nothing was found.
    private func finding(_ folder: Folder, _ twin: TestDeployment, _ next: EntryPayload) -> Refusal?
    {
        do {
            let database = try StateDatabase(path: folder.path + "/state")
            let machine = try StateMachine(genesis: twin.genesis, database: database)
            let views = Views(state: machine.state, genesis: twin.genesis)
            // Whatever screen is asked for, it is worked out without a trap ...
            for agent in twin.people.allMachines { _ = try? views.provider(agent.address) }
            _ = views.proposals()
            _ = views.jobs()
            _ = views.policies()
            _ = views.account(twin.people.owners[0].address)
            _ = views.treeHead()
            // ... and not shown when it rests on damage; nor is an entry applied then.
            _ = try machine.apply(index: machine.appliedIndex + 1, term: 1, payload: next)
            if let damage = machine.damage { return damage }
            try database.verify()
            return machine.stateDigest == twin.machine.stateDigest
                ? nil : Refusal("test.differs", "another state without a word")
        } catch {
            return error
        }
    }

    @Test func `a flipped bit anywhere in the file is found or does no harm`() throws {
        let folder = try Folder()
        let (twin, _) = try closed(folder)
        let bytes = try folder.bytes()
        let commands = [
            try twin.said(.tick),
            try twin.signed(
                .createKey(keyDigest: .zero, label: "k"), by: twin.people.owners[0]),
        ]
        let next = EntryPayload(timestamp: twin.now.advanced(by: 9000), commands: commands)
        _ = try twin.machine.apply(
            index: twin.machine.appliedIndex + 1, term: 1, payload: next)
        try folder.write(bytes)
        #expect(finding(folder, twin, next) == nil)

        var generator = SplitMix64(seed: 7)
        var found = 0
        for _ in 0..<120 {
            var damaged = bytes
            let position = Int(generator.next(below: UInt64(bytes.count)))
            damaged[position] ^= 1 << UInt8(generator.next(below: 8))
            try folder.write(damaged)
            let refusal = finding(folder, twin, next)
            if refusal != nil { found += 1 }
            #expect(refusal?.code.hasPrefix("state.") != false, "byte \(position): \(refusal!)")
        }
        // The file is mostly rows; the rest is free space, where a bit means nothing.
        #expect(found > 30)
    }

    @Test func `a damaged row is not served, and nothing is built on it`() throws {
        let folder = try Folder()
        let (twin, digest) = try closed(folder)
        var bytes = try folder.bytes()
        // The text of a policy, where it stands in its row.
        let needle = Array("epoch-length: 7d".utf8)
        let position = try #require(
            bytes.indices.first { bytes[$0...].starts(with: needle) })
        bytes[position + 14] = UInt8(ascii: "1")
        try folder.write(bytes)
        let database = try StateDatabase(path: folder.path + "/state")
        let machine = try StateMachine(genesis: twin.genesis, database: database)
        #expect(machine.damage == nil, "nobody has looked at it yet")
        _ = Views(state: machine.state, genesis: twin.genesis).policies()
        #expect(machine.damage?.code == "state.damaged")
        #expect(throws: Refusal("state.damaged", "")) { try database.verify() }
        let applied = machine.appliedIndex
        #expect(throws: Refusal("state.damaged", "")) {
            try machine.apply(
                index: applied + 1, term: 1,
                payload: EntryPayload(timestamp: twin.now, commands: []))
        }
        #expect(machine.appliedIndex == applied)
        #expect(machine.stateDigest == digest)
    }
}
