// One call that sets logging up for the whole process.

public import Logging
import Primitives

/// Logs and metrics of this process.
public enum Telemetry {
    /// The metrics of this process; simulations with many members give each its own registry.
    public static let metrics = MetricsRegistry()

    /// A logger that writes JSON lines; metadata as in `seat`, `cluster` go with every line.
    public static func logger(
        _ label: String, level: Logger.Level = .info, sink: LogSink = .standardError,
        metadata: Logger.Metadata = [:]
    ) -> Logger {
        var handler = JSONLinesLogHandler(label: label, sink: sink, level: level)
        handler.metadata = metadata
        let made = handler
        return Logger(label: label, factory: { _ in made })
    }

    /// The level of a name such as `debug`; nil for a name that is none.
    public static func level(named name: String) -> Logger.Level? {
        Logger.Level(rawValue: name.lowercased())
    }
}
