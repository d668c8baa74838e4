// Where handlers and logs of one interaction script write to.

/// Text, silenced below a log level that persists from one directive to the next.
final class EtcdRaftOutput {
    static let levels = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"]

    private(set) var text = ""
    var level = 0

    /// The highest level silences the handlers too; errors still show.
    var isQuiet: Bool { level == Self.levels.count - 1 }

    func reset() { text = "" }

    func write(_ more: String) {
        if !isQuiet { text += more }
    }

    func log(_ line: String) {
        let word = line.prefix { $0 != " " }
        guard let severity = Self.levels.firstIndex(of: String(word)), severity >= level
        else { return }
        write(line + "\n")
    }

    /// Indents what `body` writes by two spaces.
    func indented(_ body: () -> Void) {
        let before = text
        text = ""
        body()
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        text = before + lines.map { "  \($0)\n" }.joined()
    }
}
