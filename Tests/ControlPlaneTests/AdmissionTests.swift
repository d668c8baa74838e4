// Only what its signer signed, on this deployment, gets in.

import ControlPlane
import Cryptography
import Primitives
import Testing

@Suite
struct AdmissionTests {
    private let deployment: TestDeployment
    private let people: People

    init() throws {
        deployment = try TestDeployment()
        people = deployment.people
    }

    /// One of each kind, every field with a value.
    private var commands: [AccountCommand] {
        let machine = MachineDescription(
            name: "m", agent: people.machines[0][0].address, cores: 4, memoryBytes: 1 << 30,
            isolation: "process")
        return [
            .transfer(
                asset: "CREDIT", to: people.customer.address, amount: Amount(5), memo: "rent"),
            .delegate(
                track: "signal",
                parts: [DelegationPart(delegate: people.voters[0].address, parts: 10_000)]),
            .delegate(track: "", parts: []),
            .submitProposal(fileName: "a.md", text: "text", title: "t", effects: .zero),
            .vote(proposal: 1, title: "t", choice: "for", effects: .zero, reason: "r"),
            .cancelProposal(proposal: 1, reason: "r"),
            .registerProvider(machine: machine, stake: Amount(7)),
            .drainProvider(provider: machine.agent, draining: true),
            .fundPrepaid(amount: Amount(1)), .createKey(keyDigest: .zero, label: "l"),
            .revokeKey(keyDigest: .zero),
            .completeTask(
                lease: 1, task: 2,
                output: TaskOutput(objects: [.zero, SHA256.hash([1])], metrics: [1, 2])),
            .failTask(lease: 1, task: 2, reason: "r"), .cancelJob(job: 1, reason: "r"),
            .offerServing(model: "kings", offered: true),
        ]
    }

    private var memberCommands: [MemberCommand] {
        let reading = UsageReading(
            request: .zero, provider: people.machines[0][0].address, promptTokens: 1,
            completionTokens: 2, completion: .zero, signature: [1, 2])
        return [
            .tick, .recordBenchmark(deployment.passed(people.machines[0][0], "cpu.sgemm.1t")),
            .place([Placement(task: 1, provider: people.machines[0][0].address)]),
            .releaseLeases(leases: [1, 2], reason: "r"),
            .reserveUsage(
                request: .zero, key: .zero, model: "m", promptTokens: 1, maximumTokens: 2),
            .postUsage(reading), .voidUsage(request: .zero, reason: "r"),
        ]
    }

    @Test func `every command comes through its canonical form and its signature`() throws {
        for command in commands {
            let envelope = try deployment.signed(command, by: people.customer)
            #expect(try deployment.admission.admit(envelope.encoded) == envelope)
        }
        for command in memberCommands {
            let envelope = try deployment.said(command)
            #expect(try deployment.admission.admit(envelope.encoded) == envelope)
        }
    }

