// The audit: rebuilds everything from the genesis and believes nothing else. Signatures, order,
// times, tallies, payouts and roots are computed again by the rules that every member runs; the
// first entry that does not hold is named.

import Cryptography
import Ledger
public import Primitives
import Transparency

/// What an audit found.
public struct AuditReport: Sendable {
    /// Entries that hold.
    public var entries: UInt64 = 0
    /// Commands among them.
    public var commands: UInt64 = 0
    /// Signatures that were verified.
    public var signatures: UInt64 = 0
    /// Events that applying them brought about.
    public var events: UInt64 = 0
    /// A digest of the state that results.
    public var stateDigest = Digest.zero
    /// The size of the command log that the signed head covers.
    public var treeSize: UInt64 = 0
    /// The seats that signed the head.
    public var signedBy: [UInt64] = []
    /// The first entry that does not hold; nil when all do, or when the fault lies outside entries.
    public var badEntry: UInt64?
    /// What does not hold; nil when everything does.
    public var failure: Refusal?

    /// Whether everything holds.
    public var isSound: Bool { failure == nil }

    /// The report as an object.
    public var json: JSON {
        [
            "ok": .bool(isSound), "entries": .int(entries), "commands": .int(commands),
            "signatures": .int(signatures), "events": .int(events),
            "state_digest": .string(stateDigest.hex), "tree_size": .int(treeSize),
            "signed_by": .array(signedBy.map { .int($0) }),
            "bad_entry": badEntry.map { .int($0) } ?? .null,
            "code": .string(failure?.code ?? ""), "message": .string(failure?.message ?? ""),
        ]
    }
}

/// Audits copies of the log.
public struct Auditor {
    let genesis: Genesis
    private let admission: Admission
    let machine: StateMachine
    var report = AuditReport()
    private var chain: Digest
    private var lastIndex = StateMachine.genesisIndex

    init(genesis: Genesis) throws(Refusal) {
        self.genesis = genesis
        admission = Admission(genesis: genesis)
        machine = try StateMachine(
            genesis: genesis, database: try StateDatabase(path: ":memory:"))
        chain = genesis.digest
    }

    /// Audits a copy.
    ///
    /// - Parameter expected: the genesis digest the auditor knows, from elsewhere than the file.
    /// - Returns: what was found; a fault is in the report.
    public static func run(_ file: AuditFile, expected: Digest? = nil) -> AuditReport {
        do throws(Refusal) {
            let genesis = try Genesis(decoding: file.genesis)
            if let expected, genesis.digest != expected {
                throw Refusal(
                    "audit.genesis", "the copy's genesis is \(genesis.digest), not \(expected)")
            }
            var auditor = try Auditor(genesis: genesis)
            for (offset, bytes) in file.entries.enumerated() {
                do throws(Refusal) {
                    try auditor.check(bytes)
                } catch {
                    auditor.report.badEntry = StateMachine.genesisIndex + 1 + UInt64(offset)
                    auditor.report.failure = error
                    return auditor.report
                }
            }
            do throws(Refusal) {
                try auditor.checkHead(file.checkpoint)
                try auditor.checkBooks()
            } catch {
                auditor.report.failure = error
            }
            auditor.report.stateDigest = auditor.machine.stateDigest
            return auditor.report
        } catch {
            var report = AuditReport()
            report.failure = error
            return report
        }
    }

    mutating func check(_ bytes: [UInt8]) throws(Refusal) {
        let entry = try AuditEntry(decoding: bytes)
        guard entry.index == lastIndex + 1 else {
            throw Refusal(
                "audit.gap", "after entry \(lastIndex) comes one that says it is \(entry.index)")
        }
        let next = StateMachine.chained(
            chain, index: entry.index, term: entry.term, kind: entry.kind, payload: entry.payload)
        guard next == entry.chain else {
            throw Refusal("audit.chain", "the entry's bytes are not those that were chained")
        }
        if entry.kind != StateMachine.commandKind || entry.payload.isEmpty {
            try machine.applyEmpty(
                index: entry.index, term: entry.term, kind: entry.kind, payload: entry.payload)
        } else {
            try apply(entry)
        }
        chain = next
        lastIndex = entry.index
        report.entries += 1
    }

    private mutating func apply(_ entry: AuditEntry) throws(Refusal) {
        let payload = try EntryPayload(decoding: entry.payload)
        guard payload.encoded == entry.payload else {
            throw Refusal("audit.form", "the entry is not in canonical form")
        }
        guard payload.timestamp >= machine.now else {
            throw Refusal("audit.time", "the entry's time is before the previous entry's")
        }
        for command in payload.commands {
            try admission.check(command, in: machine.state)
            report.signatures += 1
            if case .member(let member) = command, case .postUsage(let reading) = member.command {
                try checkReceipt(reading)
                report.signatures += 1
            }
        }
        let applied = try machine.apply(
            index: entry.index, term: entry.term, payload: payload, encoded: entry.payload)
        report.commands += UInt64(payload.commands.count)
        report.events += UInt64(applied.events.count)
    }

    private func checkReceipt(_ reading: UsageReading) throws(Refusal) {
        let digest = try CommandSigning.receiptDigest(
            reading, genesis: genesis, genesisDigest: machine.genesisDigest)
        let signature = try RecoverableSignature(reading.signature)
        guard try Secp256k1.recover(digest, signature) == reading.provider else {
            throw Refusal(
                "signature.wrong-signer", "a usage receipt is not signed by \(reading.provider)")
        }
    }

    /// The signed head must be a prefix of what was rebuilt.
    mutating func checkHead(_ text: String) throws(Refusal) {
        let (checkpoint, members) = try CheckpointNote.verified(
            text, genesis: genesis, roll: SeatRules.roll(in: machine.state))
        let rebuilt = MerkleLog.frontier(in: machine.state)
        guard checkpoint.size <= rebuilt.size else {
            throw Refusal(
                "audit.truncated",
                "the signed head covers \(checkpoint.size) commands, the copy has \(rebuilt.size)")
        }
        let root = try MerkleLog.tree(size: checkpoint.size, in: machine.state).root()
        guard root == checkpoint.root else {
            throw Refusal(
                "audit.root", "the rebuilt root \(root) is not the signed \(checkpoint.root)")
        }
        report.treeSize = checkpoint.size
        report.signedBy = members
    }

    /// For every asset what was issued is what is held.
    private func checkBooks() throws(Refusal) {
        _ = try Ledger(StateOverlay(machine.state)).checkInvariants()
    }
}
