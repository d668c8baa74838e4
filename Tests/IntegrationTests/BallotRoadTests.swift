// The commands of a vote that is more than one word: hidden ballots, the guardian's office, words
// about persons, delegations and signatures that lapse. Typed as people type them, to a member.

import Platform
import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil), .timeLimit(.minutes(3)))
struct BallotRoadTests {
    private static let guardian = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
    private static let signal = "Proposals/0003-signal-publish-evaluations.md"

    private func expect(
        _ outcome: ChildOutcome, _ code: String?, status: Int32 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard let code else {
            #expect(outcome.status == 0, "\(outcome.error.text)", sourceLocation: sourceLocation)
            return
        }
        #expect(outcome.status == status, sourceLocation: sourceLocation)
        #expect(
            outcome.refusal.hasPrefix("error[\(code)]: "), "\(outcome.error.text)",
            sourceLocation: sourceLocation)
    }

    private func reach(_ status: String, of proposal: String, _ deployment: RoadDeployment)
        async throws
    {
        _ = try await RoadProgram.eventually("proposal \(proposal) to be \(status)") {
            try await deployment.json(["proposal", "show", proposal])["status"]?.text == status
                ? true : nil
        }
    }

    /// The repository's policies with ballots on signals hidden.
    private func hiding() throws -> TemporaryFolder {
        let policies = try TemporaryFolder(prefix: "althing-policies")
        for name in try Files.list("\(RoadProgram.root)/Policies") {
            let text = try Files.readText("\(RoadProgram.root)/Policies/\(name)")
            let changed = text.replacing(
                "  signal:\n",
                with: "  signal:\n    hidden:\n      bond: 1_000_000\n      reveal: 3d\n"
                    + "    late_quorum_extension: 0s\n")
            try Files.create("\(policies.path)/\(name)", Array(changed.utf8))
        }
        return policies
    }

    @Test func `a hidden ballot is committed to, kept in a file, and revealed`() async throws {
        let policies = try hiding()
        try await withRoadDeployment(policies: policies.path, day: "4s") { deployment in
            try await deployment.startMember()
            expect(
                try await deployment.run(["proposal", "submit", Self.signal], as: "maintainer"), nil
            )
            try await reach("voting", of: "1", deployment)
            let ballot = "\(deployment.path)/ballot.json"
            let kept = ["--ballot", ballot]
            expect(try await deployment.run(["vote", "1", "for"], as: "owner"), "vote.hidden")
            expect(try await deployment.run(["vote", "1", "for"] + kept, as: "owner"), nil)
            // For nobody else's eyes, and never overwritten.
            #expect(try Files.information(ballot)?.permissions == 0o600)
            expect(
                try await deployment.run(["vote", "1", "against"] + kept, as: "owner"),
                "ballot.other")
            // The same again is the same commitment: whoever had no answer may ask once more.
            expect(try await deployment.run(["vote", "1", "for"] + kept, as: "owner"), nil)
            let shown = try await deployment.json(["proposal", "show", "1"])
            #expect(shown["committed"]?.unsigned == 1)
            #expect(shown["for"]?.text == "0")
            let reveal = ["vote", "1", "--reveal"] + kept
            expect(try await deployment.run(reveal, as: "owner"), "vote.not-revealing")
            #expect(try await deployment.run(["vote", "1"], as: "owner").status == 64)
            #expect(try await deployment.run(["vote", "1", "--reveal"], as: "owner").status == 64)
            try await reach("revealing", of: "1", deployment)
            expect(try await deployment.run(reveal, as: "maintainer"), "vote.commitment")
            let revealed = try await deployment.run(reveal, as: "owner")
            expect(revealed, nil)
            #expect(revealed.output.text.contains("own power"))
            let counted = try await deployment.json(["proposal", "show", "1"])
            #expect(counted["for"]?.text == "50000")
        }
    }

    @Test func `the guardian delays and stops, within bounds, and nobody else does`() async throws {
        try await withRoadDeployment(day: "20s", guardian: Self.guardian) { deployment in
            try await deployment.startMember()
            expect(
                try await deployment.run(["proposal", "submit", Self.signal], as: "maintainer"), nil
            )
            let delay = ["proposal", "delay", "1", "40s", "--reason", "to look"]
            expect(try await deployment.run(delay, as: "voter"), "guardian.not-you")
            expect(try await deployment.run(delay, as: "second"), nil)
            // A week of 20 seconds a day in all.
            expect(
                try await deployment.run(["proposal", "delay", "1", "101s"], as: "second"),
                "guardian.delay")
            #expect(
                try await deployment.run(["proposal", "delay", "1", "soon"], as: "second").status
                    == 64)
            let shown = try await deployment.json(["proposal", "show", "1"])
            #expect(shown["held_up_milliseconds"]?.unsigned == 40_000)
            expect(
                try await deployment.run(["proposal", "stop", "1"], as: "voter"), "guardian.not-you"
            )
            expect(try await deployment.run(["proposal", "stop", "1"], as: "second"), nil)
            try await reach("cancelled", of: "1", deployment)
            expect(try await deployment.run(delay, as: "second"), "guardian.too-late")
        }
    }

    @Test func `words about persons, and what lapses`() async throws {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let secret = "\(deployment.path)/registry.secret"
            try Files.create(secret, Array("sixteen bytes at least\n".utf8), mode: 0o600)
            let person = ["--identifier", "passport 1", "--secret-file", secret]
            expect(
                try await deployment.run(
                    ["account", "attest", RoadAddress.owner] + person, as: "maintainer"), nil)
            expect(
                try await deployment.run(
                    ["account", "attest", RoadAddress.maintainer] + person, as: "maintainer"),
                "identity.taken")
            expect(
                try await deployment.run(
                    ["account", "attest", RoadAddress.owner, "--withdraw"] + person,
                    as: "maintainer"), nil)
            #expect(
                try await deployment.run(
                    ["account", "attest", RoadAddress.owner], as: "maintainer"
                ).status == 64)
            expect(
                try await deployment.run(
                    ["account", "delegate", RoadAddress.owner, "--lapses-after", "30d"],
                    as: "voter"), nil)
            let voter = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
            let lent = try await deployment.json(["account", "show", voter])["voting"]
            let expires = lent?["delegations"]?.elements?.first?["expires"]?.text ?? ""
            #expect(expires.hasPrefix("20"))
            let limited = try await deployment.run(
                ["account", "transfer", RoadAddress.maintainer, "1 CREDIT", "--valid-for", "1h"],
                as: "owner")
            expect(limited, nil)
            #expect(limited.error.text.contains("validUntil  \"20"))
        }
    }
}
