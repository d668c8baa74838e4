// A member's figures in Prometheus text.

import Platform
import Synchronization

/// Counts and gauges of one member.
final class MemberMetrics: Sendable {
    private let requests = Atomic<UInt64>(0)

    /// Notes one request.
    func countRequest() { requests.add(1, ordering: .relaxed) }

    /// Everything in the text exposition format, version 0.0.4.
    func text(_ status: MemberStatus) -> String {
        var lines: [String] = []
        func figure(_ name: String, _ kind: String, _ help: String, _ value: UInt64) {
            lines.append("# HELP \(name) \(help)")
            lines.append("# TYPE \(name) \(kind)")
            lines.append("\(name) \(value)")
        }
        figure("althing_term", "gauge", "Consensus term", status.term)
        figure("althing_commit_index", "gauge", "Committed log index", status.committedIndex)
        figure("althing_applied_index", "gauge", "Applied log index", status.appliedIndex)
        figure(
            "althing_is_leader", "gauge", "Whether this member leads",
            status.role == "leader" ? 1 : 0)
        figure(
            "althing_leader_changes_total", "counter", "Leaders seen since the start",
            status.leaderChanges)
        figure(
            "althing_http_requests_total", "counter", "Requests of clients",
            requests.load(ordering: .relaxed))
        figure(
            "althing_resident_bytes", "gauge", "Resident memory", Machine.residentBytes)
        return lines.joined(separator: "\n") + "\n"
    }
}
