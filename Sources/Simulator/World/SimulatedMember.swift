// One member: what survives its lives (disk, clock), and the life it is in (engine, log).

import ControlPlane
import LogStore
import Node
import Primitives
import Raft

/// A batch on its way to the disk.
struct WaitingBatch {
    let records: [LogRecord]
    let responses: [Message]
}

/// A durable copy of a state. Its database is never written to.
struct SavedState {
    let descriptor: SnapshotDescriptor
    let database: StateDatabase

    var position: CorePosition {
        CorePosition(term: descriptor.term, index: descriptor.index)
    }
}

/// What a member loses when it stops.
final class MemberLife {
    let engine: MemberEngine
    let log: DurableLog
    /// Batches that wait for the disk, and those that it is writing.
    var waiting: [WaitingBatch] = []
    var writing: [WaitingBatch] = []
    /// Whether a copy of its state is being made.
    var isSaving = false
    /// The term in which it was last seen to lead.
    var ledTerm: UInt64 = 0
    /// How far its applied entries were compared with the others'.
    var checkedIndex: UInt64 = 0

    init(engine: MemberEngine, log: DurableLog) {
        self.engine = engine
        self.log = log
    }
}

/// A member with its machine.
final class SimulatedMember {
    /// From 0; the seat's identifier is one more.
    let number: Int
    let seed: UInt64
    private let blueprint: Blueprint
    private let segmentBytes: UInt64
    private let flaw: Flaw?
    var disk = MemoryDisk()
    private var database: StateDatabase?
    /// The newest durable copy of its own state.
    private(set) var saved: SavedState?
    /// Other members', that may go into the state's place, by their indexes.
    var fetched: [UInt64: SavedState] = [:]
    /// How many lives it had; events of an earlier one do not concern it any more.
    private(set) var life: UInt64 = 0
    private(set) var current: MemberLife?
    /// How far its clock is off, in milliseconds.
    var clockOffset: Int64 = 0
    /// How long its ticks are, in microseconds: clocks do not run at the same pace.
    var tickLength: VirtualTime = 100_000
    var ticks: UInt64 = 0
    /// Whether it asked for votes and has no answer yet.
    var isStanding = false
    /// Whether it was last heard to lead.
    var isLeading = false
    /// What came while it was paused; nil while it runs.
    var held: [WorldEvent]?
    /// The highest feature level that its program knows.
    var knownLevel = FeatureLevel.supported
    /// Whether it may come to stand before a log of a level that its program does not know.
    var mayMeetNewerLog = false
    /// Every flush takes this much longer.
    var diskDelay: VirtualTime = 0

    init(
        number: Int, seed: UInt64, blueprint: Blueprint, segmentBytes: UInt64, flaw: Flaw?
    ) {
        self.number = number
        self.seed = seed
        self.blueprint = blueprint
        self.segmentBytes = segmentBytes
        self.flaw = flaw
    }

    /// The seat's identifier.
    var id: UInt64 { UInt64(number) + 1 }

    /// Whether what its log says is all it was told.
    var isDiskIdle: Bool {
        current.map { $0.waiting.isEmpty && $0.writing.isEmpty } ?? false
    }

    /// Its own idea of the time.
    func clock(at time: VirtualTime) -> Timestamp {
        let start = Int64(blueprint.genesis.timestamp.milliseconds)
        return Timestamp(milliseconds: UInt64(start + Int64(time / 1000) + clockOffset))
    }

    // MARK: Lives

