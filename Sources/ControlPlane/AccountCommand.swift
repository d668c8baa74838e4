// What a person, a provider or a maintainer can ask for. Each is signed as EIP-712 typed data.

public import Primitives

/// One part of a delegation: `parts` of 10,000 of the delegator's power go to `delegate`.
public struct DelegationPart: BinaryCodable, Sendable, Equatable {
    /// Who may use the power.
    public var delegate: Address
    /// How much of it, in parts of 10,000.
    public var parts: UInt64

    /// Makes a part.
    public init(delegate: Address, parts: UInt64) {
        self.delegate = delegate
        self.parts = parts
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(delegate)
        encoder.number(parts)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        delegate = try decoder.address()
        parts = try decoder.number()
    }
}

/// What a provider says about its machine when it registers. Speed is not claimed here: it is
/// proved by challenges.
public struct MachineDescription: BinaryCodable, Sendable, Equatable {
    /// A name for people, unique among the owner's machines.
    public var name: String
    /// The key the agent on this machine signs with; the owner can replace it.
    public var agent: Address
    /// Logical processors offered.
    public var cores: UInt64
    /// Memory offered, in bytes.
    public var memoryBytes: UInt64
    /// How tasks are isolated there: `bubblewrap`, `oci` or `process`.
    public var isolation: String

    /// Makes a description.
    public init(
        name: String, agent: Address, cores: UInt64, memoryBytes: UInt64, isolation: String
    ) {
        self.name = name
        self.agent = agent
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.isolation = isolation
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.address(agent)
        encoder.number(cores)
        encoder.number(memoryBytes)
        encoder.text(isolation)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: 64)
        agent = try decoder.address()
        cores = try decoder.number()
        memoryBytes = try decoder.number()
        isolation = try decoder.text(limit: 32)
    }
}

/// What a task gave back: the objects it wrote and the numbers it measured, in the task's own
/// order. Two honest executions of one task have equal outputs, byte for byte.
public struct TaskOutput: BinaryCodable, Sendable, Equatable {
    /// Digests of the objects written.
    public var objects: [Digest]
    /// Integer results, by the meaning that the task kind gives to each position.
    public var metrics: [UInt64]

