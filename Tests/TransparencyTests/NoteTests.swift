import Cryptography
import Primitives
import Testing
import Transparency

func signer(_ name: String, _ type: NoteKeyType, _ seed: UInt8) throws -> NoteSigner {
    try NoteSigner(
        name: name, type: type, seed: SecretBytes([UInt8](repeating: seed, count: 32)))
}

struct Signers {
    let log: NoteSigner
    let witnesses: [NoteSigner]
    let policy: LogPolicy

    init() throws {
        log = try signer("example.org/log", .ed25519, 1)
        witnesses = try (0..<3).map { try signer("witness\($0).example", .cosignature, $0 + 2) }
        var text = "# who is trusted\nlog \(log.verifier) https://example.org/\n\n"
        for (index, witness) in witnesses.enumerated() {
            text += "witness\tW\(index)  \(witness.verifier)\n"
        }
        text += "group both all W0 W1\ngroup enough any both W2\nquorum enough\n"
        policy = try LogPolicy(parsing: Array(text.utf8))
    }

    func note(_ log: TestLog, size: Int, cosigned: [Int] = []) throws -> SignedNote {
        let checkpoint = try Checkpoint(
            origin: self.log.verifier.name, size: UInt64(size), root: log.root(size))
        var note = try SignedNote(text: checkpoint.text)
        let time = Timestamp(milliseconds: 1_700_000_000_000)
        note.add(try self.log.sign(note.text, time: time))
        for index in cosigned { note.add(try witnesses[index].sign(note.text, time: time)) }
        return note
    }
}

struct NoteTests {
    @Test func `A checkpoint is signed, read again and verified`() throws {
        let signers = try Signers()
        let log = try TestLog(size: 5)
        let note = try signers.note(log, size: 5, cosigned: [0])
        let read = try SignedNote(parsing: note.document)
        #expect(read == note)
        let checkpoint = try Checkpoint.verified(read, log: signers.log.verifier)
        #expect(checkpoint.size == 5 && checkpoint.root == log.root(5))
        #expect(try NoteVerifierKey(parsing: "\(signers.log.verifier)") == signers.log.verifier)
        #expect(read.signatures[1].cosignedSeconds == 1_700_000_000)
    }

