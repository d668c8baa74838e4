// Jobs, their rounds, their tasks and the leases under which providers run them.

public import Governance
public import Primitives

/// What a task does.
public enum TaskKind: UInt8, Sendable {
    /// Draws the first parameters from the seed and measures them on held-out text.
    /// Objects: parameters, momentum. Metrics: held-out bits per byte, bigram bits per byte.
    case initialise = 1
    /// Trains for some steps from the round's parameters.
    /// Objects: the quantised delta. Metrics: training bits per byte at the start and at the end.
    case segment = 2
    /// Combines a round's deltas. Objects: parameters, momentum. Metrics: none.
    case aggregate = 3
    /// Measures the final parameters. Metrics: held-out bits per byte, longest verbatim copy in
    /// bytes.
    case evaluate = 4

    /// The word on screens.
    public var word: String {
        switch self {
        case .initialise: "initialise"
        case .segment: "segment"
        case .aggregate: "aggregate"
        case .evaluate: "evaluate"
        }
    }
}

/// A training job.
public struct JobRecord: BinaryCodable, Sendable, Equatable {
    /// Where a job stands.
    public enum Status: UInt8, Sendable {
        /// The first parameters are being drawn.
        case initialising = 1
        /// Segments of a round are being trained.
        case training = 2
        /// A round is being combined.
        case aggregating = 3
        /// The result is being measured.
        case evaluating = 4
        /// It is done and a model stands as candidate.
        case finished = 5
        /// It could not be finished.
        case failed = 6

        /// The word on screens.
        public var word: String {
            switch self {
            case .initialising: "initialising"
            case .training: "training"
            case .aggregating: "aggregating"
            case .evaluating: "evaluating"
            case .finished: "finished"
            case .failed: "failed"
            }
        }

        /// Whether nothing more will happen.
        public var isOver: Bool { self == .finished || self == .failed }
    }

    /// The most bytes of `failure`; a longer reason is cut.
    static let failureLimit = 1024

    /// The proposal that decided it.
    public var proposal: UInt64
    /// Who proposed it.
    public var proposer: Address
    /// What to train and how.
    public var plan: TrainingPlan
    /// Where it stands.
    public var status: Status
    /// The round being worked on, from 0.
    public var round: UInt64
    /// Digest of the current parameters.
    public var parameters: Digest
    /// Digest of the current outer momentum.
    public var momentum: Digest
    /// Digest of the first parameters.
    public var firstParameters: Digest
    /// Held-out bits per byte before training, in millionths.
    public var bitsPerByteStart: UInt64
    /// Held-out bits per byte after training, in millionths; zero until measured.
    public var bitsPerByteEnd: UInt64
    /// A bigram model's held-out bits per byte, in millionths.
    public var bigramBitsPerByte: UInt64
    /// Training bits per byte of the last accepted segment, in millionths.
    public var lastTrainingBitsPerByte: UInt64
    /// Accepted segments, counted once each.
    public var segmentsAccepted: UInt64
    /// Executions that were compared with another owner's.
    public var duplicatesCompared: UInt64
    /// When it started.
    public var started: Timestamp
    /// When it was over; zero before.
    public var finished: Timestamp
    /// Why it failed, empty otherwise.
    public var failure: String

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(proposal)
        encoder.address(proposer)
        encoder.value(plan)
        encoder.byte(status.rawValue)
        encoder.number(round)
        encoder.digest(parameters)
        encoder.digest(momentum)
        encoder.digest(firstParameters)
        for number in [
            bitsPerByteStart, bitsPerByteEnd, bigramBitsPerByte, lastTrainingBitsPerByte,
            segmentsAccepted, duplicatesCompared,
        ] {
            encoder.number(number)
        }
        encoder.timestamp(started)
        encoder.timestamp(finished)
        encoder.text(failure)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        proposal = try decoder.number()
        proposer = try decoder.address()
        plan = try decoder.value()
        guard let status = Status(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "a job has no such status")
        }
        self.status = status
        round = try decoder.number()
        parameters = try decoder.digest()
        momentum = try decoder.digest()
        firstParameters = try decoder.digest()
        bitsPerByteStart = try decoder.number()
        bitsPerByteEnd = try decoder.number()
        bigramBitsPerByte = try decoder.number()
        lastTrainingBitsPerByte = try decoder.number()
        segmentsAccepted = try decoder.number()
        duplicatesCompared = try decoder.number()
        started = try decoder.timestamp()
        finished = try decoder.timestamp()
        failure = try decoder.text(limit: JobRecord.failureLimit)
    }

    init(proposal: UInt64, proposer: Address, plan: TrainingPlan, started: Timestamp) {
        self.proposal = proposal
        self.proposer = proposer
        self.plan = plan
        status = .initialising
        round = 0
        parameters = .zero
        momentum = .zero
        firstParameters = .zero
        bitsPerByteStart = 0
        bitsPerByteEnd = 0
        bigramBitsPerByte = 0
        lastTrainingBitsPerByte = 0
        segmentsAccepted = 0
        duplicatesCompared = 0
        self.started = started
        finished = .zero
        failure = ""
    }
}

