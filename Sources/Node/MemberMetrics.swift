// A member's figures: what each counts, in one place, by its name in Prometheus.
//
// Names are `althing_<room>_<thing>_<unit>[_total]` with base units; labels are few and never
// something that a user chose. The golden list in the tests holds every name.

import Platform
import Primitives
import Synchronization
import Telemetry

/// Counts, gauges and histograms of one member.
final class MemberMetrics: Sendable {
    let registry = MetricsRegistry()
    let disk: DiskWatch
    let raft: RaftMetrics
    let state: StateMetrics
    let peers: PeerMetrics
    let http: HTTPMetrics
    let queueDuration: Histogram
    let turnDuration: Histogram
    private let queueInputs: Gauge
    private let processResident: Gauge
    private let processDescriptors: Gauge

    /// Makes every figure. Refuses only what is a mistake in this file.
    ///
    /// - Parameter members: the other members' numbers.
    init(members: [UInt64]) throws(Refusal) {
        disk = try DiskWatch(registry)
        raft = try RaftMetrics(registry, members: members)
        state = try StateMetrics(registry)
        peers = try PeerMetrics(registry, members: members)
        http = try HTTPMetrics(registry)
        queueDuration = try registry.histogram(
            "althing_member_queue_duration_seconds",
            "From the first input's arrival to the turn that takes it")
        turnDuration = try registry.histogram(
            "althing_member_turn_duration_seconds", "One turn of the member's thread")
        queueInputs = try registry.gauge(
            "althing_member_queue_inputs", "Inputs that wait for the member's thread")
        processResident = try registry.gauge(
            "althing_process_resident_bytes", "Resident memory")
        processDescriptors = try registry.gauge(
            "althing_process_open_descriptors", "Open file descriptors")
        try registry.gauge(
            "althing_process_start_timestamp_seconds", "When the process started"
        ).set(Int64(SystemClock.now().milliseconds / 1000))
        try registry.gauge(
            "althing_build_info", "What runs here", labels: [("version", "0")]
        ).set(1)
    }

    /// Everything in the text exposition format, version 0.0.4.
    func text(_ status: MemberStatus) -> String {
        raft.show(status)
        state.show(status)
        queueInputs.set(Int64(clamping: status.queuedInputs))
        processResident.set(Int64(clamping: Machine.residentBytes))
        processDescriptors.set(Int64(Machine.openDescriptors))
        return registry.prometheusText()
    }
}

/// Consensus.
final class RaftMetrics: Sendable {
    let leaderChanges: Counter
    let commitDuration: Histogram
    let appendDuration: Histogram
    let reads: Counter
    let proposals: Counter
    let proposalsRefused: Counter
    let overloaded: Counter
    let messagesSent: Counter
    let messagesReceived: Counter
    let appendsFromTheFuture: Counter
    let handOvers: Counter
    let stalls: Counter
    private let term: Gauge
    private let hasLeader: Gauge
    private let isLeader: Gauge
    private let commitIndex: Gauge
    private let lastIndex: Gauge
    private let firstIndex: Gauge
    private let voters: Gauge
    private let stuck: Gauge
    private let freeBytes: Gauge
    private let byPeer: [UInt64: (match: Gauge, lag: Gauge, active: Gauge)]

