// What people and programs see, by its exact text.

import Primitives
import Synchronization
import Testing

@testable import Terminal

/// A screen that remembers.
final class Recorder: Sendable {
    private let written = Mutex("")
    var text: String { written.withLock { $0 } }

    func screen(isTerminal: Bool, hasColour: Bool = false, columns: Int = 80) -> Screen {
        Screen(isTerminal: isTerminal, hasColour: hasColour, columns: columns) { [self] text in
            written.withLock { $0 += text }
        }
    }
}

@Suite struct TerminalTests {
    private var table: TextTable {
        var table = TextTable([.text("NAME"), .number("POWER"), .text("NOTE")])
        table.add(["alice", "12", "first"])
        table.add(["bo", "1000", "a long note about many things"])
        return table
    }

    @Test func `a table is aligned for people`() {
        let recorder = Recorder()
        table.show(on: recorder.screen(isTerminal: true))
        #expect(
            recorder.text == """
                NAME   POWER  NOTE
                alice     12  first
                bo      1000  a long note about many things

                """)
    }

    @Test func `a narrow screen cuts the widest text, never a number`() {
        let recorder = Recorder()
        table.show(on: recorder.screen(isTerminal: true, columns: 28))
        #expect(
            recorder.text == """
                NAME   POWER  NOTE
                alice     12  first
                bo      1000  a long note a…

                """)
    }

    @Test func `programs get fields between tabs`() {
        let recorder = Recorder()
        table.show(on: recorder.screen(isTerminal: false))
        #expect(recorder.text.hasPrefix("NAME\tPOWER\tNOTE\nalice\t12\tfirst\n"))
    }

    @Test func `words from elsewhere cannot act on the terminal`() {
        var table = TextTable([.text("A")])
        table.add(["red \u{1B}[31m\r\nforged\u{202E}"])
        let recorder = Recorder()
        table.show(on: recorder.screen(isTerminal: true, hasColour: true))
        #expect(recorder.text.hasSuffix("red \\u{1b}[31m\\u{d}\\u{a}forged\\u{202e}\n"))
    }

    @Test func `wide letters take two columns, combining marks none`() {
        #expect(Screen.width(of: "abc") == 3)
        #expect(Screen.width(of: "日本") == 4)
        #expect(Screen.width(of: "e\u{301}") == 1)
    }

    @Test func `a refusal is printed with its code and place`() {
        let recorder = Recorder()
        let output = Output(
            .table, screen: recorder.screen(isTerminal: false),
            errorScreen: recorder.screen(isTerminal: false))
        output.refuse(Refusal("vote.closed", "the vote has ended", at: "Proposals/1.md:3"))
        output.warn("slow")
        #expect(
            recorder.text == """
                error[vote.closed]: Proposals/1.md:3: the vote has ended
                warning: slow

                """)
    }

    @Test func `JSON output holds no words for people`() {
        let recorder = Recorder()
        let output = Output(
            .json, screen: recorder.screen(isTerminal: false),
            errorScreen: recorder.screen(isTerminal: false))
        output.say("hello")
        output.show(table, json: .object([.init("count", .int(2))]))
        #expect((try? JSON.parse(recorder.text))?["count"]?.integer == 2)
    }

    @Test func `progress is a bar on a terminal and a few lines elsewhere`() {
        let plain = Recorder()
        let line = ProgressLine("Training", on: plain.screen(isTerminal: false))
        for step in 0...100 as ClosedRange<UInt64> { line.update(step, of: 100) }
        line.finish()
        line.finish()
        let lines = plain.text.split(separator: "\n")
        #expect(lines.count == 12)
        #expect(lines.first == "Training: 0%")
        #expect(lines.last == "Training: done")

        let live = Recorder()
        let bar = ProgressLine("Training", on: live.screen(isTerminal: true, columns: 40))
        bar.update(1, of: 2, "step 1")
        #expect(live.text == "\r\u{1B}[KTraining [######-------]  50%  step 1")
        bar.update(.max, of: .max)
        #expect(live.text.contains("100%"))
    }

    @Test func `what a part came to stays, and the bar goes on below it`() {
        let live = Recorder()
        let bar = ProgressLine("Work", on: live.screen(isTerminal: true, columns: 40))
        bar.update(1, of: 2, "a")
        bar.note("a took\u{1B}[2J long")
        bar.update(1, of: 2, "b")
        bar.finish()
        bar.note("too late")
        let drawn = "\r\u{1B}[KWork [######-------]  50%"
        #expect(
            live.text == "\(drawn)  a\r\u{1B}[Ka took\\u{1b}[2J long\n\(drawn)  b"
                + "\r\u{1B}[KWork: done\n")
        let plain = Recorder()
        let line = ProgressLine("Work", on: plain.screen(isTerminal: false))
        line.update(0, of: 2, "a")
        line.note("a took long")
        line.update(1, of: 2, "b")
        #expect(plain.text == "Work: 0%  a\na took long\nWork: 50%  b\n")
    }

    @Test func `colours only where they can be shown`() {
        let recorder = Recorder()
        #expect(recorder.screen(isTerminal: true).styled("x", .red) == "x")
        #expect(
            recorder.screen(isTerminal: true, hasColour: true).styled("x", .red)
                == "\u{1B}[31mx\u{1B}[0m")
    }
}
