// How long a task runs on a machine, and what it costs: a roofline of two ceilings, what starting
// costs, and the machine's correction. Whole numbers only, rounded up, never past the largest.

import Primitives

/// What is expected of a task on a machine.
struct Prediction {
    /// Milliseconds.
    let time: UInt64
    /// Minimal units.
    let cost: UInt128

    private static let hour: UInt128 = 3_600_000

    /// Predicts; the machine must have proven the rates that the task depends on.
    init(_ needs: Needs, on machine: Machine, policy: SchedulingPolicy) {
        let compute = Self.milliseconds(
            needs.floatingPointOperations, rate: machine.floatingPointRate, slots: machine.slots)
        let memory = Self.milliseconds(needs.bytes, rate: machine.memoryRate, slots: machine.slots)
        let work = UInt128(max(compute, memory)) * UInt128(machine.correction) / 1_000_000
        time = UInt64(clamping: work + UInt128(policy.overhead))
        cost = (machine.price * UInt128(time) + Self.hour - 1) / Self.hour
    }

    /// How long `work` takes on one of `slots` equal parts of a machine.
    private static func milliseconds(_ work: UInt64, rate: UInt64, slots: UInt64) -> UInt64 {
        guard work > 0 else { return 0 }
        let (scale, overflow) = slots.multipliedReportingOverflow(by: 1000)
        guard rate > 0, !overflow else { return .max / 2 }
        let product = work.multipliedFullWidth(by: scale)
        guard product.high < rate else { return .max / 2 }
        let (quotient, rest) = rate.dividingFullWidth(product)
        return min(.max / 2, rest == 0 ? quotient : quotient + 1)
    }

    /// What the money and the time are worth together: what a placement minimises.
    func burden(_ policy: SchedulingPolicy) -> UInt128 {
        let hourValue = min(policy.hourValue.units, UInt128(UInt64.max))
        let (product, overflow) = hourValue.multipliedReportingOverflow(by: UInt128(time))
        let (sum, carry) = (product / Self.hour).addingReportingOverflow(cost)
        return overflow || carry ? .max : sum
    }
}

extension SchedulingPolicy {
    /// How many milliseconds a task should take on a machine that proved these rates, nothing
    /// corrected; nil when it depends on a rate that is not proved.
    public func predictedTime(
        floatingPointOperations: UInt64, bytes: UInt64, floatingPointRate: UInt64,
        memoryRate: UInt64, correction: UInt64 = 1_000_000
    ) -> UInt64? {
        guard floatingPointRate > 0 || floatingPointOperations == 0,
            memoryRate > 0 || bytes == 0
        else { return nil }
        var offer = ProviderOffer(
            id: .zero, owner: .zero, slots: 1, memory: 0, floatingPointRate: floatingPointRate,
            memoryRate: memoryRate, pricePerHour: .zero, tier: 0, hardwareClass: "", kinds: [])
        offer.correction = correction
        let task = PendingTask(
            id: 0, job: 0, kind: "", floatingPointOperations: floatingPointOperations,
            bytes: bytes, memory: 0)
        var names = NameTable()
        let machine = Machine(offer, &names)
        return Prediction(Needs(task, policy: self, &names), on: machine, policy: self).time
    }
}