    /// Starts on what the disk holds; answers what was unusual about the log.
    func start(observe: @escaping (TraceEvent) -> Void) throws(Refusal) -> [String] {
        life += 1
        if flaw == .flushesNothing { disk.loseFlushes(.max) }
        let database: StateDatabase
        if let kept = self.database {
            database = kept
        } else if let saved {
            database = try saved.database.copyInMemory()
        } else {
            database = try StateDatabase(path: ":memory:")
        }
        self.database = database
        let machine = try StateMachine(genesis: blueprint.genesis, database: database)
        try FeatureLevel.checkKnown(machine.featureLevel, supported: knownLevel)
        var options = LogOptions()
        options.identity = id
        options.segmentBytes = segmentBytes
        if flaw == .appliedIndexRunsAhead, life > 1 {
            try machine.applyEmpty(
                index: machine.appliedIndex + 1, term: 1, kind: 0, payload: [])
        }
        let log = try DurableLog(
            folder: "log", genesis: blueprint.genesis, appliedIndex: machine.appliedIndex,
            appliedTerm: machine.appliedTerm,
            configuration: try ConfigurationState(
                stored: machine.configuration, seats: blueprint.seatIDs),
            covered: saved?.position, options: options, disk: disk)
        log.newestSnapshot = try saved?.descriptor.snapshot(seats: blueprint.seatIDs)
        var raft = RaftOptions(
            id: id, seed: seed &+ (flaw == .reusesReadNames ? 0 : life &* 0x9E37_79B9))
        if flaw == .leaseOutlivesPause { raft.readOption = .leaseBased }
        let storage = FlawedStorage(log, flaw: life > 1 ? flaw : nil, member: id)
        let engine = try MemberEngine(
            options: raft, clockBoundMilliseconds: 10_000, machine: machine, log: storage,
            featureLevel: knownLevel, observe: observe)
        let born = MemberLife(engine: engine, log: log)
        born.checkedIndex = machine.appliedIndex
        current = born
        return log.notes
    }

    /// Makes a durable copy of the state.
    func save() throws(Refusal) -> SavedState {
        guard let machine = current?.engine.machine, let database else {
            throw Refusal("simulation.snapshot", "member \(number + 1) does not run")
        }
        try machine.flush()
        // Every row of a copy is checked before anybody relies on it.
        try database.verify()
        let state = SavedState(
            descriptor: SnapshotDescriptor(
                index: machine.appliedIndex, term: machine.appliedTerm,
                configuration: machine.configuration, size: 0, digest: machine.stateDigest),
            database: try database.copyInMemory())
        saved = state
        return state
    }

    /// Goes on with another member's state.
    func adopt(_ state: SavedState, _ life: MemberLife) throws(Refusal) {
        let copy = try state.database.copyInMemory()
        try life.engine.machine.release()
        try life.engine.machine.adopt(copy)
        database = copy
    }

    /// A bit of the state flips.
    func rotState(row: UInt64, bit: UInt64) { database?.rot(row: row, bit: bit) }

    /// A damaged state is thrown away, to be had again from what is sound.
    func dropState() { database = nil }

    /// Begins its next life with another member's state.
    func take(_ state: SavedState) throws(Refusal) {
        database = try state.database.copyInMemory()
    }

    /// The process ends; what it wrote stays in the kernel's memory.
    func kill(_ random: inout SplitMix64) {
        if let current, !current.writing.isEmpty { write(current, upTo: random.next(below: 3)) }
        end()
    }

    /// The machine loses power: what was not flushed may be lost, sector by sector.
    func losePower(_ random: inout SplitMix64, probes: inout ProbeCounts) {
        if let current, !current.writing.isEmpty {
            let extent = random.next(below: 3)
            if extent > 0 { probes.reach(.writeTorn) }
            write(current, upTo: extent)
        }
        disk = flaw == .returnsWiped ? MemoryDisk() : disk.afterCrash(&random)
        if flaw == .returnsWiped { saved = nil }
        fetched = [:]
        database = nil
        end()
    }

    /// How far the batch got that was being written: not at all, by half, whole but not flushed.
    private func write(_ life: MemberLife, upTo extent: UInt64) {
        guard extent > 0 else { return }
        if extent == 1 { disk.failWrite(after: 0) }
        disk.failFlushes(5)
        try? life.log.commit(life.writing.flatMap(\.records))
    }

    private func end() {
        current = nil
        isLeading = false
        disk.failFlushes(nil)
        held = nil
        diskDelay = 0
        life += 1
    }
}
