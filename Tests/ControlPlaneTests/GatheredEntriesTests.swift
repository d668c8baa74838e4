// Entries that are applied in memory and written together: nobody sees a difference, and what a
// crash loses is had again from the log.

import Cryptography
import Ledger
import Primitives
import Testing

@testable import ControlPlane

@Suite struct GatheredEntriesTests {
    private func machine(_ deployment: TestDeployment, at path: String) throws -> StateMachine {
        try StateMachine(genesis: deployment.genesis, database: try StateDatabase(path: path))
    }

    private func apply(_ entry: AuditEntry, to machine: StateMachine) throws -> AppliedEntry {
        try machine.apply(
            index: entry.index, term: entry.term,
            payload: try EntryPayload(decoding: entry.payload))
    }

    @Test func `a machine that gathers has the state of one that writes, entry by entry`() throws {
        let deployment = try TestDeployment.released()
        let plain = try machine(deployment, at: ":memory:")
        let gathering = try machine(deployment, at: ":memory:")
        gathering.gather()
        var random = SplitMix64(seed: 4)
        for entry in deployment.entries {
            let expected = try apply(entry, to: plain)
            let found = try apply(entry, to: gathering)
            #expect(found.events == expected.events)
            #expect(found.receipts == expected.receipts)
            try #require(gathering.stateDigest == plain.stateDigest, "entry \(entry.index)")
            #expect(gathering.appliedIndex == entry.index)
            #expect(gathering.nextDue == plain.nextDue)
            if random.next(below: 7) == 0 {
                try gathering.flush()
                try #require(gathering.stateDigest == plain.stateDigest, "entry \(entry.index)")
            }
        }
        let all = (from: [UInt8](), to: [UInt8](repeating: 0xFF, count: 256))
        #expect(
            gathering.state.entries(from: all.from, to: all.to, limit: .max)
                == plain.state.entries(from: all.from, to: all.to, limit: .max))
    }

    @Test func `what a process had not written when it ended is applied again`() throws {
        let folder = try Folder()
        let path = folder.path + "/state"
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        var random = SplitMix64(seed: 9)
        var next = 0
        while next < deployment.entries.count {
            let machine = try machine(deployment, at: path)
            // It begins where the file says, and the file is whole as of some entry.
            let applied = Int(machine.appliedIndex - StateMachine.genesisIndex)
            try #require(applied <= next)
            machine.gather()
            next = applied
            let end = min(deployment.entries.count, next + 1 + Int(random.next(below: 9)))
            let flushed = Int(random.next(below: 9))
            for (count, entry) in deployment.entries[next..<end].enumerated() {
                _ = try apply(entry, to: machine)
                if count == flushed { try machine.flush() }
            }
            next = end
            if end == deployment.entries.count { try machine.flush() }
        }
        let database = try StateDatabase(path: path)
        try database.verify()
        #expect(database.stateDigest == deployment.machine.stateDigest)
        #expect(database.appliedIndex == deployment.machine.appliedIndex)
    }

    @Test func `without room nothing gathered is lost, and with room it is written`() throws {
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        let database = try StateDatabase(path: ":memory:")
        let machine = try StateMachine(genesis: deployment.genesis, database: database)
        machine.gather()
        try database.execute("PRAGMA max_page_count = 1")
        for entry in deployment.entries { _ = try apply(entry, to: machine) }
        #expect(throws: Refusal("disk.full", "")) { try machine.flush() }
        #expect(database.appliedIndex == StateMachine.genesisIndex)
        #expect(machine.appliedIndex == deployment.machine.appliedIndex)
        #expect(machine.stateDigest == deployment.machine.stateDigest)
        try database.execute("PRAGMA max_page_count = 100000")
        try machine.flush()
        try database.verify()
        #expect(database.stateDigest == deployment.machine.stateDigest)
        #expect(database.appliedIndex == deployment.machine.appliedIndex)
    }

    @Test func `more than is to be kept in memory is written without being asked`() throws {
        let deployment = try TestDeployment()
        let database = try StateDatabase(path: ":memory:")
        let machine = try StateMachine(genesis: deployment.genesis, database: database)
        machine.gather()
        for index in 2...40 as ClosedRange<UInt64> {
            try machine.applyOpaque(index: index, term: 1, timestamp: .zero, payload: []) {
                $0.set([0x5F, UInt8(index)], to: [UInt8](repeating: 1, count: 1 << 20))
            }
            let behind = index - database.appliedIndex
            #expect(behind <= UInt64(GatheredEntries.bytesLimit >> 20) + 1)
        }
        #expect(database.appliedIndex > 30)
    }

    @Test func `an entry that read a damaged row is not gathered`() throws {
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        let database = try StateDatabase(path: ":memory:")
        let machine = try StateMachine(genesis: deployment.genesis, database: database)
        for entry in deployment.entries.dropLast() { _ = try apply(entry, to: machine) }
        machine.gather()
        let position = [Tables.meta.prefix] + ChainPosition.key
        try database.execute(
            "UPDATE state SET value = x'00' WHERE key = x'\(Hex.encode(position).suffix(4))'")
        let last = try #require(deployment.entries.last)
        #expect(throws: Refusal("state.damaged", "")) { try apply(last, to: machine) }
        #expect(machine.appliedIndex == last.index - 1)
    }
}
