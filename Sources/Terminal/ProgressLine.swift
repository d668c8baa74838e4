// How far long work is: a bar that moves on a terminal, a line now and then elsewhere.

import Synchronization

/// The progress of one piece of work.
public final class ProgressLine: Sendable {
    private struct Shown: Sendable {
        var percent = -1
        var isFinished = false
    }

    private let screen: Screen
    private let title: String
    private let shown = Mutex(Shown())

    /// How many percent pass between two lines where there is no terminal.
    private static let plainStep = 10

    /// Work with a name, shown on a screen (standard error, so that results can be piped).
    public init(_ title: String, on screen: Screen) {
        self.title = title
        self.screen = screen
    }

    /// Shows that `done` of `total` is done; writes only when there is something new to see.
    public func update(_ done: UInt64, of total: UInt64, _ detail: String = "") {
        let percent = total == 0 ? 100 : ProgressLine.percent(done, total)
        let step = screen.isTerminal ? 1 : ProgressLine.plainStep
        let isNew = shown.withLock { shown in
            guard !shown.isFinished else { return false }
            let rounded = percent / step * step
            guard rounded > shown.percent || percent == 100 && shown.percent < 100 else {
                return false
            }
            shown.percent = rounded
            return true
        }
        guard isNew else { return }
        let suffix = detail.isEmpty ? "" : "  \(Screen.sanitized(detail))"
        if screen.isTerminal {
            screen.write("\r\u{1B}[K\(clipped("\(bar(percent)) \(pad(percent))%\(suffix)"))")
        } else {
            screen.line("\(title): \(percent)%\(suffix)")
        }
    }

    /// Says what a part of the work came to, on a line that stays; the bar is drawn anew below it.
    public func note(_ words: String) {
        let isOver = shown.withLock { shown in
            shown.percent = -1
            return shown.isFinished
        }
        guard !isOver else { return }
        screen.write(screen.isTerminal ? "\r\u{1B}[K" : "")
        screen.line(Screen.sanitized(words))
    }

    /// Ends the line with how it went.
    public func finish(_ words: String = "done") {
        let isFirst = shown.withLock { shown in
            defer { shown.isFinished = true }
            return !shown.isFinished
        }
        guard isFirst else { return }
        screen.write(screen.isTerminal ? "\r\u{1B}[K" : "")
        screen.line("\(title): \(words)")
    }

    private static func percent(_ done: UInt64, _ total: UInt64) -> Int {
        Int(UInt128(min(done, total)) * 100 / UInt128(total))
    }

    private func bar(_ percent: Int) -> String {
        let width = min(30, max(10, screen.columns / 3))
        let full = width * percent / 100
        return "\(title) [\(String(repeating: "#", count: full))"
            + "\(String(repeating: "-", count: width - full))]"
    }

    private func pad(_ percent: Int) -> String {
        String(repeating: " ", count: percent < 10 ? 2 : percent < 100 ? 1 : 0) + "\(percent)"
    }

    private func clipped(_ text: String) -> String { String(text.prefix(screen.columns - 1)) }
}
