// What a member logs, for a test to look at.

import Logging
import Synchronization

/// Lines of a member's log.
final class HeardLines: Sendable {
    /// One line.
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        /// The stable code, where the line has one.
        var code: String
        /// The sentence that says why.
        var why: String
    }

    private let lines = Mutex<[Line]>([])

    /// Everything so far.
    var all: [Line] { lines.withLock { $0 } }

    /// Lines with a code.
    func with(code: String) -> [Line] { all.filter { $0.code == code } }

    /// Writes here.
    var logger: Logger { Logger(label: "heard") { _ in Handler(heard: self) } }

    private struct Handler: LogHandler {
        let heard: HeardLines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let own = event.metadata ?? [:]
            let line = Line(
                level: event.level, message: "\(event.message)",
                code: own["code"].map { "\($0)" } ?? "", why: own["why"].map { "\($0)" } ?? "")
            heard.lines.withLock { $0.append(line) }
        }
    }
}
