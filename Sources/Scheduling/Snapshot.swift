// What a plan is made from: offers, tasks and jobs as they stand.

public import Primitives

/// What one machine offers.
public struct ProviderOffer: Equatable, Sendable {
    /// The machine.
    public var id: Address
    /// Who owns it.
    public var owner: Address
    /// How many tasks it runs at once.
    public var slots: UInt64
    /// How many more it can take now.
    public var freeSlots: UInt64
    /// Its memory for tasks, in bytes.
    public var memory: UInt64
    /// What is free of it now.
    public var freeMemory: UInt64
    /// The lower bound of its proven floating point rate, all slots together; zero when unproven.
    public var floatingPointRate: UInt64
    /// The lower bound of its proven memory bandwidth, all slots together; zero when unproven.
    public var memoryRate: UInt64
    /// What an hour of one slot costs.
    public var pricePerHour: Amount
    /// How well it isolates tasks; higher is better.
    public var tier: UInt64
    /// Which processors give the same bytes as its own.
    public var hardwareClass: String
    /// The kinds of task it runs.
    public var kinds: [String]
    /// Actual over predicted run time so far, in millionths.
    public var correction: UInt64 = 1_000_000
    /// Whether it is kept from work after a failure.
    public var isQuarantined = false
    /// Whether its owner lets it finish and take nothing new.
    public var isDraining = false
    /// When the first of its running tasks should end, in milliseconds from now.
    public var nextFreeIn: UInt64?

    /// Makes an offer with nothing running on it.
    public init(
        id: Address, owner: Address, slots: UInt64, memory: UInt64, floatingPointRate: UInt64,
        memoryRate: UInt64, pricePerHour: Amount, tier: UInt64, hardwareClass: String,
        kinds: [String]
    ) {
        self.id = id
        self.owner = owner
        self.slots = slots
        freeSlots = slots
        self.memory = memory
        freeMemory = memory
        self.floatingPointRate = floatingPointRate
        self.memoryRate = memoryRate
        self.pricePerHour = pricePerHour
        self.tier = tier
        self.hardwareClass = hardwareClass
        self.kinds = kinds
    }
}

/// A task that waits for a machine.
public struct PendingTask: Equatable, Sendable {
    /// Its number.
    public var id: UInt64
    /// The job it belongs to.
    public var job: UInt64
    /// What kind of task it is.
    public var kind: String
    /// Its floating point operations.
    public var floatingPointOperations: UInt64
    /// The bytes it moves through memory.
    public var bytes: UInt64
    /// The memory it needs, in bytes.
    public var memory: UInt64
    /// The least isolation it demands.
    public var minimumTier: UInt64 = 0
    /// The class its answer must be comparable in; nil when any will do.
    public var hardwareClass: String?
    /// Owners that must not run it: they have answered it already.
    public var excludedOwners: [Address] = []
    /// Machines that must not run it: they have failed it.
    public var excludedProviders: [Address] = []
    /// Higher goes first within its job.
    public var priority: UInt64 = 0
    /// How long it has waited, in milliseconds.
    public var age: UInt64 = 0
    /// The most it may cost; nil for no limit.
    public var costLimit: Amount?
    /// The longest it may be predicted to run, in milliseconds; nil for the policy's limit.
    public var runTimeLimit: UInt64?
    /// Tasks of one job with the same gang start together or not at all.
    public var gang: UInt64?

    /// Makes a task without wishes.
    public init(
        id: UInt64, job: UInt64, kind: String, floatingPointOperations: UInt64, bytes: UInt64,
        memory: UInt64
    ) {
        self.id = id
        self.job = job
        self.kind = kind
        self.floatingPointOperations = floatingPointOperations
        self.bytes = bytes
        self.memory = memory
    }
}

/// A job that has tasks running or waiting.
public struct JobShare: Equatable, Sendable {
    /// Its number.
    public var id: UInt64
    /// How much of the house it deserves, relative to the others; at least one.
    public var weight: UInt64
    /// Slots it holds now.
    public var slotsInUse: UInt64
    /// Memory it holds now, in bytes.
    public var memoryInUse: UInt64

    /// Makes a job's share.
    public init(id: UInt64, weight: UInt64, slotsInUse: UInt64 = 0, memoryInUse: UInt64 = 0) {
        self.id = id
        self.weight = weight
        self.slotsInUse = slotsInUse
        self.memoryInUse = memoryInUse
    }
}

/// All that a plan is made from.
public struct Snapshot: Equatable, Sendable {
    /// The machines.
    public var offers: [ProviderOffer]
    /// The tasks that wait.
    public var tasks: [PendingTask]
    /// The jobs; a job that is not named has weight one and holds nothing.
    public var jobs: [JobShare]

    /// Makes a snapshot.
    public init(offers: [ProviderOffer], tasks: [PendingTask], jobs: [JobShare] = []) {
        self.offers = offers
        self.tasks = tasks
        self.jobs = jobs
    }
}
