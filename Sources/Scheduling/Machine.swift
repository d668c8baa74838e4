// An offer as a plan works on it: names turned into numbers once, so that trying a task on a
// machine is a few comparisons.

import Primitives

/// A machine during planning.
struct Machine {
    let id: Address
    let owner: Address
    let slots: UInt64
    let memory: UInt64
    let floatingPointRate: UInt64
    let memoryRate: UInt64
    let price: UInt128
    let tier: UInt64
    let hardwareClass: Int
    let kinds: Set<Int>
    let correction: UInt64
    let isQuarantined: Bool
    let isDraining: Bool
    let nextFreeIn: UInt64?
    var freeSlots: UInt64
    var freeMemory: UInt64

    init(_ offer: ProviderOffer, _ names: inout NameTable) {
        id = offer.id
        owner = offer.owner
        slots = max(1, offer.slots)
        memory = offer.memory
        floatingPointRate = offer.floatingPointRate
        memoryRate = offer.memoryRate
        price = min(offer.pricePerHour.units, UInt128(UInt64.max))
        tier = offer.tier
        hardwareClass = names.number(of: offer.hardwareClass)
        kinds = Set(offer.kinds.map { names.number(of: $0) })
        correction = offer.correction
        isQuarantined = offer.isQuarantined
        isDraining = offer.isDraining
        nextFreeIn = offer.nextFreeIn
        freeSlots = min(offer.freeSlots, max(1, offer.slots))
        freeMemory = min(offer.freeMemory, offer.memory)
    }

    /// Whether it can take any task at all now.
    var isOpen: Bool { freeSlots > 0 && !isQuarantined && !isDraining }
}

/// What a task needs, with names turned into numbers.
struct Needs: Hashable {
    let kind: Int
    let floatingPointOperations: UInt64
    let bytes: UInt64
    let memory: UInt64
    let minimumTier: UInt64
    let hardwareClass: Int?
    let excludedOwners: [Address]
    let excludedProviders: [Address]
    let costLimit: UInt128
    let runTimeLimit: UInt64

    init(_ task: PendingTask, policy: SchedulingPolicy, _ names: inout NameTable) {
        kind = names.number(of: task.kind)
        floatingPointOperations = task.floatingPointOperations
        bytes = task.bytes
        memory = task.memory
        minimumTier = task.minimumTier
        hardwareClass = task.hardwareClass.map { names.number(of: $0) }
        excludedOwners = task.excludedOwners
        excludedProviders = task.excludedProviders
        costLimit = task.costLimit?.units ?? .max
        runTimeLimit = task.runTimeLimit ?? policy.runTimeLimit
    }
}

/// Numbers for names, given in the order they are met.
struct NameTable {
    private var numbers: [String: Int] = [:]
    private(set) var names: [String] = []

    mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }
}