    /// Makes an output.
    public init(objects: [Digest], metrics: [UInt64]) {
        self.objects = objects
        self.metrics = metrics
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.array(objects) { $0.digest($1) }
        encoder.array(metrics) { $0.number($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        objects = try decoder.array(limit: 16) { decoder throws(Refusal) in try decoder.digest() }
        metrics = try decoder.array(limit: 16) { decoder throws(Refusal) in try decoder.number() }
    }
}

/// A command signed by an account.
public enum AccountCommand: Sendable, Equatable {
    /// Moves `amount` of `asset` to `to`.
    case transfer(asset: String, to: Address, amount: Amount, memo: String)
    /// Sets who votes with the signer's power; no parts means the signer does. An empty track means
    /// every track.
    /// It lapses at `expires`, if that is given.
    case delegate(track: String, parts: [DelegationPart], expires: Timestamp? = nil)
    /// Submits a proposal file. The digest of its effects is signed with it.
    case submitProposal(fileName: String, text: String, title: String, effects: Digest)
    /// Casts a ballot. Title, choice in words (`Statement`) and digest of the effects are signed.
    case vote(proposal: UInt64, title: String, choice: String, effects: Digest, reason: String)
    /// Commits to a hidden ballot (`HiddenVoting.commitment`) and puts down its bond.
    case commitVote(proposal: UInt64, title: String, effects: Digest, commitment: Digest)
    /// Reveals a hidden ballot: what it says, and the salt of its commitment.
    case revealVote(
        proposal: UInt64, title: String, choice: String, effects: Digest, reason: String,
        salt: Digest)
    /// The guardian holds a proposal up by some milliseconds (`delay`) or ends it (`cancel`).
    case guardProposal(
        proposal: UInt64, title: String, action: String, milliseconds: UInt64, reason: String)
    /// Says that an account is one person, whom the signer knows by a digest, or says so no longer.
    case attestPerson(account: Address, person: Digest, standing: Bool)
    /// Withdraws one's own proposal.
    case cancelProposal(proposal: UInt64, reason: String)
    /// Registers a machine with a stake.
    case registerProvider(machine: MachineDescription, stake: Amount)
    /// Stops new work on a machine; `false` offers it again.
    case drainProvider(provider: Address, draining: Bool)
    /// Moves money from the wallet to the signer's prepaid balance.
    case fundPrepaid(amount: Amount)
    /// Registers an API key (by the SHA-256 of its text) that may spend the signer's prepaid
    /// balance.
    case createKey(keyDigest: Digest, label: String)
    /// Withdraws an API key.
    case revokeKey(keyDigest: Digest)
    /// An agent hands in a task's output under its lease.
    case completeTask(lease: UInt64, task: UInt64, output: TaskOutput)
    /// An agent reports that a task could not be run.
    case failTask(lease: UInt64, task: UInt64, reason: String)
    /// Stops the job that one's own proposal set going.
    case cancelJob(job: UInt64, reason: String)
    /// An agent offers to serve a released model, or withdraws the offer.
    case offerServing(model: String, offered: Bool)

    /// The word in URLs, events and help texts.
    public var name: String {
        switch self {
        case .transfer: "transfer"
        case .delegate: "delegate"
        case .submitProposal: "submit-proposal"
        case .vote: "vote"
        case .commitVote: "commit-vote"
        case .revealVote: "reveal-vote"
        case .guardProposal: "guard-proposal"
        case .attestPerson: "attest-person"
        case .cancelProposal: "cancel-proposal"
        case .registerProvider: "register-provider"
        case .drainProvider: "drain-provider"
        case .fundPrepaid: "fund-prepaid"
        case .createKey: "create-key"
        case .revokeKey: "revoke-key"
        case .completeTask: "complete-task"
        case .failTask: "fail-task"
        case .cancelJob: "cancel-job"
        case .offerServing: "offer-serving"
        }
    }
}

extension AccountCommand: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .transfer(let asset, let to, let amount, let memo):
            encoder.byte(1)
            encoder.text(asset)
            encoder.address(to)
            encoder.amount(amount)
            encoder.text(memo)
        case .delegate(let track, let parts, let expires):
            encoder.byte(2)
            encoder.text(track)
            encoder.array(parts) { $0.value($1) }
            encoder.optional(expires) { $0.timestamp($1) }
        case .submitProposal(let fileName, let text, let title, let effects):
            encoder.byte(3)
            encoder.text(fileName)
            encoder.text(text)
            encoder.text(title)
            encoder.digest(effects)
        case .vote(let proposal, let title, let choice, let effects, let reason):
            encoder.byte(4)
            encoder.number(proposal)
            encoder.text(title)
            encoder.text(choice)
            encoder.digest(effects)
            encoder.text(reason)
        case .cancelProposal(let proposal, let reason):
            encoder.byte(5)
            encoder.number(proposal)
            encoder.text(reason)
        case .registerProvider(let machine, let stake):
            encoder.byte(6)
            encoder.value(machine)
            encoder.amount(stake)
        case .drainProvider(let provider, let draining):
            encoder.byte(7)
            encoder.address(provider)
            encoder.flag(draining)
        case .commitVote, .revealVote, .guardProposal, .attestPerson:
            encodeBallots(into: &encoder)
        default: encodeUsage(into: &encoder)
        }
    }

    private func encodeUsage(into encoder: inout BinaryEncoder) {
        switch self {
        case .fundPrepaid(let amount):
            encoder.byte(8)
            encoder.amount(amount)
        case .createKey(let keyDigest, let label):
            encoder.byte(9)
            encoder.digest(keyDigest)
            encoder.text(label)
        case .revokeKey(let keyDigest):
            encoder.byte(10)
            encoder.digest(keyDigest)
        case .completeTask(let lease, let task, let output):
            encoder.byte(11)
            encoder.number(lease)
            encoder.number(task)
            encoder.value(output)
        case .failTask(let lease, let task, let reason):
            encoder.byte(12)
            encoder.number(lease)
            encoder.number(task)
            encoder.text(reason)
        case .cancelJob(let job, let reason):
            encoder.byte(40)
            encoder.number(job)
            encoder.text(reason)
        case .offerServing(let model, let offered):
            encoder.byte(13)
            encoder.text(model)
            encoder.flag(offered)
        default: break
        }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let kind = try decoder.byte()
        switch kind {
        case 1:
            self = .transfer(
                asset: try decoder.text(limit: 16), to: try decoder.address(),
                amount: try decoder.amount(), memo: try decoder.text(limit: 256))
        case 2:
            self = .delegate(
                track: try decoder.text(limit: 32),
                parts: try decoder.array(limit: 100) { decoder throws(Refusal) in
                    try decoder.value()
                },
                expires: try decoder.optional { decoder throws(Refusal) in
                    try decoder.timestamp()
                })
        case 3:
            self = .submitProposal(
                fileName: try decoder.text(limit: 128), text: try decoder.text(limit: 262_144),
                title: try decoder.text(limit: 256), effects: try decoder.digest())
        case 4:
            self = .vote(
                proposal: try decoder.number(), title: try decoder.text(limit: 256),
                choice: try decoder.text(limit: AccountCommand.ballotLimit),
                effects: try decoder.digest(), reason: try decoder.text(limit: 1024))
        case 5:
            self = .cancelProposal(
                proposal: try decoder.number(), reason: try decoder.text(limit: 1024))
        case 6:
            self = .registerProvider(machine: try decoder.value(), stake: try decoder.amount())
        case 7:
            self = .drainProvider(provider: try decoder.address(), draining: try decoder.flag())
        case 8: self = .fundPrepaid(amount: try decoder.amount())
        case 9:
            self = .createKey(
                keyDigest: try decoder.digest(), label: try decoder.text(limit: 64))
        case 10: self = .revokeKey(keyDigest: try decoder.digest())
        case 11:
            self = .completeTask(
                lease: try decoder.number(), task: try decoder.number(),
                output: try decoder.value())
        case 12:
            self = .failTask(
                lease: try decoder.number(), task: try decoder.number(),
                reason: try decoder.text(limit: 1024))
        case 40:
            self = .cancelJob(job: try decoder.number(), reason: try decoder.text(limit: 1024))
        case 13:
            self = .offerServing(
                model: try decoder.text(limit: 64), offered: try decoder.flag())
        default: self = try AccountCommand.ballot(kind, from: &decoder)
        }
    }
}
