// Warnings that others can cause: one a second for each code, the rest counted.

import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogThrottleTests {
    private final class Seen: Sendable {
        let lines = Mutex<[String]>([])
        let now = Atomic<UInt64>(5)
    }

    @Test func `the second line of a second is counted, not written`() {
        let seen = Seen()
        let handler = JSONLinesLogHandler(
            label: "node",
            sink: LogSink { line in
                seen.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }, level: .info)
        let throttle = LogThrottle(Logger(label: "node") { _ in handler }) {
            seen.now.load(ordering: .relaxed)
        }
        for _ in 0..<1000 { throttle.warn("peer.malformed", "dropped") }
        throttle.warn("peer.foreign", "dropped too")
        seen.now.store(1_000_000_006, ordering: .relaxed)
        throttle.warn("peer.malformed", "dropped")
        let lines = seen.lines.withLock { $0 }
        #expect(lines.count == 3)
        #expect(lines.last?.contains(#""left_out":"999""#) == true)
    }

    @Test func `whoever invents codes gains no lines`() {
        let seen = Seen()
        let handler = JSONLinesLogHandler(
            label: "node",
            sink: LogSink { _ in seen.lines.withLock { $0.append("") } }, level: .info)
        let throttle = LogThrottle(Logger(label: "node") { _ in handler }) { 5 }
        for number in 0..<1000 { throttle.warn("code.\(number)", "dropped") }
        #expect(seen.lines.withLock { $0.count } == 65)
    }
}
