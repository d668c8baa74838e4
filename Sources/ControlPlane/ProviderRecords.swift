// What is on record about a machine: who answers for it, what it proved, how it stands.

public import Primitives

/// A registered machine.
public struct ProviderRecord: BinaryCodable, Sendable, Equatable {
    /// Who answers for the machine and earns with it.
    public var owner: Address
    /// What the owner said about it.
    public var machine: MachineDescription
    /// The entry that registered it.
    public var registeredAt: UInt64
    /// Whether its owner, or a rule, stopped new work on it.
    public var draining: Bool
    /// Until when it gets no work after a fault; zero when it may.
    public var quarantinedUntil: Timestamp
    /// Why it is quarantined, empty when it is not.
    public var quarantineReason: String
    /// Verified results so far.
    public var verified: UInt64
    /// Results that were found wrong.
    public var wrong: UInt64
    /// Leases that ended without a result.
    public var lost: UInt64

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(owner)
        encoder.value(machine)
        encoder.number(registeredAt)
        encoder.flag(draining)
        encoder.timestamp(quarantinedUntil)
        encoder.text(quarantineReason)
        encoder.number(verified)
        encoder.number(wrong)
        encoder.number(lost)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        owner = try decoder.address()
        machine = try decoder.value()
        registeredAt = try decoder.number()
        draining = try decoder.flag()
        quarantinedUntil = try decoder.timestamp()
        quarantineReason = try decoder.text(limit: 256)
        verified = try decoder.number()
        wrong = try decoder.number()
        lost = try decoder.number()
    }

    init(owner: Address, machine: MachineDescription, registeredAt: UInt64) {
        self.owner = owner
        self.machine = machine
        self.registeredAt = registeredAt
        draining = false
        quarantinedUntil = .zero
        quarantineReason = ""
        verified = 0
        wrong = 0
        lost = 0
    }
}

/// One challenge's result as it stands on record.
public struct BenchmarkSample: BinaryCodable, Sendable, Equatable {
    /// The verdict.
    public var record: BenchmarkRecord
    /// The member that held the clock.
    public var member: UInt64
    /// When it went on record.
    public var timestamp: Timestamp

    /// Work per second in the kernel's unit, rounded down.
    public var rate: UInt64 {
        guard record.nanoseconds > 0 else { return 0 }
        let product = record.work.multipliedFullWidth(by: 1_000_000_000)
        guard product.high < record.nanoseconds else { return .max }
        return record.nanoseconds.dividingFullWidth(product).quotient
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(record)
        encoder.number(member)
        encoder.timestamp(timestamp)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        record = try decoder.value()
        member = try decoder.number()
        timestamp = try decoder.timestamp()
    }

    init(record: BenchmarkRecord, member: UInt64, timestamp: Timestamp) {
        self.record = record
        self.member = member
        self.timestamp = timestamp
    }
}
