// Log lines and metrics, by their exact text.

import Logging
import Platform
import Primitives
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogLineTests {
    private func lines(_ body: (Logger) -> Void) -> [String] {
        let seen = Box()
        let sink = LogSink { line in seen.add(line) }
        var handler = JSONLinesLogHandler(label: "node", sink: sink, level: .info) {
            Timestamp(milliseconds: 1_500)
        }
        handler[metadataKey: "seat"] = "2"
        let made = handler
        body(Logger(label: "node", factory: { _ in made }))
        return seen.text.split(separator: "\n").map(String.init)
    }

    private final class Box: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        func add(_ line: [UInt8]) { bytes.withLock { $0 += line } }
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }

    @Test func `one line is one JSON object, whatever the words hold`() throws {
        let written = lines { logger in
            logger.info("a \"quoted\"\nline", metadata: ["index": "7", "level": "shadowed"])
            logger.debug("below the level")
        }
        #expect(
            written == [
                #"{"time":"1970-01-01T00:00:01.500Z","level":"info","label":"node","#
                    + #""message":"a \"quoted\"\nline","index":"7","level_":"shadowed","seat":"2"}"#
            ])
        #expect(try JSON.parse(written[0])["index"]?.text == "7")
    }

    @Test func `what sounds like a secret is not written, however deep`() {
        let written = lines { logger in
            logger.error(
                "x",
                metadata: [
                    "keystore_password": "CANARY", "PrivateKey": ["CANARY"],
                    "request": ["api-token": "CANARY", "path": "/x"], "token_count": "12",
                ])
        }
        #expect(!written[0].contains("CANARY"))
        #expect(written[0].contains(#""token_count":"12""#))
        #expect(written[0].contains(#""path":"/x""#))
    }

    @Test func `lines are appended to a file`() throws {
        let folder = try TemporaryFolder()
        let logger = Telemetry.logger("test", sink: try .file("\(folder.path)/log"))
        logger.notice("one")
        logger.notice("two")
        let text = try Files.readText("\(folder.path)/log")
        #expect(text.split(separator: "\n").count == 2)
        #expect(Telemetry.level(named: "DEBUG") == .debug)
        #expect(Telemetry.level(named: "loud") == nil)
    }
}

@Suite struct MetricsTests {
    @Test func `the text is as Prometheus reads it`() throws {
        let registry = MetricsRegistry()
        try registry.counter("althing_raft_entries_total", "Entries appended.").add(3)
        try registry.gauge("althing_raft_term", "The term.").set(-4)
        let labelled = try registry.counter(
            "althing_http_requests_total", "Requests.\nAll.", labels: [("route", "a\"b\\c")])
        labelled.add()
        #expect(
            registry.prometheusText() == """
                # HELP althing_http_requests_total Requests.\\nAll.
                # TYPE althing_http_requests_total counter
                althing_http_requests_total{route="a\\"b\\\\c"} 1
                # HELP althing_raft_entries_total Entries appended.
                # TYPE althing_raft_entries_total counter
                althing_raft_entries_total 3
                # HELP althing_raft_term The term.
                # TYPE althing_raft_term gauge
                althing_raft_term -4

                """)
    }

    @Test func `a histogram counts up to each bound`() throws {
        let registry = MetricsRegistry()
        let histogram = try registry.histogram(
            "althing_log_flush_seconds", "Flushes.", labels: [("seat", "1")])
        for nanoseconds in [1, 50_000, 50_001, 1_500_000_000, 100_000_000_000] as [UInt64] {
            histogram.record(nanoseconds: nanoseconds)
        }
        let lines = registry.prometheusText().split(separator: "\n")
        #expect(lines.contains(#"althing_log_flush_seconds_bucket{seat="1",le="0.00005"} 2"#))
        #expect(lines.contains(#"althing_log_flush_seconds_bucket{seat="1",le="0.0001"} 3"#))
        #expect(lines.contains(#"althing_log_flush_seconds_bucket{seat="1",le="1.6384"} 4"#))
        #expect(lines.contains(#"althing_log_flush_seconds_bucket{seat="1",le="+Inf"} 5"#))
        #expect(lines.contains(#"althing_log_flush_seconds_sum{seat="1"} 101.500100002"#))
        #expect(lines.contains(#"althing_log_flush_seconds_count{seat="1"} 5"#))
    }

    @Test func `the same name gives the same metric, and names keep the rules`() throws {
        let registry = MetricsRegistry()
        let first = try registry.counter("althing_a_total", "A.")
        #expect(try registry.counter("althing_a_total", "A.") === first)
        for name in ["althing_a", "other_total", "althing_A_total", "althing_a b_total"] {
            #expect(throws: Refusal("metric.bad-name", "")) { try registry.counter(name, "") }
        }
        #expect(throws: Refusal("metric.bad-name", "")) {
            try registry.gauge("althing_b_total", "")
        }
        #expect(throws: Refusal("metric.bad-name", "")) {
            try registry.histogram("althing_b_milliseconds", "")
        }
    }

    @Test func `labels cannot fill the memory`() throws {
        let registry = MetricsRegistry()
        #expect(throws: Refusal("metric.too-many", "")) {
            for number in 0...MetricsRegistry.seriesLimit {
                _ = try registry.gauge("althing_x", "X.", labels: [("n", "\(number)")])
            }
        }
    }

    @Test func `threads may count at once`() async throws {
        let counter = try MetricsRegistry().counter("althing_c_total", "C.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.add() } } }
        }
        #expect(counter.value == 8000)
    }
}
