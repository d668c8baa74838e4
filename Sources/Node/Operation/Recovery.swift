// When a majority is lost for ever: going on from the log of one that is left.
//
// What a majority acknowledged is in every majority, so one survivor may lack the last of it, and
// it may hold what nobody acknowledged. No program can tell; so the operator is shown what would be
// kept and what would be dropped, and chooses the survivor whose log reaches furthest. What follows
// is a new epoch, in which every member of the old one counts for nothing until it begins anew.

import ControlPlane
import LogStore
import Platform
public import Primitives
import Raft

/// An entry that the survivor has and does not know to be committed.
public struct UncertainEntry: Sendable {
    /// Its place.
    public var index: UInt64
    /// The term it was proposed in.
    public var term: UInt64
    /// What it asks for, in a word a command.
    public var commands: [String]
}

/// What going on from a survivor would keep and drop.
public struct RecoveryPlan: Sendable {
    /// The survivor's seat.
    public var seat: UInt64
    /// The epoch that would open.
    public var epoch: UInt64
    /// How far its state is applied: kept for certain.
    public var applied: UInt64
    /// How far it knows the log to be committed: kept for certain.
    public var committed: UInt64
    /// The last entry of its log that can be read, and that entry's term.
    public var last: UInt64
    /// See `last`.
    public var lastTerm: UInt64
    /// Entries after the committed ones: perhaps acknowledged, perhaps not.
    public var uncertain: [UncertainEntry]
    /// Seats that vote at present, and would have to begin anew.
    public var others: [UInt64]
    /// Entries that this disk lost: what comes after them is dropped whatever is chosen.
    public var damaged: [ClosedRange<UInt64>]

    /// As an object.
    public var json: JSON {
        [
            "seat": .int(seat), "epoch": .int(epoch), "applied_index": .int(applied),
            "commit_index": .int(committed), "last_index": .int(last),
            "last_term": .int(lastTerm),
            "uncertain": .array(
                uncertain.map { entry in
                    [
                        "index": .int(entry.index), "term": .int(entry.term),
                        "commands": .array(entry.commands.map { .string($0) }),
                    ]
                }),
            "others": .array(others.map { .int($0) }),
            "damaged": .array(
                damaged.map { ["first": .int($0.lowerBound), "last": .int($0.upperBound)] }),
        ]
    }
}

/// Going on after a majority was lost.
public enum Recovery {
    /// Says what `perform` would do. Changes nothing but what any start of the member would.
    ///
    /// Throws `node.already-running`, `recover.no-state`, and what is wrong with log and state.
    public static func plan(_ settings: MemberSettings) throws(Refusal) -> RecoveryPlan {
        let survivor = try Survivor(settings)
        defer { survivor.log.close() }
        return survivor.plan
    }

    /// Makes the survivor's folder the only voter of a new epoch.
    ///
    /// - Parameter keepsTail: whether entries that are not known to be committed count.
    public static func perform(_ settings: MemberSettings, keepsTail: Bool) throws(Refusal)
        -> RecoveryPlan
    {
        try Survivor(settings).recover(keepsTail: keepsTail)
    }
}

/// A survivor's folder, opened while its member does not run.
private struct Survivor {
    let settings: MemberSettings
    let lock: FileLock
    let machine: StateMachine
    let log: LogStore
    let history: History
    let life: MemberLife
    let plan: RecoveryPlan

    init(_ settings: MemberSettings) throws(Refusal) {
        self.settings = settings
        let folder = settings.dataFolder
        guard Files.exists(folder + "/state.sqlite") else {
            throw Refusal("recover.no-state", "\(folder) holds no member's state")
        }
        lock = try FileLock.claim(dataFolder: folder)
        // A second cluster in an epoch that the others are in would be worse than none.
        try Expulsion.check(folder)
        life = try MemberLife.read(folder, seat: settings.seat.id)
        machine = try StateMachine(
            genesis: settings.genesis,
            database: try StateDatabase(path: folder + "/state.sqlite"))
        log = try LogStore(folder: folder + "/log")
        history = try History(dataFolder: folder, genesis: settings.genesis.digest)
        plan = try Survivor.plan(settings, machine, log)
    }

