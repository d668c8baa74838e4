// What one vote costs in each part of a member, in one process and on one core: where the time of
// `benchmarks votes` goes.

import ControlPlane
import Cryptography
import Governance
import Platform
import Primitives

/// `benchmarks vote-stages [VOTES] [BATCH]`.
struct VoteStagesBenchmark {
    /// How many votes are taken through all stages.
    let votes: Int
    /// How many of them share a log entry.
    let batch: Int

    private let voters = 2000

    func run() throws(Refusal) {
        let folder = try TemporaryFolder(prefix: "althing-stages")
        let people = try keys()
        let genesis = try genesis(people)
        let machine = try StateMachine(
            genesis: genesis, database: try StateDatabase(path: folder.path + "/state.sqlite"))
        let opened = try open(machine, genesis, proposer: people[0])
        let wire = try sign(genesis, opened.proposal, people)
        let texts = wire.map { Hex.encode($0) }
        var stages = Stages(count: votes)

        _ = try stages.measure("hexadecimal text to bytes") { () throws(Refusal) in
            texts.reduce(0) { $0 + (Hex.decode($1)?.count ?? 0) }
        }
        let envelopes = try stages.measure("bytes to command") { () throws(Refusal) in
            try wire.map { (bytes) throws(Refusal) in try Envelope(decoding: bytes) }
        }
        try checkSignatures(envelopes, genesis, &stages)
        _ = try stages.measure("command to its digest") { () throws(Refusal) in
            envelopes.map(\.digest)
        }
        var payloads: [EntryPayload] = []
        for first in stride(from: 0, to: votes, by: batch) {
            let commands = Array(envelopes[first..<min(first + batch, votes)])
            payloads.append(EntryPayload(timestamp: opened.time, commands: commands))
        }
        let entries = try stages.measure("commands to an entry") { () throws(Refusal) in
            payloads.map(\.encoded)
        }
        let decoded = try stages.measure("entry to commands, each member") { () throws(Refusal) in
            try entries.map { (bytes) throws(Refusal) in try EntryPayload(decoding: bytes) }
        }
        var index = machine.appliedIndex
        machine.gather()
        let refused = try stages.measure("applying, each member") { () throws(Refusal) in
            var refused = 0
            for (payload, bytes) in zip(decoded, entries) {
                index += 1
                let applied = try machine.apply(
                    index: index, term: 1, payload: payload, encoded: bytes)
                refused += applied.receipts.count { !$0.accepted }
            }
            try machine.flush()
            return refused
        }
        print("\(refused) of \(votes) votes refused; state \(machine.stateDigest)")
    }

    private func checkSignatures(
        _ envelopes: [Envelope], _ genesis: Genesis, _ stages: inout Stages
    ) throws(Refusal) {
        let digests = CommandDigests(genesis: genesis)
        _ = try stages.measure("what is signed, EIP-712") { () throws(Refusal) in
            for case .account(let envelope) in envelopes {
                _ = try digests.digest(
                    of: envelope.command, signer: envelope.signer, nonce: envelope.nonce,
                    validUntil: envelope.validUntil)
            }
        }
        let admission = Admission(genesis: genesis)
        try stages.measure("the same with its recovery") { () throws(Refusal) in
            for envelope in envelopes { try admission.check(envelope) }
        }
    }

    // MARK: The scene

    private func keys() throws(Refusal) -> [Secp256k1PrivateKey] {
        var keys: [Secp256k1PrivateKey] = []
        for number in 0..<voters {
            var seed = SHA256.hash(Array("voter \(number)".utf8)).bytes
            keys.append(try Secp256k1PrivateKey(SecretBytes(consuming: &seed)))
        }
        return keys
    }

    private func genesis(_ people: [Secp256k1PrivateKey]) throws(Refusal) -> Genesis {
        var text = VotesStage.genesisHead
        for key in people {
            text += VotesStage.holder(key.address, isProposer: key.address == people[0].address)
        }
        var genesis = try Genesis(
            parsing: text + VotesStage.genesisTail, name: "genesis.yaml",
            timings: Timings(production: false, dayMilliseconds: 1000),
            timestamp: Timestamp(milliseconds: 1_800_000_000_000))
        var seed = SHA256.hash(Array("seat".utf8)).bytes
        let key = try Ed25519.publicKey(seed: SecretBytes(consuming: &seed))
        genesis.seats = [Seat(id: 1, publicKey: key, peerAddress: "a:1", clientOrigin: "a")]
        for name in Genesis.requiredPolicies {
            let text = try Files.readText("\(packageRoot)/Policies/\(name).yaml")
            genesis.policies.append(PolicyText(name: name, text: text))
        }
        return genesis
    }

    private func open(
        _ machine: StateMachine, _ genesis: Genesis, proposer: Secp256k1PrivateKey
    ) throws(Refusal) -> (proposal: ProposalFile, time: Timestamp) {
        let proposal = try ProposalFile(parsing: VotesStage.proposalText, name: "0001-measure.md")
        let submission = try CommandSigning.sign(
            .submitProposal(
                fileName: "0001-measure.md", text: proposal.text, title: proposal.title,
                effects: proposal.effectsDigest), nonce: 1, genesis: genesis, key: proposer)
        var time = genesis.timestamp
        var commands = [submission]
        for _ in 0..<20 {
            time = time.advanced(by: 500)
            _ = try machine.apply(
                index: machine.appliedIndex + 1, term: 1,
                payload: EntryPayload(timestamp: time, commands: commands))
            commands = []
            if GovernanceEngine.proposal(1, in: machine.state)?.status == .voting {
                return (proposal, time)
            }
        }
        throw Refusal("benchmark.vote", "voting did not open")
    }

    private func sign(
        _ genesis: Genesis, _ proposal: ProposalFile, _ people: [Secp256k1PrivateKey]
    ) throws(Refusal) -> [[UInt8]] {
        let digests = CommandDigests(genesis: genesis)
        var wire: [[UInt8]] = []
        for number in 0..<votes {
            let round = number / people.count
            let vote = AccountCommand.vote(
                proposal: 1, title: proposal.title,
                choice: round.isMultiple(of: 3) ? "against" : "for",
                effects: proposal.effectsDigest, reason: "")
            let envelope = try digests.sign(
                vote, nonce: UInt64(round + 2), key: people[number % people.count])
            wire.append(envelope.encoded)
        }
        return wire
    }
}

/// A table of what each stage costs.
private struct Stages {
    let count: Int

    func measure<Value>(_ name: String, _ body: () throws(Refusal) -> Value) throws(Refusal)
        -> Value
    {
        let start = processorSeconds()
        let value = try body()
        let each = (processorSeconds() - start) / Double(count) * 1e6
        printNow(column(each, digits: 2, width: 8), "us ", name)
        return value
    }
}
