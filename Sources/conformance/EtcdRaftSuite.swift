// The data-driven tests of etcd-io/raft, unmodified: quorums, configuration changes, and whole
// groups whose every message and log line is compared byte for byte.

import Primitives

/// Answers the directives of one file; a fresh one is made for each file.
protocol DirectiveHandler {
    mutating func output(of directive: Directive) -> String
}

enum EtcdRaftSuite: ConformanceSuite {
    static let name = "etcd-raft"

    static func run(path: String) throws(Refusal) -> Score {
        var total = Score()
        for file in try Files.all(at: path) where file.hasSuffix(".txt") {
            total += run(file: file)
        }
        return total
    }

    private static func run(file: String) -> Score {
        var score = Score()
        var firstFailure = ""
        do throws(Refusal) {
            let text = String(decoding: try Files.read(file), as: UTF8.self)
            let directives = try DataDrivenFile.directives(in: text)
            var handler = handler(for: directives)
            for directive in directives {
                var actual = handler.output(of: directive)
                if !actual.hasSuffix("\n") { actual += "\n" }
                if actual == directive.expected {
                    score.passed += 1
                } else {
                    score.failed += 1
                    if score.failed == 1 { firstFailure = difference(directive, actual) }
                }
            }
        } catch {
            score.failed += 1
            firstFailure = error.description
        }
        let verdict = score.failed == 0 ? "ok    " : "FAILED"
        print("\(verdict) \(label(file)): \(score.passed) of \(score.passed + score.failed)")
        if !firstFailure.isEmpty { print("       " + firstFailure) }
        return score
    }

    /// The commands say which of the three families a file belongs to.
    private static func handler(for directives: [Directive]) -> any DirectiveHandler {
        switch directives.first?.command {
        case "committed", "vote": EtcdRaftQuorum()
        case "simple", "enter-joint", "leave-joint": EtcdRaftConfigurationChange()
        default: EtcdRaftInteraction()
        }
    }

    /// The file with the folders that tell it from its namesakes.
    private static func label(_ file: String) -> String {
        file.split(separator: "/").suffix(3).joined(separator: "/")
    }

    /// Where the output first differs from what is expected.
    private static func difference(_ directive: Directive, _ actual: String) -> String {
        let wanted = directive.expected.split(separator: "\n", omittingEmptySubsequences: false)
        let found = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let place = (0..<max(wanted.count, found.count)).first { offset in
            offset >= wanted.count || offset >= found.count || wanted[offset] != found[offset]
        }
        let offset = place ?? 0
        let left = offset < wanted.count ? String(wanted[offset]) : "(nothing)"
        let right = offset < found.count ? String(found[offset]) : "(nothing)"
        return "line \(directive.line), \(directive.command), output line \(offset + 1): "
            + "expected \"\(left)\", got \"\(right)\""
    }
}
