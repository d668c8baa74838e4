// The figures by name: adding one is a line here, losing one is seen.

import ControlPlane
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
    static let names = """
        althing_build_info gauge
        althing_http_in_flight_requests gauge
        althing_http_request_duration_seconds histogram
        althing_http_requests_total counter
        althing_log_append_duration_seconds histogram
        althing_log_disk_failures_total counter
        althing_log_first_index gauge
        althing_log_flush_duration_seconds histogram
        althing_log_free_bytes gauge
        althing_log_stalled gauge
        althing_log_stalls_total counter
        althing_log_write_duration_seconds histogram
        althing_log_written_bytes_total counter
        althing_member_overloaded_total counter
        althing_member_queue_duration_seconds histogram
        althing_member_queue_inputs gauge
        althing_member_turn_duration_seconds histogram
        althing_peer_connected gauge
        althing_peer_connects_total counter
        althing_peer_disconnects_total counter
        althing_peer_foreign_messages_total counter
        althing_peer_malformed_messages_total counter
        althing_peer_overflowed_messages_total counter
        althing_peer_received_bytes_total counter
        althing_peer_refused_connections_total counter
        althing_peer_sends_dropped_total counter
        althing_peer_sent_bytes_total counter
        althing_process_open_descriptors gauge
        althing_process_resident_bytes gauge
        althing_process_start_timestamp_seconds gauge
        althing_raft_appends_from_the_future_total counter
        althing_raft_applied_index gauge
        althing_raft_commit_duration_seconds histogram
        althing_raft_commit_index gauge
        althing_raft_hand_overs_total counter
        althing_raft_has_leader gauge
        althing_raft_is_leader gauge
        althing_raft_last_index gauge
        althing_raft_leader_changes_total counter
        althing_raft_messages_received_total counter
        althing_raft_messages_sent_total counter
        althing_raft_peer_active gauge
        althing_raft_peer_lag_entries gauge
        althing_raft_peer_match_index gauge
        althing_raft_proposals_refused_total counter
        althing_raft_proposals_total counter
        althing_raft_reads_total counter
        althing_raft_term gauge
        althing_raft_voters gauge
        althing_state_applied_commands_total counter
        althing_state_applied_entries_total counter
        althing_state_apply_duration_seconds histogram
        althing_state_database_bytes gauge
        althing_state_events_total counter
        althing_state_held gauge
        althing_state_refused_commands_total counter
        althing_state_timestamp_seconds gauge
        """

    /// What a member's `/metrics` says, by series.
    private func figures(_ member: UInt64, _ deployment: Deployment) async throws
        -> [Substring: Double]
    {
        let text = try await deployment.ask(member, "GET", "/metrics").text
        var figures: [Substring: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            figures[words[0]] = Double(words[1])
        }
        return figures
    }

    @Test func `every figure has its name and kind`() async throws {
        try await withDeployment(members: 3) { deployment in
            let text = try await deployment.ask("GET", "/metrics").text
            let typed = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
                .map { $0.dropFirst(7) }.joined(separator: "\n")
            #expect(typed == MetricsTests.names)
        }
    }

    @Test func `a leader shows how far its followers are, and what its disk does`() async throws {
        try await withDeployment(members: 3) { deployment in
            let leader = try await deployment.leader(among: [1, 2, 3])
            let follower = try #require([1, 2, 3].first { $0 != leader })
            _ = try await eventually("a follower to match") { () async throws(Refusal) -> Bool? in
                let text = try await deployment.ask(leader, "GET", "/metrics").text
                let peer = "{member=\"\(follower)\"}"
                let isMatching = text.contains("althing_raft_peer_lag_entries\(peer) 0\n")
                let isActive = text.contains("althing_raft_peer_active\(peer) 1\n")
                return isMatching && isActive ? true : nil
            }
            let figures = try await figures(leader, deployment)
            #expect(figures["althing_raft_voters"] == 3)
            #expect(figures["althing_peer_connected{member=\"\(follower)\"}"] == 1)
            #expect(figures["althing_log_flush_duration_seconds_count"] ?? 0 > 0)
            #expect(figures["althing_raft_commit_duration_seconds_count"] ?? 0 > 0)
            #expect(figures["althing_log_free_bytes"] ?? 0 > 0)
        }
    }
}