    init(_ registry: MetricsRegistry, members: [UInt64]) throws(Refusal) {
        func gauge(_ name: String, _ help: String) throws(Refusal) -> Gauge {
            try registry.gauge("althing_" + name, help)
        }
        func counter(_ name: String, _ help: String) throws(Refusal) -> Counter {
            try registry.counter("althing_" + name, help)
        }
        term = try gauge("raft_term", "Consensus term")
        hasLeader = try gauge("raft_has_leader", "Whether a leader is known")
        isLeader = try gauge("raft_is_leader", "Whether this member leads")
        commitIndex = try gauge("raft_commit_index", "Committed log index")
        lastIndex = try gauge("raft_last_index", "The last entry of this member's log")
        voters = try gauge("raft_voters", "Members that vote")
        firstIndex = try gauge("log_first_index", "The first entry that is kept")
        stuck = try gauge("log_stalled", "Whether the log's disk is stuck in an operation")
        freeBytes = try gauge("log_free_bytes", "Free space where the data lies")
        leaderChanges = try counter("raft_leader_changes_total", "Leaders seen since the start")
        commitDuration = try registry.histogram(
            "althing_raft_commit_duration_seconds", "From an entry's append here to its commit")
        appendDuration = try registry.histogram(
            "althing_log_append_duration_seconds",
            "From handing a batch to the log until it is durable")
        reads = try counter("raft_reads_total", "Linearizable reads that were asked for")
        proposals = try counter("raft_proposals_total", "Commands and puts that were asked for")
        proposalsRefused = try counter(
            "raft_proposals_refused_total", "Commands and puts that were not taken")
        overloaded = try counter(
            "member_overloaded_total", "Requests refused because too many wait")
        messagesSent = try counter("raft_messages_sent_total", "Messages to other members")
        messagesReceived = try counter(
            "raft_messages_received_total", "Messages of other members that were taken")
        appendsFromTheFuture = try counter(
            "raft_appends_from_the_future_total",
            "Appends stamped too far ahead of this member's clock")
        handOvers = try counter("raft_hand_overs_total", "Times this member gave the lead away")
        stalls = try counter("log_stalls_total", "Times the log's disk was stuck for too long")
        var byPeer: [UInt64: (match: Gauge, lag: Gauge, active: Gauge)] = [:]
        for member in members {
            let labels = [("member", "\(member)")]
            byPeer[member] = (
                try registry.gauge(
                    "althing_raft_peer_match_index",
                    "How far a member's log is known to match, on the leader", labels: labels),
                try registry.gauge(
                    "althing_raft_peer_lag_entries",
                    "How many entries a member has yet to acknowledge, on the leader",
                    labels: labels),
                try registry.gauge(
                    "althing_raft_peer_active",
                    "Whether a member was heard from lately, on the leader", labels: labels)
            )
        }
        self.byPeer = byPeer
    }

    /// Counts what certainly did not happen: of what ran out of time nobody knows yet.
    func noteOutcome<Value>(_ outcome: Result<Value, Refusal>) {
        if case .failure(let refusal) = outcome, refusal.code != "cluster.timeout" {
            proposalsRefused.add()
        }
    }

    func show(_ status: MemberStatus) {
        term.set(Int64(clamping: status.term))
        hasLeader.set(status.leader == nil ? 0 : 1)
        isLeader.set(status.role == "leader" ? 1 : 0)
        commitIndex.set(Int64(clamping: status.committedIndex))
        lastIndex.set(Int64(clamping: status.lastIndex))
        firstIndex.set(Int64(clamping: status.firstIndex))
        voters.set(Int64(status.voters))
        stuck.set(status.isDiskStalled ? 1 : 0)
        freeBytes.set(Int64(clamping: status.freeBytes))
        for (member, gauges) in byPeer {
            let peer = status.peers.first { $0.member == member }
            gauges.match.set(Int64(clamping: peer?.match ?? 0))
            gauges.lag.set(peer.map { Int64(clamping: $0.lag) } ?? 0)
            gauges.active.set(peer?.isActive == true ? 1 : 0)
        }
    }
}

/// The replicated state.
final class StateMetrics: Sendable {
    let applyDuration: Histogram
    let entries: Counter
    let commands: Counter
    let refusedCommands: Counter
    let events: Counter
    let held: Gauge
    private let appliedIndex: Gauge
    private let time: Gauge
    private let bytes: Gauge

