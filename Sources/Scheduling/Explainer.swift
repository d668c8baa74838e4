// Why a task waits: what stands against it on every machine, and on the nearest one what must
// change.

import Primitives

/// Explains why tasks wait.
struct Explainer {
    let machines: [Machine]
    let matching: Matching
    let names: NameTable

    /// Explains a task that fits nowhere now.
    func explain(_ task: PendingTask, _ needs: Needs) -> Explanation {
        guard !machines.isEmpty else {
            return Explanation(
                task: task.id, code: "pending.no-providers",
                message: "no machine has joined yet", obstacles: [], nearestProvider: nil,
                changes: [.addProvider], expectedIn: nil)
        }
        var counts: [(obstacle: Obstacle, providers: Int)] = Obstacle.allCases.map { ($0, 0) }
        var nearest = (machine: 0, obstacles: [Obstacle](), distance: UInt64.max)
        for index in machines.indices {
            let obstacles = matching.obstacles(needs, on: machines[index])
            // Each obstacle outweighs all lighter ones together.
            let distance = obstacles.reduce(0) { $0 | UInt64($1.bit) }
            if distance < nearest.distance { nearest = (index, obstacles, distance) }
            for position in counts.indices where obstacles.contains(counts[position].obstacle) {
                counts[position].providers += 1
            }
        }
        return explanation(task, needs, nearest.obstacles, machines[nearest.machine], counts)
    }

    private func explanation(
        _ task: PendingTask, _ needs: Needs, _ obstacles: [Obstacle], _ machine: Machine,
        _ counts: [(obstacle: Obstacle, providers: Int)]
    ) -> Explanation {
        let decisive = obstacles.last
        let sorted = counts.filter { $0.providers > 0 }.sorted {
            ($1.providers, $0.obstacle) < ($0.providers, $1.obstacle)
        }
        return Explanation(
            task: task.id, code: decisive?.rawValue ?? "pending.gang",
            message: decisive.map { sentence($0, needs, machine) }
                ?? "it fits, but not together with the rest of its gang",
            obstacles: sorted.map { ObstacleCount(obstacle: $0.obstacle, providers: $0.providers) },
            nearestProvider: machine.id, changes: changes(obstacles, needs, machine),
            expectedIn: obstacles == [.busy] ? machine.nextFreeIn : nil)
    }

    private func sentence(_ obstacle: Obstacle, _ needs: Needs, _ machine: Machine) -> String {
        let prediction = Prediction(needs, on: machine, policy: matching.policy)
        let id = machine.id
        switch obstacle {
        case .busy: return "every machine that could run it is busy; \(id) is the nearest"
        case .unmeasured: return "the nearest machine, \(id), has not proven its speed yet"
        case .cost:
            return
                "on the cheapest machine near, \(id), it would cost \(prediction.cost), and it may"
                + " cost \(needs.costLimit)"
        case .runTime:
            return
                "on the nearest machine, \(id), it would run \(prediction.time) ms, and it may run"
                + " \(needs.runTimeLimit) ms"
        case .memory:
            return "it needs \(needs.memory) bytes of memory; the nearest machine, \(id), has"
                + " \(machine.memory)"
        case .tier:
            return "it demands isolation tier \(needs.minimumTier); the nearest machine, \(id), has"
                + " tier \(machine.tier)"
        case .kind: return "no machine near runs tasks of kind `\(names.names[needs.kind])`"
        case .hardwareClass:
            return "its answers are compared among `\(className(needs))` only, and no free machine"
                + " is of that class"
        case .draining: return "the nearest machine, \(id), takes no new work"
        case .quarantined: return "the nearest machine, \(id), is in quarantine"
        case .excludedProvider: return "the nearest machine, \(id), has failed it"
        case .excludedOwner:
            return "another owner must compute it, and the owner of \(id) has answered it"
        }
    }

    private func className(_ needs: Needs) -> String {
        needs.hardwareClass.map { names.names[$0] } ?? ""
    }

    /// What must change for the task to run on this machine.
    private func changes(_ obstacles: [Obstacle], _ needs: Needs, _ machine: Machine) -> [Change] {
        let prediction = Prediction(needs, on: machine, policy: matching.policy)
        return obstacles.map { obstacle in
            switch obstacle {
            case .busy: .freeSlot(machine.id)
            case .unmeasured: .measure(machine.id)
            case .cost: .raiseCostLimit(to: Amount(prediction.cost))
            case .runTime: .raiseRunTimeLimit(to: prediction.time)
            case .memory: .lowerMemory(to: machine.memory)
            case .tier: .lowerTier(to: machine.tier)
            case .kind: .offerKind(machine.id, names.names[needs.kind])
            case .hardwareClass: .acceptClass(names.names[machine.hardwareClass])
            case .draining: .stopDraining(machine.id)
            case .quarantined: .endQuarantine(machine.id)
            case .excludedProvider: .allowProvider(machine.id)
            case .excludedOwner: .allowOwner(machine.owner)
            }
        }
    }
}

extension Explanation {
    /// The same explanation for another task with the same needs.
    func about(_ task: UInt64, gang: Bool) -> Explanation {
        Explanation(
            task: task, code: gang ? "pending.gang" : code,
            message: gang ? "its gang does not fit as a whole: \(message)" : message,
            obstacles: obstacles, nearestProvider: nearestProvider, changes: changes,
            expectedIn: expectedIn)
    }

    static func planFull(_ task: UInt64) -> Explanation {
        Explanation(
            task: task, code: "pending.plan-full",
            message: "the plan has no room for more placements; the next one is made at once",
            obstacles: [], nearestProvider: nil, changes: [.nextPlan], expectedIn: 0)
    }
}
