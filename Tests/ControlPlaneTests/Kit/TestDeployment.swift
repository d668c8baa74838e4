// A deployment in one process: the state machine of one member, fed with signed commands. Every
// entry is applied the way a member does it, kept the way an auditor gets it, and followed by a
// look at the books.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Raft
import Testing

final class TestDeployment {
    let people: People
    let genesis: Genesis
    let machine: StateMachine
    let admission: Admission
    let seed: SecretBytes
    /// Every entry, as an auditor gets it.
    private(set) var entries: [AuditEntry] = []
    /// Every event so far.
    private(set) var events: [Event] = []
    /// What every command was answered.
    private(set) var receipts: [CommandReceipt] = []
    private(set) var now: Timestamp
    private var nonces: [Address: UInt64] = [:]
    /// Whether the ledger is held against itself after every entry.
    var checksBooks = true

    init(
        people: People? = nil, path: String = ":memory:", day: UInt64 = 1000,
        policies: [String: String] = [:], seats: UInt64 = 1, guardian: Person? = nil
    ) throws(Refusal) {
        self.people = if let people { people } else { try People() }
        seed = SecretBytes(SHA256.hash(Array("seat 1".utf8)).bytes)
        now = Timestamp(milliseconds: 1_800_000_000_000)
        var genesis = try TestDeployment.genesis(
            self.people, seed: seed, at: now, day: day, policies: policies)
        for id in 2...max(2, seats) where id <= seats {
            let other = SecretBytes(SHA256.hash(Array("seat \(id)".utf8)).bytes)
            genesis.seats.append(
                Seat(
                    id: id, publicKey: try Ed25519.publicKey(seed: other), peerAddress: "a:\(id)",
                    clientOrigin: "http://b:\(id)"))
        }
        genesis.guardian = guardian?.address
        self.genesis = genesis
        machine = try StateMachine(genesis: genesis, database: try StateDatabase(path: path))
        admission = Admission(genesis: genesis)
    }

    static func genesis(
        _ people: People, seed: SecretBytes, at time: Timestamp, day: UInt64,
        policies: [String: String]
    ) throws(Refusal) -> Genesis {
        var genesis = try Genesis(
            parsing: people.genesisText, name: "genesis.yaml",
            timings: Timings(production: day == 86_400_000, dayMilliseconds: day), timestamp: time)
        genesis.seats = [
            Seat(
                id: 1, publicKey: try Ed25519.publicKey(seed: seed), peerAddress: "a:1",
                clientOrigin: "http://a:2")
        ]
        for name in Genesis.requiredPolicies {
            let text = if let given = policies[name] { given } else { try Shipped.policy(name) }
            genesis.policies.append(PolicyText(name: name, text: text))
        }
        return genesis
    }

    var views: Views { Views(state: machine.state, genesis: genesis) }
    var ledger: Ledger { Ledger(StateOverlay(machine.state)) }

    // MARK: Signing

    func nextNonce(of person: Person) -> UInt64 {
        let nonce = (nonces[person.address] ?? 0) + 1
        nonces[person.address] = nonce
        return nonce
    }

    func signed(_ command: AccountCommand, by person: Person, nonce: UInt64? = nil)
        throws(Refusal) -> Envelope
    {
        let nonce = nonce ?? nextNonce(of: person)
        return try CommandSigning.sign(command, nonce: nonce, genesis: genesis, key: person.key)
    }

    func said(_ command: MemberCommand) throws(Refusal) -> Envelope {
        .member(
            try MemberEnvelope(
                member: 1, command: command, genesis: machine.genesisDigest, seed: seed))
    }

    // MARK: Applying