/// One round of a job: what it started from and what its segments gave.
public struct RoundRecord: BinaryCodable, Sendable, Equatable {
    /// The most segments of a round: one log entry opens all of them.
    static let segmentLimit = 4096

    /// Parameters at the round's start.
    public var parameters: Digest
    /// Outer momentum at the round's start.
    public var momentum: Digest
    /// One delta a segment, zero until it is accepted.
    public var deltas: [Digest]

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(parameters)
        encoder.digest(momentum)
        encoder.array(deltas) { $0.digest($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        parameters = try decoder.digest()
        momentum = try decoder.digest()
        deltas = try decoder.array(limit: RoundRecord.segmentLimit) { decoder throws(Refusal) in
            try decoder.digest()
        }
    }

    init(parameters: Digest, momentum: Digest, segments: Int) {
        self.parameters = parameters
        self.momentum = momentum
        deltas = [Digest](repeating: .zero, count: segments)
    }
}

/// A finished execution of a task.
public struct Execution: BinaryCodable, Sendable, Equatable {
    /// The agent that ran it.
    public var provider: Address
    /// Who answers for the agent.
    public var owner: Address
    /// What came out.
    public var output: TaskOutput

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(provider)
        encoder.address(owner)
        encoder.value(output)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        provider = try decoder.address()
        owner = try decoder.address()
        output = try decoder.value()
    }

    init(provider: Address, owner: Address, output: TaskOutput) {
        self.provider = provider
        self.owner = owner
        self.output = output
    }
}

/// A task: one piece of a job that one provider can do.
public struct TaskRecord: BinaryCodable, Sendable, Equatable {
    /// Where a task stands.
    public enum Status: UInt8, Sendable {
        /// It needs an execution, or another one.
        case open = 1
        /// Its output is settled.
        case accepted = 2
        /// Its round was taken back, or its job is over.
        case cancelled = 3

        /// The word on screens.
        public var word: String {
            switch self {
            case .open: "open"
            case .accepted: "accepted"
            case .cancelled: "cancelled"
            }
        }
    }

    /// The job it belongs to.
    public var job: UInt64
    /// What it does.
    public var kind: TaskKind
    /// The round it belongs to.
    public var round: UInt64
    /// Its place among the round's segments.
    public var ordinal: UInt64
    /// Where it stands.
    public var status: Status
    /// Different owners whose equal results settle it.
    public var owners: UInt64
    /// How often it was leased.
    public var attempts: UInt64
    /// Machines that failed it, in the order of their first failure.
    public var failures: [TaskFailure]
    /// Leases that run now.
    public var leases: [UInt64]
    /// Executions handed in, oldest first.
    public var executions: [Execution]

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(job)
        encoder.byte(kind.rawValue)
        encoder.number(round)
        encoder.number(ordinal)
        encoder.byte(status.rawValue)
        encoder.number(owners)
        encoder.number(attempts)
        encoder.array(failures) { $0.value($1) }
        encoder.array(leases) { $0.number($1) }
        encoder.array(executions) { $0.value($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        job = try decoder.number()
        guard let kind = TaskKind(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "there is no such kind of task")
        }
        self.kind = kind
        round = try decoder.number()
        ordinal = try decoder.number()
        guard let status = Status(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "a task has no such status")
        }
        self.status = status
        owners = try decoder.number()
        attempts = try decoder.number()
        failures = try decoder.array(limit: TaskFailure.limit) { decoder throws(Refusal) in
            try decoder.value()
        }
        leases = try decoder.array(limit: 64) { decoder throws(Refusal) in try decoder.number() }
        executions = try decoder.array(limit: 64) { decoder throws(Refusal) in
            try decoder.value()
        }
    }

    init(job: UInt64, kind: TaskKind, round: UInt64, ordinal: UInt64, owners: UInt64) {
        self.job = job
        self.kind = kind
        self.round = round
        self.ordinal = ordinal
        status = .open
        self.owners = owners
        attempts = 0
        failures = []
        leases = []
        executions = []
    }
}

/// A provider's right to run a task until a deadline.
public struct LeaseRecord: BinaryCodable, Sendable, Equatable {
    /// The task.
    public var task: UInt64
    /// The agent that holds it.
    public var provider: Address
    /// When it ends by itself.
    public var deadline: Timestamp
    /// When it was given.
    public var since: Timestamp
    /// How long it should take by the machine's bare scores, in milliseconds; zero when unknown.
    public var predicted: UInt64
    /// Whether it is still running.
    public var active: Bool

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(task)
        encoder.address(provider)
        encoder.timestamp(deadline)
        encoder.timestamp(since)
        encoder.number(predicted)
        encoder.flag(active)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        task = try decoder.number()
        provider = try decoder.address()
        deadline = try decoder.timestamp()
        since = try decoder.timestamp()
        predicted = try decoder.number()
        active = try decoder.flag()
    }

    init(
        task: UInt64, provider: Address, deadline: Timestamp, since: Timestamp, predicted: UInt64
    ) {
        self.task = task
        self.provider = provider
        self.deadline = deadline
        self.since = since
        self.predicted = predicted
        active = true
    }
}
