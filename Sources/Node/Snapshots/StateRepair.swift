// A state that is damaged is not repaired row by row: it is thrown away and had again, from the
// member's own snapshot where that is whole, by replaying the log where all of it is here, else
// from another member.

import ControlPlane
import LogStore
import Logging
import Platform
import Primitives

/// Gets a member's state back.
struct StateRepair: Sendable {
    let settings: MemberSettings
    let snapshots: SnapshotStore
    let fetcher: SnapshotFetcher
    let caller: PeerCaller
    let logger: Logger

    /// Whether a member that stopped with this may be helped by `repair`.
    static func mayHelp(_ refusal: Refusal) -> Bool {
        ["state.damaged", "state.behind-log"].contains(refusal.code)
    }

    /// Replaces the state. The member must not run.
    ///
    /// Throws `state.lost` when nobody that answers has it.
    func repair(because why: Refusal) async throws(Refusal) {
        logger.warning(
            "the state is had again", metadata: ["code": "\(why.code)", "why": "\(why.message)"])
        let first = try firstIndex()
        if let newest = snapshots.newest, newest.index + 1 >= first, try snapshots.restore() {
            logger.notice("state restored", metadata: ["from": "own snapshot of \(newest.index)"])
            return
        }
        if first <= StateMachine.genesisIndex + 1 {
            try SnapshotStore.remove(settings.dataFolder + "/state.sqlite")
            logger.notice("state restored", metadata: ["from": "the log, all of it"])
            return
        }
        for peer in caller.others {
            do throws(Refusal) {
                let found = try await fetcher.newest(covering: first - 1, from: peer)
                try snapshots.install(fetcher.path(found))
                logger.notice("state restored", metadata: ["from": "member \(peer)"])
                return
            } catch {
                logger.warning(
                    "no state from a member",
                    metadata: ["member": "\(peer)", "why": "\(error.message)"])
            }
        }
        throw Refusal(
            "state.lost",
            "the state is damaged (\(why.message)), its snapshot too, and no other member answers"
                + " with one: start another member, then this one again")
    }

    private func firstIndex() throws(Refusal) -> UInt64 {
        let log = try LogStore(folder: settings.dataFolder + "/log")
        defer { log.close() }
        return log.firstIndex
    }
}