    init(_ registry: MetricsRegistry) throws(Refusal) {
        applyDuration = try registry.histogram(
            "althing_state_apply_duration_seconds", "A step of work that applied entries")
        entries = try registry.counter(
            "althing_state_applied_entries_total", "Entries applied since the start")
        commands = try registry.counter(
            "althing_state_applied_commands_total", "Commands applied since the start")
        refusedCommands = try registry.counter(
            "althing_state_refused_commands_total", "Applied commands that the state refused")
        events = try registry.counter(
            "althing_state_events_total", "Events that applied entries brought about")
        held = try registry.gauge(
            "althing_state_held", "Whether nothing can be applied because the disk is full")
        appliedIndex = try registry.gauge("althing_raft_applied_index", "Applied log index")
        time = try registry.gauge(
            "althing_state_timestamp_seconds", "The time of the last entry applied")
        bytes = try registry.gauge("althing_state_database_bytes", "The state's database file")
    }

    func show(_ status: MemberStatus) {
        appliedIndex.set(Int64(clamping: status.appliedIndex))
        time.set(Int64(clamping: status.now.milliseconds / 1000))
        bytes.set(Int64(clamping: status.databaseBytes))
    }
}

/// The lines to other members.
final class PeerMetrics: Sendable {
    let connects: Counter
    let disconnects: Counter
    let sentBytes: Counter
    let receivedBytes: Counter
    let sendsDropped: Counter
    /// Handshakes and greetings that were refused or never came, and frames of no form.
    let refusedConnections: Counter
    /// Messages that could not be read.
    let malformed: Counter
    /// Messages that speak for another member or to another one.
    let foreign: Counter
    /// Messages dropped because too many waited.
    let overflowed: Counter
    private let connected: [UInt64: Gauge]

    init(_ registry: MetricsRegistry, members: [UInt64]) throws(Refusal) {
        func counter(_ name: String, _ help: String) throws(Refusal) -> Counter {
            try registry.counter("althing_peer_" + name + "_total", help)
        }
        connects = try counter("connects", "Lines to other members that came up")
        disconnects = try counter("disconnects", "Lines to other members that broke or failed")
        sentBytes = try counter("sent_bytes", "Bytes of messages to other members")
        receivedBytes = try counter("received_bytes", "Bytes of messages of other members")
        sendsDropped = try counter(
            "sends_dropped", "Messages dropped before they were sent because too many waited")
        refusedConnections = try counter(
            "refused_connections",
            "Connections to the members' port ended for a wrong certificate, greeting or frame, or"
                + " for none in time")
        malformed = try counter("malformed_messages", "Messages that could not be read")
        foreign = try counter(
            "foreign_messages", "Messages in another member's name or for another member")
        overflowed = try counter(
            "overflowed_messages", "Messages dropped on arrival because too many waited")
        var connected: [UInt64: Gauge] = [:]
        for member in members {
            connected[member] = try registry.gauge(
                "althing_peer_connected", "Whether the line to a member stands",
                labels: [("member", "\(member)")])
        }
        self.connected = connected
    }

    func note(_ member: UInt64, isConnected: Bool) {
        let gauge = connected[member]
        if isConnected { connects.add() } else { disconnects.add() }
        gauge?.set(isConnected ? 1 : 0)
    }
}

/// Clients' requests.
final class HTTPMetrics: Sendable {
    let duration: Histogram
    let inFlight: Gauge
    private let byClass: [Counter]

    init(_ registry: MetricsRegistry) throws(Refusal) {
        duration = try registry.histogram(
            "althing_http_request_duration_seconds", "From a whole request to its answer")
        inFlight = try registry.gauge(
            "althing_http_in_flight_requests", "Requests that are being answered")
        var byClass: [Counter] = []
        for name in ["1xx", "2xx", "3xx", "4xx", "5xx"] {
            byClass.append(
                try registry.counter(
                    "althing_http_requests_total", "Requests of clients, by the answer's status",
                    labels: [("status", name)]))
        }
        self.byClass = byClass
    }

    /// Notes that a request begins; gives the time.
    func begin() -> UInt64 {
        inFlight.add(1)
        return SystemClock.monotonicNanoseconds()
    }

    /// Notes that a request which began then was answered.
    func end(since start: UInt64, status: Int) {
        inFlight.add(-1)
        duration.record(nanoseconds: SystemClock.monotonicNanoseconds() &- start)
        byClass[min(max(status / 100, 1), 5) - 1].add()
    }
}
