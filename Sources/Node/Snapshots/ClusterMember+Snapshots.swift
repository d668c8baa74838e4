// A member's snapshots: made when due, taken in when the leader sends one, and the log's beginning
// let go of behind them.

import ControlPlane
import Logging
import Platform
import Primitives
import Raft

/// What a member is given that outlives one life of it.
struct MemberEquipment: Sendable {
    let snapshots: SnapshotStore
    let fetcher: SnapshotFetcher
    let history: History
    let caller: PeerCaller
    let book: SeatBook
}

extension ClusterMember {
    /// Makes a snapshot when enough was applied since the last one, on a thread of its own.
    func makeSnapshotIfDue() {
        guard !isMakingSnapshot else { return }
        if snapshotPause > 0 {
            snapshotPause -= 1
            return
        }
        let applied = engine.machine.appliedIndex
        let newest = snapshots.newest?.index ?? StateMachine.genesisIndex
        let isDue =
            applied >= newest + settings.snapshotEntries
            || (log.bytesWritten >= settings.snapshotLogBytes && applied > newest)
            || (log.newestSnapshot == nil && log.firstIndex > StateMachine.genesisIndex + 1
                && applied > newest)
            // Came by a snapshot of another member's: whoever lags behind this one needs its own.
            || newest + 1 < log.firstIndex
            // A newcomer takes no snapshot from before its time, and its entries may be gone.
            || (snapshots.newest.map { $0.configuration != engine.machine.configuration } ?? false)
        guard isDue, engine.machine.damage == nil else { return }
        // The copy is of the file.
        engine.writeState()
        isMakingSnapshot = true
        snapshotPause = 50
        log.bytesWritten = 0
        let compactor = log.compactor(history)
        let (snapshots, settings, inbox) = (snapshots, settings, inbox)
        let canCompact = historyGap == nil
        do throws(Refusal) {
            try SystemThread.start("snapshot") {
                let outcome = Result { () throws(Refusal) in
                    let made = try snapshots.make()
                    if canCompact, made.index > settings.trailingEntries {
                        try compactor.compact(
                            through: made.index - settings.trailingEntries, snapshot: made)
                    }
                    return try made.snapshot(seats: settings.genesis.seats.map(\.id))
                }
                inbox.put(.snapshotMade(outcome))
            }
        } catch {
            inbox.put(.snapshotMade(.failure(error)))
        }
    }

    /// Takes what came of making a snapshot.
    func take(_ outcome: Result<Snapshot, Refusal>) {
        isMakingSnapshot = false
        switch outcome {
        case .success(let snapshot):
            // One from before a change of membership is of no use to who came by the change.
            if snapshot.configuration == engine.configuration.state {
                log.newestSnapshot = snapshot
            }
            logger.info("snapshot made", metadata: ["index": "\(snapshot.index)"])
        case .failure(let refusal) where refusal.code == "state.damaged":
            inbox.put(.stateDamaged(refusal))
        case .failure(let refusal):
            logger.warning(
                "no snapshot was made",
                metadata: ["code": "\(refusal.code)", "why": "\(refusal.message)"])
        }
    }

    /// The leader offers a snapshot: it is fetched, and the message counts once it is here.
    nonisolated func offered(_ message: Message) {
        guard let data = message.snapshot?.data,
            let descriptor = try? SnapshotDescriptor(decoding: data)
        else { return }
        fetcher.begin(descriptor, from: MemberLife.seat(of: message.from)) { [inbox] in
            inbox.put(.message(message))
        }
    }

    /// Puts a snapshot that was fetched in the state's place.
    func install(_ snapshot: Snapshot) throws(Refusal) {
        let descriptor = try SnapshotDescriptor(decoding: snapshot.data)
        let machine = engine.machine
        try machine.release()
        try snapshots.install(fetcher.path(descriptor))
        try machine.adopt(try StateDatabase(path: settings.dataFolder + "/state.sqlite"))
        try FeatureLevel.checkKnown(machine.featureLevel, supported: settings.featureLevel)
        followSeats()
        logger.notice("state taken from a snapshot", metadata: ["index": "\(descriptor.index)"])
    }

    /// Looks, a while after a snapshot was offered, whether it arrived; if not it is offered again.
    func watchSnapshot(to member: UInt64) {
        let inbox = inbox
        Task { [weak self] in
            try? await Task.sleep(for: .seconds(3))
            guard let self, await self.isSendingSnapshot(to: member) else { return }
            inbox.put(.snapshotStatus(member, isDelivered: false))
        }
    }

    private func isSendingSnapshot(to member: UInt64) -> Bool {
        engine.core.status.progress[member]?.state == .snapshot
    }

    // MARK: Entries for audits

    /// The entries that neither the history nor the log holds here, if any.
    var historyGap: ClosedRange<UInt64>? {
        let next = history.lastIndex + 1
        return next < log.firstIndex ? next...log.firstIndex - 1 : nil
    }

    /// The chain's value after an entry, as this member's state has it.
    func chain(at index: UInt64) -> Digest? {
        Views(state: engine.machine.state, genesis: settings.genesis).chain(at: index)
    }

    /// Entries from `first` on, with the chain's value after each, as far as they are here.
    func heldEntries(from first: UInt64, limit: Int) throws(Refusal) -> [AuditEntry] {
        let last = min(engine.machine.appliedIndex, first &+ UInt64(limit) &- 1)
        guard first > StateMachine.genesisIndex, first <= last else { return [] }
        guard first >= log.firstIndex else { return try history.entries(from: first, limit: limit) }
        let entries = try log.entries(from: first, to: last + 1, maximumBytes: 8 << 20)
        let views = Views(state: engine.machine.state, genesis: settings.genesis)
        return entries.map { entry in
            AuditEntry(
                index: entry.index, term: entry.term, kind: entry.kind.rawValue,
                payload: entry.data, chain: views.chain(at: entry.index) ?? .zero)
        }
    }

    /// Log entries from `first` on, with the chain's value after each: from here, or from another
    /// member where this one lacks them or they have rotted.
    func entries(from first: UInt64, limit: Int) async throws(Refusal) -> [AuditEntry] {
        let applied = engine.machine.appliedIndex
        guard first > StateMachine.genesisIndex, first <= applied, limit > 0 else { return [] }
        do throws(Refusal) {
            let held = try heldEntries(from: first, limit: limit)
            if !held.isEmpty { return held }
        } catch {
            guard error.code == "history.damaged" || error.code == "storage.compacted" else {
                throw error
            }
        }
        let last = min(applied, first &+ UInt64(limit) &- 1)
        return try await HistoryFiller.fetch(first...last, self, caller)
    }
}