    private static func plan(
        _ settings: MemberSettings, _ machine: StateMachine, _ log: LogStore
    ) throws(Refusal) -> RecoveryPlan {
        let applied = machine.appliedIndex
        let damaged = log.damaged.filter { $0.upperBound > applied }
        let last = max(applied, damaged.first.map { $0.lowerBound - 1 } ?? log.lastIndex)
        let committed = min(last, max(applied, log.hardState.commit))
        var uncertain: [UncertainEntry] = []
        for entry in try entries(log, after: committed, through: last) {
            uncertain.append(
                UncertainEntry(index: entry.index, term: entry.term, commands: words(entry)))
        }
        let configuration = try ConfigurationState(
            stored: machine.configuration, seats: settings.genesis.seats.map(\.id))
        let seats = Set(
            (configuration.voters + configuration.votersOutgoing).map(MemberLife.seat(of:)))
        return RecoveryPlan(
            seat: settings.seat.id, epoch: try EpochFile.read(settings.dataFolder).epoch + 1,
            applied: applied, committed: committed, last: last,
            lastTerm: uncertain.last?.term ?? (try? log.term(at: last)) ?? machine.appliedTerm,
            uncertain: uncertain, others: seats.subtracting([settings.seat.id]).sorted(),
            damaged: damaged)
    }

    private static func entries(
        _ log: LogStore, after first: UInt64, through last: UInt64
    ) throws(Refusal) -> [LogEntry] {
        var found: [LogEntry] = []
        var next = first + 1
        while next <= last {
            let page = try log.entries(from: next, to: last, byteBudget: 8 << 20)
            guard let end = page.last else { break }
            found += page
            next = end.index + 1
        }
        return found
    }

    /// What an entry asks for, in words.
    private static func words(_ entry: LogEntry) -> [String] {
        let payload = Array(entry.payload.dropFirst())
        guard entry.payload.first == EntryKind.normal.rawValue else { return ["membership"] }
        guard let content = try? EntryPayload(decoding: payload) else { return [] }
        return content.commands.map { command in
            switch command {
            case .account(let envelope): "\(envelope.command.name) by \(envelope.signer)"
            case .member(let envelope): envelope.command.name
            }
        }
    }

    // MARK: Recovering

    func recover(keepsTail: Bool) throws(Refusal) -> RecoveryPlan {
        defer { log.close() }
        let end = keepsTail ? plan.last : plan.committed
        // First: from here on, this folder and those of the old epoch do not speak to one another.
        let deed = keepsTail ? "kept" : "dropped"
        try EpochFile.write(
            EpochFile.Opening(
                epoch: plan.epoch,
                reason: "recovered from seat \(plan.seat) at entry \(end); \(deed)"
                    + " \(plan.uncertain.count) entries that were not known to be committed"),
            settings.dataFolder)
        if end < log.lastIndex { try log.commit([.truncate(from: end + 1)]) }
        for entry in try Survivor.entries(log, after: plan.applied, through: end) {
            try apply(entry)
        }
        try seal(through: end)
        let alone = ConfigurationState(voters: [life.id])
        try machine.overrideConfiguration(alone.encoded)
        try log.commit([
            .hardState(
                LogHardState(
                    term: log.hardState.term, vote: log.hardState.vote,
                    commit: max(end, log.hardState.commit)))
        ])
        // Copies of the state name the membership of their time.
        try Files.removeTree(settings.dataFolder + "/snapshots")
        return plan
    }

    private func apply(_ entry: LogEntry) throws(Refusal) {
        guard let kind = entry.payload.first else {
            throw Refusal("storage.malformed", "entry \(entry.index) has no kind")
        }
        let payload = Array(entry.payload.dropFirst())
        if kind != EntryKind.normal.rawValue || payload.isEmpty {
            try machine.applyEmpty(
                index: entry.index, term: entry.term, kind: kind, payload: payload)
        } else {
            _ = try machine.apply(
                index: entry.index, term: entry.term,
                payload: try EntryPayload(decoding: payload))
        }
    }

    /// The log goes on behind the state: who learns from here gets the state with its membership,
    /// and never works the membership out from entries of the old epoch.
    private func seal(through end: UInt64) throws(Refusal) {
        guard end > StateMachine.genesisIndex else { return }
        try LogCompactor(store: log, history: history).compact(
            through: end,
            snapshot: SnapshotDescriptor(
                index: end, term: machine.appliedTerm, configuration: [], size: 0, digest: .zero))
    }
}
