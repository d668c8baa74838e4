// A member that came by a snapshot has none of the entries before it. It gets them from the others,
// in the background, so that any member can be asked for all of the log.

import ControlPlane
import Logging
import Primitives

/// Fills the gap between a member's history and its log.
struct HistoryFiller: Sendable {
    let member: ClusterMember
    let caller: PeerCaller
    let logger: Logger

    /// Works until cancelled.
    func run() async {
        while !Task.isCancelled {
            var pause = Duration.seconds(2)
            if await member.historyGap != nil {
                do throws(Refusal) {
                    try await fillOnce()
                    pause = .milliseconds(5)
                } catch {
                    logger.debug("history not filled", metadata: ["code": "\(error.code)"])
                }
            }
            try? await Task.sleep(for: pause)
        }
    }

    private func fillOnce() async throws(Refusal) {
        guard let gap = await member.historyGap else { return }
        let entries = try await HistoryFiller.fetch(gap, member, caller)
        let history = member.history
        try await Blocking.run("history") { () throws(Refusal) in try history.append(entries) }
    }

    /// Entries of `range` from whichever member has them, checked against this member's own chain.
    static func fetch(_ range: ClosedRange<UInt64>, _ member: ClusterMember, _ caller: PeerCaller)
        async throws(Refusal) -> [AuditEntry]
    {
        for peer in caller.others {
            guard
                let bytes = try? await caller.get(peer, "/peer/entries?from=\(range.lowerBound)"),
                let entries = try? HistoryFiller.decode(bytes)
            else { continue }
            var wanted: [AuditEntry] = []
            for entry in entries where range.contains(entry.index) {
                guard entry.index == range.lowerBound + UInt64(wanted.count),
                    await member.chain(at: entry.index) == entry.chain
                else { break }
                wanted.append(entry)
            }
            if !wanted.isEmpty { return wanted }
        }
        throw Refusal(
            "history.elsewhere", "no member that answers has the entry \(range.lowerBound)")
    }

    private static func decode(_ bytes: [UInt8]) throws(Refusal) -> [AuditEntry] {
        var decoder = BinaryDecoder(bytes)
        return try decoder.array(limit: 4096) { decoder throws(Refusal) in try decoder.value() }
    }
}