    @Test func `whatever byte of a command is changed, it is refused`() throws {
        var envelopes: [Envelope] = []
        for command in commands {
            envelopes.append(try deployment.signed(command, by: people.customer))
        }
        for command in memberCommands { envelopes.append(try deployment.said(command)) }
        var generator = SplitMix64(seed: 5)
        for envelope in envelopes {
            let bytes = envelope.encoded
            for position in bytes.indices {
                // All bytes of short commands would take too long with every signature checked.
                guard position < 4 || generator.next(below: 4) == 0 else { continue }
                var changed = bytes
                changed[position] ^= 1 << UInt8(generator.next(below: 8))
                #expect(throws: Refusal.self, "byte \(position) of \(envelope)") {
                    let admitted = try deployment.admission.admit(changed)
                    // A signature's last byte may say the same in two ways.
                    guard case .account(var one) = envelope, case .account(let two) = admitted
                    else { return }
                    one.signature[64] = two.signature[64]
                    guard one == two else { return }
                    throw Refusal("test.same", "the same signature")
                }
            }
            #expect(throws: Refusal.self) { try deployment.admission.admit(bytes + [0]) }
            #expect(throws: Refusal.self) {
                try deployment.admission.admit(Array(bytes.dropLast()))
            }
        }
    }

    @Test func `a field that is exchanged under a signature is refused`() throws {
        let other = try Person("other").address
        let changes: [(AccountCommand, AccountCommand)] = [
            (
                .transfer(
                    asset: "CREDIT", to: people.customer.address, amount: Amount(1), memo: ""),
                .transfer(asset: "CREDIT", to: other, amount: Amount(1), memo: "")
            ),
            (
                .vote(proposal: 1, title: "t", choice: "for", effects: .zero, reason: ""),
                .vote(proposal: 1, title: "t", choice: "against", effects: .zero, reason: "")
            ),
            (
                .vote(proposal: 1, title: "t", choice: "for", effects: .zero, reason: ""),
                .vote(proposal: 2, title: "t", choice: "for", effects: .zero, reason: "")
            ),
            (
                .drainProvider(provider: other, draining: true),
                .drainProvider(provider: other, draining: false)
            ),
            (.cancelProposal(proposal: 1, reason: "r"), .failTask(lease: 1, task: 1, reason: "r")),
        ]
        for (signed, forged) in changes {
            guard case .account(var envelope) = try deployment.signed(signed, by: people.customer)
            else { continue }
            envelope.command = forged
            #expect(throws: Refusal("signature.wrong-signer", "")) {
                try deployment.admission.check(.account(envelope))
            }
        }
    }

    @Test func `a signature for another deployment, chain, nonce or signer is refused`() throws {
        let command = AccountCommand.fundPrepaid(amount: Amount(1))
        var elsewhere = deployment.genesis
        elsewhere.timestamp = elsewhere.timestamp.advanced(by: 1)
        var chain = deployment.genesis
        chain.chainID = 2
        for genesis in [elsewhere, chain] {
            let envelope = try CommandSigning.sign(
                command, nonce: 1, genesis: genesis, key: people.customer.key)
            #expect(throws: Refusal("signature.wrong-signer", "")) {
                try deployment.admission.check(envelope)
            }
        }
        guard case .account(let good) = try deployment.signed(command, by: people.customer) else {
            return
        }
        var bad = good
        bad.nonce += 1
        #expect(throws: Refusal.self) { try deployment.admission.check(.account(bad)) }
        bad = good
        bad.signer = people.maintainer.address
        #expect(throws: Refusal.self) { try deployment.admission.check(.account(bad)) }
        bad = good
        bad.signature.removeLast()
        #expect(throws: Refusal("signature.length", "")) {
            try deployment.admission.check(.account(bad))
        }
        bad.signature = []
        #expect(throws: Refusal.self) { try deployment.admission.check(.account(bad)) }
    }

    @Test func `a member is known by its seat's key only`() throws {
        guard case .member(var envelope) = try deployment.said(.tick) else { return }
        envelope.member = 2
        #expect(throws: Refusal("member.unknown", "")) {
            try deployment.admission.check(.member(envelope))
        }
        let thief = try MemberEnvelope(
            member: 1, command: .tick, genesis: deployment.machine.genesisDigest,
            seed: SecretBytes([UInt8](repeating: 9, count: 32)))
        #expect(throws: Refusal("signature.wrong-signer", "")) {
            try deployment.admission.check(.member(thief))
        }
        let elsewhere = try MemberEnvelope(
            member: 1, command: .tick, genesis: .zero, seed: deployment.seed)
        #expect(throws: Refusal("signature.wrong-signer", "")) {
            try deployment.admission.check(.member(elsewhere))
        }
        // What slips past admission is refused by the state.
        let entry = try deployment.machine.apply(
            index: 2, term: 1,
            payload: EntryPayload(timestamp: deployment.now, commands: [.member(envelope)]))
        #expect(entry.receipts[0].code == "member.unknown")
    }

    @Test func `what is too large does not get in`() throws {
        let text = String(repeating: "a", count: 262_144)
        let large = AccountCommand.submitProposal(
            fileName: "a.md", text: text, title: "t", effects: .zero)
        let envelope = try deployment.signed(large, by: people.customer)
        #expect(try deployment.admission.admit(envelope.encoded) == envelope)
        let larger = try deployment.signed(
            .submitProposal(fileName: "a.md", text: text + "a", title: "t", effects: .zero),
            by: people.customer)
        #expect(throws: Refusal("codec.malformed", "")) {
            try deployment.admission.admit(larger.encoded)
        }
        #expect(throws: Refusal("command.too-large", "")) {
            try deployment.admission.admit([UInt8](repeating: 0, count: Envelope.byteLimit + 1))
        }
        #expect(throws: Refusal.self) { try deployment.admission.admit([]) }
    }
}