    @Test func `A changed text, a foreign key and a bad known signature are refused`() throws {
        let signers = try Signers()
        let note = try signers.note(try TestLog(size: 5), size: 5)
        let changed = try SignedNote(
            parsing: note.document.replacing("example.org/log\n5\n", with: "example.org/log\n6\n"))
        let key = signers.log.verifier
        #expect(throws: Refusal("note.signature", "")) { try changed.verified(by: [key]) }
        #expect(throws: Refusal("note.unverified", "")) {
            try note.verified(by: [try signer("example.org/log", .ed25519, 9).verifier])
        }
        let other = try signer("example.org/other", .ed25519, 1)
        var forged = try SignedNote(text: note.text)
        forged.add(try other.sign(note.text, time: .zero))
        #expect(throws: Refusal("checkpoint.origin", "")) {
            _ = try Checkpoint.verified(forged, log: other.verifier)
        }
    }

    @Test(
        arguments: [
            "", "\n", "\n\n", "text\n", "text\n\n", "text\n\n\n", "text\n\n- a AAAA\n",
            "text\n\n\u{2014} a AAAAAAA=\n\n", "text\n\n\u{2014} a+b AAAAAAA=\n",
            "text\n\n\u{2014} a AAAAAA==\n", "text\n\n\u{2014} a AAAAAAA=",
            "text\n\n\u{2014}  AAAAAAA=\n", "te\txt\n\n\u{2014} a AAAAAAA=\n",
            "text\n\n\u{2014} a AAAAAAA= \n", "text\r\n\r\n\u{2014} a AAAAAAA=\r\n",
        ])
    func `What is no note is refused`(_ text: String) {
        #expect(throws: Refusal("note.malformed", "")) { _ = try SignedNote(parsing: text) }
    }

    @Test func `Bytes that are no UTF-8 and too many signatures are refused`() throws {
        let line = "\u{2014} a AAAAAAA=\n"
        #expect(throws: Refusal("note.malformed", "")) {
            _ = try SignedNote(parsing: [0xFF, 0x0A, 0x0A] + Array(line.utf8))
        }
        let many = "t\n\n" + String(repeating: line, count: SignedNote.signatureLimit)
        #expect(try SignedNote(parsing: many).signatures.count == SignedNote.signatureLimit)
        #expect(throws: Refusal("note.malformed", "")) {
            _ = try SignedNote(parsing: many + line)
        }
    }

    @Test(
        arguments: [
            "a\n1\n", "a\n01\nAA==\n", "a\n-1\n\(zero)\n", "a\n1\nAA==\n", "\n1\n\(zero)\n",
            "a\n1\n\(zero)\n\n", "a\n1\n\(zero)", "a\n+1\n\(zero)\n",
            "a\n9223372036854775808\n\(zero)\n",
            "a\n1 \n\(zero)\n",
        ])
    func `What is no checkpoint is refused`(_ text: String) {
        #expect(throws: Refusal("checkpoint.malformed", "")) { _ = try Checkpoint(parsing: text) }
    }

    @Test func `Two trees of one size are evidence, two signatures of one tree are not`() throws {
        let signers = try Signers()
        let log = try TestLog(size: 5)
        let note = try signers.note(log, size: 5)
        var forked = log
        forked.leaves[0] = .zero
        let fork = try signers.note(forked, size: 5)
        let key = signers.log.verifier
        #expect(try Checkpoint.isEquivocation(note, fork, log: key))
        #expect(try !Checkpoint.isEquivocation(note, note, log: key))
        #expect(try !Checkpoint.isEquivocation(note, signers.note(log, size: 4), log: key))
    }
}

struct LogPolicyTests {
    @Test(
        arguments: [
            ([], false), ([0], false), ([1], false), ([2], true), ([0, 1], true),
            ([0, 1, 2], true),
        ] as [([Int], Bool)])
    func `The quorum is what the policy says`(_ cosigned: [Int], _ enough: Bool) throws {
        let signers = try Signers()
        let log = try TestLog(size: 9)
        let note = try signers.note(log, size: 9, cosigned: cosigned)
        let proof = LogProof(
            index: 4, proof: try MerkleTree(log.rows, size: 9).inclusionProof(of: 4), note: note,
            extra: [1, 2, 3])
        #expect(try LogProof(parsing: Array(proof.document.utf8)) == proof)
        if enough {
            #expect(
                try proof.verify(entry: Array("entry 4".utf8), policy: signers.policy).size == 9)
            #expect(throws: Refusal("proof.inclusion", "")) {
                try proof.verify(entry: Array("entry 5".utf8), policy: signers.policy)
            }
        } else {
            #expect(throws: Refusal("log-policy.quorum", "")) {
                try proof.verify(entry: Array("entry 4".utf8), policy: signers.policy)
            }
        }
    }

    @Test func `Bad policies are refused with their line`() throws {
        let signers = try Signers()
        let (log, witness) = (signers.log.verifier, signers.witnesses[0].verifier)
        let other = signers.witnesses[1].verifier
        let cases: [(String, Int)] = [
            ("log \(log)\n", 2), ("quorum none\nquorum none\n", 2), ("quorum A\n", 1),
            ("log \(log)\nlog \(log)\nquorum none\n", 2), ("log nonsense\n", 1),
            ("witness A \(log)\nquorum A\n", 1),
            ("witness none \(witness)\nquorum none\n", 1),
            ("witness A \(witness)\nwitness B \(witness)\nquorum A\n", 2),
            ("witness A \(witness)\nwitness A \(other)\nquorum A\n", 2),
            ("witness A \(witness)\ngroup G 2 A\nquorum G\n", 2),
            ("witness A \(witness)\ngroup G 0 A\nquorum G\n", 2),
            ("witness A \(witness)\ngroup G 01 A\nquorum G\n", 2),
            ("witness A \(witness)\ngroup G any A A\nquorum G\n", 2),
            ("witness A \(witness)\ngroup G any A\ngroup H any A\nquorum H\n", 3),
            ("group G any A\nquorum G\n", 1), ("group G any none\nquorum G\n", 1),
            ("group G any\nquorum G\n", 1), ("nonsense\n", 1), ("quorum none\r\n", 1),
        ]
        for (text, line) in cases {
            do {
                _ = try LogPolicy(parsing: Array(text.utf8))
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.place == "policy:\(line)", "\(text)")
            }
        }
        _ = try LogPolicy(parsing: Array("quorum none".utf8))
    }
}

