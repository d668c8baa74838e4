// Constitution and proposal files: the ones in the repository, and what is refused, with its place.

import Governance
import Primitives
import Testing

@Suite("Documents")
struct DocumentTests {
    @Test("the constitution of the repository keeps the production bounds")
    func repositoryConstitution() throws {
        let text = try Repository.text("Policies/constitution.yaml")
        let constitution = try Constitution(parsing: text, name: "Policies/constitution.yaml")
        #expect(constitution.tracks.count == 10)
        let members = try constitution.track(for: .changeMembers)
        #expect(members.tally.threshold == Fraction("2/3"))
        #expect(try Track(decoding: members.encoded) == members)
    }

    @Test(
        "the proposals of the repository are valid",
        arguments: [
            "template.md", "0001-train-kings.md", "0002-policy-longer-funding-rounds.md",
            "0003-signal-publish-evaluations.md", "0004-spend-translation.md",
            "0005-change-release-margin.md",
        ])
    func repositoryProposals(name: String) throws {
        let file = try ProposalFile(
            parsing: try Repository.text("Proposals/\(name)"), name: "Proposals/\(name)")
        for effect in file.effects { #expect(try Effect(decoding: effect.encoded) == effect) }
    }

    @Test("the policy proposal is based on the constitution in the repository, and valid itself")
    func policyProposal() throws {
        let name = "Proposals/0002-policy-longer-funding-rounds.md"
        let file = try ProposalFile(parsing: try Repository.text(name), name: name)
        guard case .changePolicy(let change) = file.effects.first else {
            Issue.record("no change of a policy")
            return
        }
        let now = try Constitution(
            parsing: try Repository.text("Policies/constitution.yaml"), name: "constitution")
        #expect(change.base == now.digest)
        let next = try Constitution(parsing: change.text, name: "constitution")
        #expect(next.tracks.count == now.tracks.count)
        #expect(zip(next.tracks, now.tracks).count { $0 != $1 } == 1)
    }

    @Test(
        "a constitution outside the hard bounds is refused, whoever voted for it",
        arguments: [
            ("  delay: 2d", "  delay: 0s", "constitution.bounds"),
            ("  period: 7d", "  period: 1h", "constitution.bounds"),
            ("  period: 7d", "  period: 91d", "constitution.bounds"),
            ("  timelock: 2d", "  timelock: 0s", "constitution.bounds"),
            ("  grace: 14d", "  grace: 1h", "constitution.bounds"),
            ("    fraction: 4%", "    fraction: 0%", "constitution.bounds"),
            ("    fraction: 4%", "    fraction: 60%", "constitution.bounds"),
            ("    fraction: 50%", "    fraction: 49.9%", "constitution.bounds"),
            ("    fraction: 50%", "    fraction: 100%", "constitution.bounds"),
            ("    comparison: more-than", "    comparison: at-least", "constitution.bounds"),
            ("    power: 0.1%", "    power: 11%", "constitution.bounds"),
            ("    veto: 1/3", "    veto: 1%", "constitution.bounds"),
            ("    cooldown: 30d", "    cooldown: 1h", "constitution.bounds"),
            ("      share_of_treasury: 1%", "      share_of_treasury: 50%", "constitution.bounds"),
            ("  open_limit: 16", "  open_limit: 1000", "constitution.bounds"),
            ("  system: token", "  system: lottery", "schema.word"),
            ("  retry: 1h", "  retry: 1", "schema.unit"),
            ("  grace: 14d", "  grce: 14d", "schema.missing"),
            ("  signal:", "  signals:", "constitution.track"),
            ("      beyond: treasury-spend-large", "      beyond: signal", "constitution.spending"),
        ])
    func bounds(old: String, new: String, code: String) throws {
        let text = try Repository.text("Policies/constitution.yaml")
        let changed = replaceFirst(old, new, in: text)
        #expect(changed != text)
        do {
            _ = try Constitution(parsing: changed, name: "c.yaml")
            Issue.record("accepted: \(new)")
        } catch {
            #expect(error.code == code)
            #expect(error.place?.hasPrefix("c.yaml:") == true)
        }
    }

    @Test func `a misspelt key of a proposal is named with its line and the right key`() {
        do {
            _ = try ProposalFile(
                parsing: "---\nformat: proposal/1\nkind: signal\ntitel: T\neffects:\n"
                    + "  - text: x\n---\n\nWhy.\n", name: "p.md")
            Issue.record("accepted")
        } catch {
            #expect(error.code == "schema.missing" && error.place == "p.md:4")
            #expect(error.message.contains("`titel`") && error.message.contains("`title`"))
        }
    }

    @Test func `a payee in letters of both cases must have the right checksum`() throws {
        func spend(to payee: String) throws -> ProposalFile {
            try ProposalFile(
                parsing: "---\nformat: proposal/1\nkind: treasury-spend\ntitle: T\neffects:\n"
                    + "  - asset: CREDIT\n    to: \"\(payee)\"\n    amount: 1\n---\n\nWhy.\n",
                name: "p.md")
        }
        let right = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
        #expect(try spend(to: right) != spend(to: right.lowercased()))
        #expect(
            try spend(to: right).effectsDigest == spend(to: right.lowercased()).effectsDigest)
        do {
            _ = try spend(to: "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046")
            Issue.record("accepted")
        } catch let error as Refusal {
            #expect(error.code == "schema.address" && error.place == "p.md:7")
        }
    }