    /// Applies an entry `milliseconds` after the last one.
    @discardableResult
    func apply(_ commands: [Envelope], after milliseconds: UInt64 = 10) throws(Refusal)
        -> AppliedEntry
    {
        for command in commands { try admission.check(command, in: machine.state) }
        now = now.advanced(by: milliseconds)
        let payload = EntryPayload(timestamp: now, commands: commands)
        let index = machine.appliedIndex + 1
        // What was encoded is what members apply.
        let applied = try machine.apply(
            index: index, term: 1, payload: try EntryPayload(decoding: payload.encoded))
        entries.append(
            AuditEntry(
                index: index, term: 1, kind: 0, payload: payload.encoded,
                chain: views.chain(at: index) ?? .zero))
        events += applied.events
        receipts += applied.receipts
        if checksBooks { try ledger.checkInvariants() }
        return applied
    }

    /// Applies one command and answers what it was answered.
    @discardableResult
    func apply(_ command: AccountCommand, by person: Person) throws(Refusal) -> CommandReceipt {
        try apply([try signed(command, by: person)]).receipts[0]
    }

    /// Applies one command of the member.
    @discardableResult
    func apply(_ command: MemberCommand) throws(Refusal) -> CommandReceipt {
        try apply([try said(command)]).receipts[0]
    }

    /// Applies one command that must be accepted.
    @discardableResult
    func accept(
        _ command: AccountCommand, by person: Person,
        _ place: SourceLocation = #_sourceLocation
    ) throws -> CommandReceipt {
        let receipt = try apply(command, by: person)
        try #require(receipt.accepted, "\(receipt.code): \(receipt.message)", sourceLocation: place)
        return receipt
    }

    /// Applies one command of the member that must be accepted.
    @discardableResult
    func accept(_ command: MemberCommand, _ place: SourceLocation = #_sourceLocation) throws
        -> CommandReceipt
    {
        let receipt = try apply(command)
        try #require(receipt.accepted, "\(receipt.code): \(receipt.message)", sourceLocation: place)
        return receipt
    }

    /// Lets time pass and what is due happen.
    @discardableResult
    func tick(after milliseconds: UInt64) throws(Refusal) -> AppliedEntry {
        try apply([try said(.tick)], after: milliseconds)
    }

    /// A whole entry that carries nothing, as a new leader writes it.
    func applyEmpty() throws(Refusal) {
        let index = machine.appliedIndex + 1
        try machine.applyEmpty(index: index, term: 2, kind: 0, payload: [])
        entries.append(
            AuditEntry(
                index: index, term: 2, kind: 0, payload: [],
                chain: views.chain(at: index) ?? .zero))
    }

    /// An entry that changes who votes and who learns.
    func applyChange(_ steps: MemberChange..., term: UInt64 = 2) throws(Refusal) {
        let change = ConfigurationChange(steps)
        let payload = change.leavesJoint ? [] : change.encoded
        let index = machine.appliedIndex + 1
        let kind = EntryKind.configurationChange.rawValue
        try machine.applyEmpty(index: index, term: term, kind: kind, payload: payload)
        entries.append(
            AuditEntry(
                index: index, term: term, kind: kind, payload: payload,
                chain: views.chain(at: index) ?? .zero))
    }

    /// Applies another deployment's entries.
    func replay(_ other: TestDeployment) throws(Refusal) {
        for entry in other.entries {
            if entry.payload.isEmpty || entry.kind != StateMachine.commandKind {
                try machine.applyEmpty(
                    index: entry.index, term: entry.term, kind: entry.kind,
                    payload: entry.payload)
            } else {
                let applied = try machine.apply(
                    index: entry.index, term: entry.term,
                    payload: try EntryPayload(decoding: entry.payload))
                events += applied.events
                receipts += applied.receipts
            }
            entries.append(entry)
        }
        now = other.now
        nonces = other.nonces
    }

    // MARK: Reading

    func events(_ kind: String) -> [Event] { events.filter { $0.kind == kind } }

    func balance(_ id: AccountID) -> Amount { ledger.balance(of: id) }

    func credit(of person: Person) throws -> Amount {
        balance(.wallet(person.address, try #require(AssetSymbol("CREDIT"))))
    }
}