struct WitnessTests {
    private func answer(
        _ signers: Signers, _ log: TestLog, from old: Int, to new: Int, recorded: Int,
        change: (String) -> String = { $0 }
    ) throws -> WitnessAnswer {
        let proof =
            old == 0 || old > new
            ? [] : try MerkleTree(log.rows, size: UInt64(new)).consistencyProof(from: UInt64(old))
        let request = AddCheckpointRequest(
            oldSize: UInt64(old), proof: proof, note: try signers.note(log, size: new))
        #expect(try AddCheckpointRequest(parsing: Array(request.body.utf8)) == request)
        return Witness.answer(Array(change(request.body).utf8), keys: [signers.log.verifier]) { _ in
            Witness.Record(size: UInt64(recorded), root: log.root(recorded))
        }
    }

    @Test func `A witness cosigns growth and nothing else`() throws {
        let signers = try Signers()
        let log = try TestLog(size: 12)
        func status(_ old: Int, _ new: Int, _ recorded: Int) throws -> Int {
            try answer(signers, log, from: old, to: new, recorded: recorded).status
        }
        #expect(try status(0, 8, 0) == 200)
        #expect(try status(8, 12, 8) == 200)
        #expect(try status(8, 8, 8) == 200)
        #expect(try status(9, 8, 9) == 400)
        #expect(try answer(signers, log, from: 5, to: 12, recorded: 8) == .conflict(size: 8))
        #expect(
            try answer(
                signers, log, from: 8, to: 12, recorded: 8,
                change: { $0.replacing("\n12\n", with: "\n11\n") }
            ) == .untrusted)
        #expect(
            try answer(
                signers, log, from: 8, to: 12, recorded: 8,
                change: { $0.replacing("example.org/log\n12", with: "example.org/lag\n12") }
            ) == .unknownLog)
        #expect(
            try answer(
                signers, log, from: 8, to: 12, recorded: 8,
                change: {
                    $0.replacing("old 8\n", with: "old 8\n\(Base64.encode(log.root(3).bytes))\n")
                }
            ) == .inconsistent)
        for bad in ["", "old 1", "old x\n\n", "old 1\nold 2\n\n", "new 1\n\n"] {
            #expect(
                try answer(signers, log, from: 8, to: 12, recorded: 8, change: { _ in bad })
                    == .malformed)
        }
    }

    @Test func `A fork of the recorded size is refused`() throws {
        let signers = try Signers()
        let log = try TestLog(size: 8)
        var fork = log
        fork.leaves[7] = .zero
        let body = AddCheckpointRequest(
            oldSize: 8, proof: [], note: try signers.note(fork, size: 8)
        ).body
        let answer = Witness.answer(Array(body.utf8), keys: [signers.log.verifier]) { _ in
            Witness.Record(size: 8, root: log.root(8))
        }
        #expect(answer == .inconsistent)
    }
}

/// A root of 32 zero bytes as documents write it.
private let zero = Base64.encode([UInt8](repeating: 0, count: 32))
