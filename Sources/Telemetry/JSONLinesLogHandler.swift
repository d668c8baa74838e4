// Logs as JSON, one object a line, for swift-log.
//
// {"time":"...","level":"info","label":"node","message":"...","seat":"2"} with metadata as text
// under its own keys. Metadata whose key sounds like a secret is never written: a second line of
// defence behind types that cannot be printed.

public import Logging
import Platform
public import Primitives
import Synchronization

/// Where log lines go.
public final class LogSink: Sendable {
    private let write: @Sendable ([UInt8]) -> Void
    private let lock = Mutex(())

    /// Hands each line, its end included, to `write`, one at a time.
    public init(_ write: @escaping @Sendable ([UInt8]) -> Void) { self.write = write }

    /// Standard error. A reader that is gone, or a full disk, loses lines and stops nobody.
    public static let standardError = LogSink { line in
        try? standardErrorFile.write(line)
    }

    /// A file, made readable for this user's group and appended to.
    public static func file(_ path: String) throws(Refusal) -> LogSink {
        let file = try LogFileTarget.open(path)
        return LogSink { line in try? file.write(line) }
    }

    // A duplicate of descriptor 2, so that closing ours does not close the process's.
    private static let standardErrorFile = LogFileTarget.standardError()

    func line(_ bytes: [UInt8]) { lock.withLock { _ in write(bytes) } }
}

/// A handler that writes JSON lines.
public struct JSONLinesLogHandler: LogHandler {
    /// Lines below this are not written.
    public var logLevel = Logger.Level.info
    /// Written with every line.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata from where the line is written.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let sink: LogSink
    private let now: @Sendable () -> Timestamp

    /// What stands in place of a secret.
    static let redacted = "<redacted>"
    /// The longest text that is written; more is cut.
    static let textLimit = 8192

    /// A handler for a part of the program.
    public init(label: String, sink: LogSink = .standardError, level: Logger.Level = .info) {
        self.init(label: label, sink: sink, level: level) { SystemClock.now() }
    }

    init(
        label: String, sink: LogSink, level: Logger.Level, now: @escaping @Sendable () -> Timestamp
    ) {
        self.label = label
        self.sink = sink
        self.now = now
        logLevel = level
    }

    /// Metadata that is written with every line.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    public func log(event: LogEvent) {
        var members = [
            JSON.Member("time", .string(now().description)),
            JSON.Member("level", .string(event.level.rawValue)),
            JSON.Member("label", .string(label)),
            JSON.Member("message", .string(JSONLinesLogHandler.clipped("\(event.message)"))),
        ]
        if let error = event.error {
            members.append(
                JSON.Member("error", .string(JSONLinesLogHandler.clipped("\(error)"))))
        }
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { _, new in new }
        all.merge(event.metadata ?? [:]) { _, new in new }
        let taken = Set(members.map(\.key))
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            let name = taken.contains(key) ? "\(key)_" : key
            members.append(JSON.Member(name, JSONLinesLogHandler.json(key, value)))
        }
        let text = JSON.object(members).compact
        sink.line(Array(text.utf8) + [10])
    }

    private static func json(_ key: String, _ value: Logger.Metadata.Value) -> JSON {
        if isSecret(key) { return .string(redacted) }
        switch value {
        case .string(let text): return .string(clipped(text))
        case .stringConvertible(let value): return .string(clipped(value.description))
        case .array(let values): return .array(values.map { json(key, $0) })
        case .dictionary(let values):
            let sorted = values.sorted { $0.key < $1.key }
            return .object(sorted.map { JSON.Member($0.key, json($0.key, $0.value)) })
        }
    }

    /// Whether a key sounds like a secret.
    static func isSecret(_ key: String) -> Bool {
        let plain = key.lowercased().filter { $0 != "_" && $0 != "-" }
        return ["password", "passphrase", "secret", "mnemonic", "privatekey", "token", "prompt"]
            .contains { plain.contains($0) } && !plain.hasSuffix("count")
    }

    private static func clipped(_ text: String) -> String {
        text.utf8.count <= textLimit ? text : String(text.prefix(textLimit)) + "…"
    }
}
