// Whole screens of a fixed state: what every noun shows of a young deployment, held against the
// texts in `Tests/Screens`. What differs from run to run (keys, digests, times, ports, folders) is
// masked by as many letters, so that tables stay tables.
//
// A screen that was changed on purpose is written anew by the same test with ALTHING_UPDATE=1; the
// difference is then read by a reviewer.

import Glibc
import Platform
import Primitives
import Testing

/// One text of `Tests/Screens`: commands and what they print.
struct Screens: Sendable, CustomTestStringConvertible {
    let name: String
    let commands: [[String]]

    var testDescription: String { name }

    static let all: [Screens] = [
        Screens(name: "cluster", commands: [["cluster", "status"]]),
        Screens(
            name: "policy",
            commands: [
                ["policy", "list"], ["policy", "show", "pricing", "--history"],
                ["policy", "show", "none"],
            ]),
        Screens(
            name: "proposal",
            commands: [
                ["proposal", "list"], ["proposal", "list", "--status", "executed"],
                ["proposal", "show", "1", "--no-text"], ["proposal", "explain", "1"],
                ["proposal", "plan", "Proposals/0001-train-kings.md"],
                ["proposal", "show", "9"],
            ]),
        Screens(
            name: "account",
            commands: [
                ["account", "show", RoadAddress.maintainer],
                ["account", "show", RoadAddress.owner, "--output", "json"],
                ["account", "history", RoadAddress.owner],
                ["account", "show", "0x0000000000000000000000000000000000000001"],
            ]),
        Screens(
            name: "provider",
            commands: [
                ["provider", "list"], ["provider", "show", "AGENT"],
                ["provider", "show", "AGENT", "--output", "json"],
                ["provider", "earnings", "AGENT"],
                ["provider", "show", RoadAddress.maintainer],
            ]),
        Screens(
            name: "job",
            commands: [["job", "list"], ["job", "show", "1"], ["job", "why", "1"]]),
        Screens(name: "model", commands: [["model", "list"], ["model", "card", "kings"]]),
        Screens(
            name: "revenue",
            commands: [
                ["revenue", "show"], ["revenue", "preview"], ["revenue", "statement", "1"],
            ]),
        Screens(
            name: "audit",
            commands: [
                ["audit", "prove", "--account", RoadAddress.maintainer, "--nonce", "9"]
            ]),
    ]

    /// Where the text lies.
    var path: String { "\(RoadProgram.root)/Tests/Screens/\(name).txt" }
}

@Suite(.enabled(if: CommandLineProgram.built != nil), .timeLimit(.minutes(5)))
struct ScreenTests {
    /// Days last an hour, so that nothing comes due while the test runs.
    @Test func `every noun shows what it always showed`() async throws {
        try await withRoadDeployment(day: "1h") { deployment in
            try await deployment.startMember()
            let agent = try await ScreenTests.populate(deployment)
            for screens in Screens.all {
                let mask = ScreenMask(deployment: deployment, agent: agent)
                var text = ""
                for words in screens.commands {
                    let outcome = try await deployment.run(
                        words.map { $0 == "AGENT" ? agent : $0 }, environment: [("COLUMNS", "120")])
                    text += "$ althing \(words.joined(separator: " "))\n"
                    text += mask.applied(to: outcome.output.text + outcome.error.text)
                    text += "[exit \(outcome.status ?? -1)]\n\n"
                }
                if Environment.value("ALTHING_UPDATE") == "1" {
                    try Files.writeAtomically(screens.path, Array(text.utf8))
                    continue
                }
                let expected = (try? Files.readText(screens.path)) ?? ""
                #expect(
                    text == expected,
                    "\(ScreenTests.firstDifference(expected, text)) (ALTHING_UPDATE=1 accepts it)")
            }
        }
    }

    /// A proposal, a transfer and a machine; gives the machine's agent.
    private static func populate(_ deployment: RoadDeployment) async throws -> String {
        func succeed(_ words: [String], as person: String) async throws {
            let outcome = try await deployment.run(words, as: person)
            #expect(outcome.status == 0, "\(outcome.error.text)")
        }
        try await succeed(
            ["proposal", "submit", "Proposals/0003-signal-publish-evaluations.md"],
            as: "maintainer")
        try await succeed(
            ["account", "transfer", RoadAddress.maintainer, "5 CREDIT", "--memo", "rent"],
            as: "owner")
        let home = "\(deployment.path)/machine"
        let made = try await deployment.run([
            "provider", "init", "--home", home, "--cluster", deployment.origin, "--output", "json",
        ])
        let agent = try #require(try JSON.parse(made.output.text)["agent"]?.text)
        try await succeed(
            [
                "provider", "register", "--home", home, "--name", "shed", "--stake", "100 CREDIT",
                "--cores", "1", "--memory", "1073741824", "--isolation", "bubblewrap",
            ], as: "owner")
        return agent
    }

    /// The first line in which two texts differ.
    private static func firstDifference(_ old: String, _ new: String) -> String {
        let (before, after) = (old.split(separator: "\n"), new.split(separator: "\n"))
        for (number, (left, right)) in zip(before, after).enumerated() where left != right {
            return "line \(number + 1): was `\(left)`, is `\(right)`"
        }
        return "\(before.count) lines were expected, \(after.count) came"
    }

    @Test func `masks keep the width of what they hide`() {
        let mask = ScreenMask(replacements: [("/tmp/x-1", "FOLDER")], agent: "0xABcd")
        let digest = String(repeating: "0a", count: 32)
        #expect(
            mask.applied(to: "at 2026-11-21 02:34:00 \(digest)")
                == "at 0000-00-00 00:00:00 " + String(repeating: "d", count: 64))
        #expect(mask.applied(to: "/tmp/x-1/a 0xabcd") == "FOLDER/a 0xaaaa")
        #expect(mask.applied(to: "2026-11-21T02:34:00.123Z") == "0000-00-00T00:00:00.000Z")
    }
}

/// Hides what differs from run to run.
struct ScreenMask {
    private let replacements: [(old: String, new: String)]

    init(deployment: RoadDeployment, agent: String) {
        self.init(
            replacements: [
                (deployment.path, "FOLDER"), (deployment.origin, "http://127.0.0.1:ppppp"),
            ], agent: agent)
    }

    init(replacements: [(old: String, new: String)], agent: String) {
        let hidden = "0x" + String(repeating: "a", count: agent.count - 2)
        let short = String(hidden.prefix(12))
        self.replacements =
            replacements + [
                (agent, hidden), (agent.lowercased(), hidden),
                (String(agent.lowercased().prefix(12)), short),
            ]
    }

    /// The text without what differs.
    func applied(to text: String) -> String {
        var text = text
        for (old, new) in replacements where !old.isEmpty { text.replace(old, with: new) }
        text.replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{3}Z)?/) { match in
            String(match.output.0.map { $0.isNumber ? "0" : $0 })
        }
        text.replace(/\b[0-9a-f]{64}\b/) { _ in String(repeating: "d", count: 64) }
        text.replace(/, in \d+[dhms]( \d+[dhms])?/) { _ in ", in a while" }
        // How far the log has come: terms, indices and the state that follows.
        text.replace(/\n(term|applied)( +)\d+/) { match in
            "\n\(match.output.1)\(match.output.2)0"
        }
        text.replace(/leader\t\d+\t\d+\t\d+\t[0-9a-f]{12}/) { _ in
            "leader\t0\t0\t0\tdddddddddddd"
        }
        return text
    }
}
