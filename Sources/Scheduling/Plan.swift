// What a plan says: who goes where, and why the others wait.

public import Primitives

/// One task on one machine.
public struct Placement: Equatable, Sendable {
    /// The task.
    public let task: UInt64
    /// Its job.
    public let job: UInt64
    /// The machine.
    public let provider: Address
    /// How long it should run there, in milliseconds.
    public let predictedMilliseconds: UInt64
    /// What that should cost.
    public let predictedCost: Amount
}

/// What keeps a task off a machine. The order is that of how much it takes to change it.
public enum Obstacle: String, Sendable, CaseIterable, Comparable {
    /// Its slots or its free memory are taken.
    case busy = "pending.busy"
    /// A rate the task depends on is not proven yet.
    case unmeasured = "pending.unmeasured"
    /// The task would cost more than it may.
    case cost = "pending.cost"
    /// The task would run longer than it may.
    case runTime = "pending.run-time"
    /// It has less memory than the task needs.
    case memory = "pending.memory"
    /// It isolates less than the task demands.
    case tier = "pending.tier"
    /// It does not run this kind of task.
    case kind = "pending.kind"
    /// Its answers are not comparable with those the task has.
    case hardwareClass = "pending.class"
    /// It takes nothing new.
    case draining = "pending.draining"
    /// It is kept from work.
    case quarantined = "pending.quarantined"
    /// It has failed the task.
    case excludedProvider = "pending.excluded-provider"
    /// Its owner has answered the task.
    case excludedOwner = "pending.excluded-owner"

    /// Orders by how much it takes to change it.
    public static func < (left: Obstacle, right: Obstacle) -> Bool { left.bit < right.bit }

    var bit: UInt16 { 1 << UInt16(Obstacle.allCases.firstIndex(of: self) ?? 0) }
}

/// Something that, done, lets a task run on a machine.
public enum Change: Equatable, Sendable {
    /// A running task must end there.
    case freeSlot(Address)
    /// The machine must be benchmarked.
    case measure(Address)
    /// The task must be allowed to cost this much.
    case raiseCostLimit(to: Amount)
    /// The task must be allowed to run this long, in milliseconds.
    case raiseRunTimeLimit(to: UInt64)
    /// The task must do with this much memory, in bytes.
    case lowerMemory(to: UInt64)
    /// The task must do with this isolation.
    case lowerTier(to: UInt64)
    /// The machine must run this kind of task.
    case offerKind(Address, String)
    /// The task must accept this class.
    case acceptClass(String)
    /// The owner must stop draining the machine.
    case stopDraining(Address)
    /// The machine's quarantine must end.
    case endQuarantine(Address)
    /// The task must be allowed on the machine again.
    case allowProvider(Address)
    /// The owner must be allowed to compute the task again; better, another owner must join.
    case allowOwner(Address)
    /// A machine must join.
    case addProvider
    /// The next plan must have room.
    case nextPlan
}

/// How many machines one obstacle keeps a task off.
public struct ObstacleCount: Equatable, Sendable {
    /// The obstacle.
    public let obstacle: Obstacle
    /// How many machines.
    public let providers: Int
}

/// Why a task waits, and what would place it.
public struct Explanation: Equatable, Sendable {
    /// The task.
    public let task: UInt64
    /// Stable: an `Obstacle`'s code, `pending.no-providers`, `pending.plan-full` or `pending.gang`.
    public let code: String
    /// One sentence for a person.
    public let message: String
    /// What stands against each machine, most machines first.
    public let obstacles: [ObstacleCount]
    /// The machine that is nearest to taking the task.
    public let nearestProvider: Address?
    /// All that must change for it to do so.
    public let changes: [Change]
    /// When that is expected without anybody's doing, in milliseconds; nil when it is not.
    public let expectedIn: UInt64?
}

/// A plan.
public struct Plan: Equatable, Sendable {
    /// The placements, in the order they were made.
    public internal(set) var placements: [Placement] = []
    /// An explanation for every task that is not placed, by task number.
    public internal(set) var waiting: [Explanation] = []
}
