// What a task remembers of a machine that failed it.
//
// A machine that fails a task rests from that task, longer each time, while others may take it at
// once: whoever cannot run it, or will not, holds up nobody else. Failures of one owner, however
// often, never end a job; the job is given up only when several owners have failed the same task,
// which says that the fault is in the task.

public import Primitives

/// The failures of one machine at one task.
public struct TaskFailure: BinaryCodable, Sendable, Equatable {
    /// How many machines a task remembers; the one whose rest ends first is forgotten first.
    static let limit = 64
    /// The longest reason that is kept, in bytes.
    static let reasonLimit = 200

    /// The agent.
    public let provider: Address
    /// Its owner.
    public let owner: Address
    /// How often it failed the task.
    public var count: UInt64
    /// When it may take the task again.
    public var restsUntil: Timestamp
    /// What was said the last time.
    public var reason: String

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.address(provider)
        encoder.address(owner)
        encoder.number(count)
        encoder.timestamp(restsUntil)
        encoder.text(reason)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        provider = try decoder.address()
        owner = try decoder.address()
        count = try decoder.number()
        restsUntil = try decoder.timestamp()
        reason = try decoder.text(limit: Self.reasonLimit)
    }

    init(provider: Address, owner: Address) {
        self.provider = provider
        self.owner = owner
        count = 0
        restsUntil = .zero
        reason = ""
    }

    /// Half a second after the first failure, twice as long after each further one, up to half a
    /// minute; from the ninth on ten minutes, and again twice as long each time, up to a day.
    static func rest(after count: UInt64) -> UInt64 {
        let patience = FailureRules.failuresPerOwner
        return count <= patience
            ? min(30_000, 250 << min(count, 7))
            : min(86_400_000, 600_000 << min(count - patience - 1, 8))
    }
}

enum FailureRules {
    /// How often an owner's machines may fail a task before the owner counts against it.
    static let failuresPerOwner: UInt64 = 8
    /// How many owners must count against a task before its job is given up; fewer where fewer
    /// owners have machines.
    static let ownersToGiveUp = 3

    /// Remembers that a machine failed a task.
    static func note(
        _ provider: Address, reason: String, on task: inout TaskRecord, _ transaction: Transaction
    ) {
        let owner =
            Tables.providers.record(provider.bytes, in: transaction.state)?.owner ?? provider
        var failure =
            task.failures.first { $0.provider == provider }
            ?? TaskFailure(provider: provider, owner: owner)
        failure.count += 1
        failure.restsUntil = transaction.now.advanced(by: TaskFailure.rest(after: failure.count))
        failure.reason = reason.prefix(utf8: TaskFailure.reasonLimit)
        if let index = task.failures.firstIndex(where: { $0.provider == provider }) {
            task.failures[index] = failure
            return
        }
        if task.failures.count >= TaskFailure.limit,
            let index = task.failures.indices.min(by: {
                task.failures[$0].restsUntil < task.failures[$1].restsUntil
            })
        {
            task.failures.remove(at: index)
        }
        task.failures.append(failure)
    }

    /// Whether so many owners failed a task that the fault must be the task's.
    static func isHopeless(_ task: TaskRecord, in state: any StateReader) -> Bool {
        var counts: [(owner: Address, count: UInt64)] = []
        for failure in task.failures {
            if let index = counts.firstIndex(where: { $0.owner == failure.owner }) {
                counts[index].count += failure.count
            } else {
                counts.append((failure.owner, failure.count))
            }
        }
        let against = counts.count { $0.count >= failuresPerOwner }
        guard against > 0, against < ownersToGiveUp else { return against > 0 }
        return against >= Set(Tables.providers.records(in: state).map(\.record.owner)).count
    }
}
