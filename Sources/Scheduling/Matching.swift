// Whether a task fits a machine, and everything that stands against it when it does not.

import Primitives

/// Tries tasks on machines.
struct Matching {
    let policy: SchedulingPolicy

    /// What is expected of the task there, or nil when anything stands against it.
    func prediction(_ needs: Needs, on machine: Machine) -> Prediction? {
        guard machine.freeSlots > 0, machine.freeMemory >= needs.memory,
            machine.tier >= needs.minimumTier, machine.kinds.contains(needs.kind),
            needs.hardwareClass == nil || needs.hardwareClass == machine.hardwareClass,
            isMeasured(needs, on: machine), !machine.isQuarantined, !machine.isDraining,
            !needs.excludedOwners.contains(machine.owner),
            !needs.excludedProviders.contains(machine.id)
        else { return nil }
        let prediction = Prediction(needs, on: machine, policy: policy)
        guard prediction.time <= needs.runTimeLimit, prediction.cost <= needs.costLimit else {
            return nil
        }
        return prediction
    }

    /// Everything that stands against the task there, in the order of `Obstacle`.
    func obstacles(_ needs: Needs, on machine: Machine) -> [Obstacle] {
        var found: [Obstacle] = []
        let hasMemory = machine.memory >= needs.memory
        if machine.freeSlots == 0 || machine.freeMemory < min(needs.memory, machine.memory) {
            found.append(.busy)
        }
        if isMeasured(needs, on: machine) {
            let prediction = Prediction(needs, on: machine, policy: policy)
            if prediction.cost > needs.costLimit { found.append(.cost) }
            if prediction.time > needs.runTimeLimit { found.append(.runTime) }
        } else {
            found.append(.unmeasured)
        }
        if !hasMemory { found.append(.memory) }
        if machine.tier < needs.minimumTier { found.append(.tier) }
        if !machine.kinds.contains(needs.kind) { found.append(.kind) }
        if let wanted = needs.hardwareClass, wanted != machine.hardwareClass {
            found.append(.hardwareClass)
        }
        if machine.isDraining { found.append(.draining) }
        if machine.isQuarantined { found.append(.quarantined) }
        if needs.excludedProviders.contains(machine.id) { found.append(.excludedProvider) }
        if needs.excludedOwners.contains(machine.owner) { found.append(.excludedOwner) }
        return found
    }

    private func isMeasured(_ needs: Needs, on machine: Machine) -> Bool {
        (needs.floatingPointOperations == 0 || machine.floatingPointRate > 0)
            && (needs.bytes == 0 || machine.memoryRate > 0)
    }
}
