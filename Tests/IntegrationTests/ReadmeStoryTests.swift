// The README's story, typed: every `sh` block from "By hand" on, in order, in one shell, with days
// of one second instead of twenty. Where a person would wait, the shell asks again.

import Glibc
import Platform
import Primitives
import Testing

@Suite struct ReadmeStoryTests {
    /// Refusals that mean "not yet".
    private static let notYet = [
        "vote.not-open", "job.unknown", "model.unknown", "cluster.unreachable", "cluster.no-leader",
        "raft.no-leader", "model.no-provider", "node.no-leader", "ask.unavailable",
    ]

    private static func script(_ document: ReadmeDocument, program: String, port: Int) throws
        -> String
    {
        let start = try #require(document.text.firstRange(of: "## By hand"))
        let story = ReadmeDocument(text: String(document.text[start.lowerBound...]))
        var lines = [
            """
            set -eu
            said=$(mktemp)
            trap 'kill $(jobs -p) 2>/dev/null || true; rm -f "$said"' EXIT
            althing() {
                for try in $(seq 240); do
                    if '\(program)' "$@" 2>"$said"; then cat "$said" >&2; return 0; fi
                    grep -qE '\(notYet.joined(separator: "|"))' "$said" || break
                    sleep 0.25
                done
                echo "failed: althing $*" >&2; cat "$said" >&2; return 1
            }
            """
        ]
        for line in story.blocks.filter({ $0.language == "sh" }).flatMap(\.lines) {
            var line = line.replacing("7000", with: String(port))
                .replacing("Deploy/unhurried.yaml", with: "Deploy/development.yaml")
            // Not through the function: the shell must know the process itself, to end it.
            if line.hasSuffix(" &"), line.hasPrefix("althing ") {
                line = "'\(program)' " + line.dropFirst("althing ".count)
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // A build for debugging trains ten times slower: the story is for the program that ships.
    private static let isNamed = getenv("ALTHING_PROGRAM") != nil

    @Test(
        .enabled(if: isNamed, "ALTHING_PROGRAM names no release build"), .timeLimit(.minutes(10)))
    func `the story of the README can be typed as it stands`() throws {
        guard let program = CommandLineProgram.built else { return }
        let folder = CommandLineProgram.temporaryFolder()
        defer { _ = system("rm -rf '\(folder)'") }
        for name in ["Deploy", "Policies", "Proposals"] {
            #expect(symlink(ReadmeDocument.root + "/" + name, "\(folder)/\(name)") == 0)
        }
        let ports = try RoadProgram.freePorts(2)
        defer { withExtendedLifetime(ports) {} }
        let script = try ReadmeStoryTests.script(
            try ReadmeDocument("README.md"), program: program.path, port: ports.first)
        let file = try #require(fopen("\(folder)/story.sh", "w"))
        fputs(script, file)
        fclose(file)
        let status = system(
            "cd '\(folder)' && env -u ALTHING_KEYSTORE timeout 540 bash story.sh >said 2>&1")
        let said = try ReadmeDocument.read("\(folder)/said")
        let logs = ["member-1", "machine-a", "machine-b"].map { name in
            (name, (try? ReadmeDocument.read("\(folder)/story/\(name).log")) ?? "is missing")
        }
        let last = logs.map { "\n\($0.0).log: \($0.1.suffix(2000))" }.joined()
        #expect(status == 0, "\(said.suffix(4000))\(last)")
        for sentence in [
            "would execute                      yes", "data uploaded  1 of 1", "it passes",
            "prepaid: 1 CREDIT", "data: [DONE]", "sound              yes",
        ] {
            #expect(said.contains(sentence), "nobody said `\(sentence)`")
        }
        let canaries = try RoadSecrets.canaries(below: "\(folder)/story")
        #expect(canaries.count >= 5)
        for (place, secret) in canaries {
            #expect(!said.contains(secret), "the screen shows \(place)")
            for (name, log) in logs { #expect(!log.contains(secret), "\(name).log has \(place)") }
        }
        // What people ask and what models answer is nobody's business.
        for (name, log) in logs {
            for prompt in ["In the beginning", "\"And \""] {
                #expect(!log.contains(prompt), "\(name).log has a prompt")
            }
        }
    }
}
