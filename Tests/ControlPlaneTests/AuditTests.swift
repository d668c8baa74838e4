// An auditor believes the genesis and rebuilds the rest: a sound copy passes, and whatever byte of
// whatever entry was changed, that entry is named.

import ControlPlane
import Cryptography
import Primitives
import Testing

@Suite
struct AuditTests {
    @Test func `the copy of a whole road is sound`() throws {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1000))
        try till.buy(prompt: 10, completion: 10, from: deployment.people.machines[0][0])
        try deployment.applyEmpty()
        try deployment.tick(after: 8000)
        let file = try deployment.auditFile()
        let report = Auditor.run(
            try AuditFile(parsing: file.bytes), expected: deployment.genesis.digest)
        #expect(report.failure == nil)
        #expect(report.isSound)
        #expect(report.entries == UInt64(deployment.entries.count))
        #expect(report.events == UInt64(deployment.events.count))
        #expect(report.commands == UInt64(deployment.receipts.count))
        #expect(report.stateDigest == deployment.machine.stateDigest)
        #expect(report.treeSize == UInt64(deployment.receipts.count))
        #expect(report.signedBy == [1])
    }

    /// A log with every kind of entry that is short enough to be replayed many times.
    private func shortLog() throws -> TestDeployment {
        let deployment = try TestDeployment(people: try People(owners: 1, machinesEach: 1))
        try deployment.registerMachines()
        try deployment.applyEmpty()
        _ = try deployment.submit(try Shipped.text("Proposals/0003-signal-publish-evaluations.md"))
        try deployment.accept(
            .createKey(keyDigest: .zero, label: "k"), by: deployment.people.customer)
        try deployment.apply(
            .fundPrepaid(amount: Amount(UInt128.max)), by: deployment.people.customer)
        try deployment.tick(after: 2000)
        try deployment.applyEmpty()
        return deployment
    }

    private func expectNamed(
        _ file: AuditFile, entry number: Int, byte position: Int, xor mask: UInt8
    ) {
        var damaged = file
        damaged.entries[number][position] ^= mask
        let report = Auditor.run(damaged)
        #expect(
            report.badEntry == StateMachine.genesisIndex + 1 + UInt64(number),
            "byte \(position) of entry \(number) xor \(mask): \(report.failure?.description ?? "")")
    }

    @Test func `a changed byte anywhere in the log is named by its entry`() throws {
        let file = try shortLog().auditFile()
        #expect(Auditor.run(file).isSound)
        var generator = SplitMix64(seed: 1)
        for number in file.entries.indices {
            let count = file.entries[number].count
            // Each byte of the frame, and some in between.
            var positions = Array(0..<min(count, 8)) + [count - 33, count - 32, count - 1]
            for _ in 0..<6 { positions.append(Int(generator.next(below: UInt64(count)))) }
            for position in positions where position >= 0 {
                let mask = UInt8(1) << UInt8(generator.next(below: 8))
                expectNamed(file, entry: number, byte: position, xor: mask)
            }
        }
    }

    @Test func `a missing, doubled or exchanged entry is named`() throws {
        let file = try shortLog().auditFile()
        var missing = file
        missing.entries.remove(at: 3)
        #expect(Auditor.run(missing).badEntry == 5)
        var doubled = file
        doubled.entries.insert(file.entries[3], at: 4)
        #expect(Auditor.run(doubled).badEntry == 6)
        var exchanged = file
        exchanged.entries.swapAt(2, 3)
        #expect(Auditor.run(exchanged).badEntry == 4)
        var short = file
        short.entries.removeLast(3)
        #expect(Auditor.run(short).failure?.code == "audit.truncated")
    }

    @Test func `a chain that was made to fit does not help a forged command`() throws {
        let deployment = try shortLog()
        var file = try deployment.auditFile()
        // The last command is done away with and the chain computed anew.
        let number = try #require(
            file.entries.indices.last { deployment.entries[$0].payload.count > 0 })
        var chain = deployment.entries[number - 1].chain
        for index in number..<file.entries.count {
            var entry = deployment.entries[index]
            if index == number {
                entry.payload =
                    EntryPayload(timestamp: deployment.now, commands: []).encoded
            }
            chain = StateMachine.chained(
                chain, index: entry.index, term: entry.term, kind: entry.kind,
                payload: entry.payload)
            entry.chain = chain
            file.entries[index] = entry.encoded
        }
        let report = Auditor.run(file)
        #expect(!report.isSound)
        #expect(report.failure?.code == "audit.truncated")
    }

    @Test func `a signature by another key is named, even with a chain that fits`() throws {
        let deployment = try TestDeployment()
        let thief = try Person("thief")
        let customer = deployment.people.customer
        var forged = try deployment.signed(
            .transfer(asset: "CREDIT", to: thief.address, amount: Amount(1), memo: ""), by: thief)
        guard case .account(var envelope) = forged else { return }
        envelope.signer = customer.address
        forged = .account(envelope)
        let payload = EntryPayload(timestamp: deployment.now, commands: [forged])
        _ = try deployment.machine.apply(index: 2, term: 1, payload: payload)
        let entry = AuditEntry(
            index: 2, term: 1, kind: 0, payload: payload.encoded,
            chain: try #require(deployment.views.chain(at: 2)))
        var file = try deployment.auditFile()
        file.entries = [entry.encoded]
        let report = Auditor.run(file)
        #expect(report.badEntry == 2)
        #expect(report.failure?.code == "signature.wrong-signer")
    }

    @Test func `a head that nobody signed, or that is another log's, is refused`() throws {
        let deployment = try shortLog()
        var file = try deployment.auditFile()
        file.checkpoint = file.checkpoint.replacing("althing-test", with: "althing-best")
        #expect(Auditor.run(file).failure != nil)
        var other = try deployment.auditFile()
        let head = deployment.views.treeHead()
        other.checkpoint = try CheckpointNote.signed(
            genesis: deployment.genesis, member: 1, size: head.size, root: head.root,
            seed: SecretBytes([UInt8](repeating: 7, count: 32)), time: deployment.now)
        #expect(Auditor.run(other).failure?.code == "note.unverified")
        let report = Auditor.run(try deployment.auditFile(), expected: .zero)
        #expect(report.failure?.code == "audit.genesis")
    }
}