    @Test(
        "a bad proposal is refused with file and line",
        arguments: [
            ("kind: train-model", "kind: train-models", "schema.word", 3),
            ("          width: 8", "          width: 9", nil, 0),
            ("          heads: 1", "          heads: 3", "plan.architecture", 6),
            ("          amount: 100", "          amount: 49", "plan.budget", 6),
            ("          quantisation_bits: 8", "          quantisation_bits: 7", "plan.recipe", 6),
            ("    held_out: 10%", "    held_out: 51%", "plan.held-out", 6),
            ("    held_out: 10%", "    held_out: 0.1", "schema.unit", 28),
            (
                "            licence: MIT", "            licence: MIT\n        licnce: MIT",
                "schema.unknown-key", 0
            ),
            ("asset: CREDIT", "asset: credit", "effect.asset", 6),
        ] as [(String, String, String?, Int)])
    func badProposals(old: String, new: String, code: String?, line: Int) {
        let plain = replaceFirst(
            old.trimmed, new.trimmed, in: trainingHeader)
        do {
            _ = try ProposalFile(
                parsing: "---\nformat: proposal/1\n\(plain)\n---\n\nWhy.\n", name: "p.md")
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
            #expect(error.place?.hasPrefix("p.md:") == true)
            if line > 0 { #expect(error.place == "p.md:\(line)") }
        }
    }

    @Test("invisible characters cannot hide in what people sign")
    func invisibleCharacters() {
        for hidden in ["\u{202E}", "\u{200B}", "\u{0007}", "\u{2028}"] {
            let text =
                "---\nformat: proposal/1\nkind: signal\ntitle: a\(hidden)b\neffects:\n"
                + "  - text: x\n---\n\nWhy.\n"
            #expect(
                refusalCode { _ = try ProposalFile(parsing: text, name: "p") } == "effect.text")
        }
    }

    @Test("random bytes and cut encodings are refused, never trapped on")
    func malformedEncodings() throws {
        let file = try ProposalFile(
            parsing: "---\nformat: proposal/1\n\(trainingHeader)\n---\n\nWhy.\n", name: "p")
        let bytes = Effect.encode(file.effects)
        for count in 0..<bytes.count {
            #expect(throws: Refusal.self) { try Effect(decoding: Array(bytes[..<count])) }
        }
        var random = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            _ = try? Effect(decoding: random.bytes(Int(random.next(below: 200))))
            _ = try? Track(decoding: random.bytes(Int(random.next(below: 200))))
        }
    }

    private func replaceFirst(_ old: String, _ new: String, in text: String) -> String {
        guard let range = text.firstRange(of: old) else { return text }
        return text.replacingCharacters(in: range, with: new)
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " })
    }

    fileprivate func firstRange(of part: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) {
                return start..<index(start, offsetBy: part.count)
            }
            start = index(after: start)
        }
        return nil
    }

    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String
    {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
