// Wrong words at each step of the road: each is refused in one sentence with its code, and the
// cluster goes on.

import Glibc
import Platform
import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil), .timeLimit(.minutes(3)))
struct BadInputRoadTests {
    private func expect(
        _ outcome: ChildOutcome, _ code: String, status: Int32 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == status, sourceLocation: sourceLocation)
        #expect(
            outcome.refusal.hasPrefix("error[\(code)]: "), "\(outcome.error.text)",
            sourceLocation: sourceLocation)
        #expect(outcome.output.text.isEmpty, sourceLocation: sourceLocation)
        #expect(!outcome.error.text.contains("secret-canary"), sourceLocation: sourceLocation)
    }

    @Test func `files with a wrong key and with a wrong sum`() async throws {
        try await withRoadDeployment { deployment in
            let path = deployment.path
            let proposal = try Files.readText("\(RoadProgram.root)/Proposals/0001-train-kings.md")
            let key = "\(path)/0001-key.md"
            try Files.create(
                key, Array(proposal.replacing("kind:", with: "speed: 9\nkind:").utf8))
            expect(try await deployment.run(["proposal", "check", key]), "schema.unknown-key")
            let sum = "\(path)/0001-sum.md"
            try Files.create(
                sum, Array(proposal.replacing("amount: 200_000_000", with: "amount: 1_000").utf8))
            let refused = try await deployment.run(["proposal", "check", sum])
            #expect(refused.status == 1)
            #expect(refused.refusal.hasPrefix("error[plan."), "\(refused.error.text)")
            let revenue = try Files.readText("\(RoadProgram.root)/Policies/revenue.yaml")
            let shares = "\(path)/revenue.yaml"
            try Files.create(
                shares, Array(revenue.replacing("treasury: 10%", with: "treasury: 11%").utf8))
            let policy = try await deployment.run(["policy", "check", shares])
            #expect(policy.status == 1)
            #expect(policy.refusal.contains("101"), "\(policy.error.text)")
            expect(
                try await deployment.run(["proposal", "check", "\(path)/none.md"]), "file.missing")
        }
    }

    @Test func `wrong commands to a cluster that goes on`() async throws {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let path = deployment.path
            let signal = "Proposals/0003-signal-publish-evaluations.md"
            let words = ["--keystore", "\(path)/voter.json", "--yes"]
            expect(
                try await deployment.run(
                    ["account", "transfer", RoadAddress.maintainer, "1", "--asset", "VOTE"] + words
                        + ["--password-file", "\(path)/wrong"]), "keystore.password")
            expect(
                try await deployment.run(
                    ["account", "transfer", RoadAddress.maintainer, "5 CREDIT"], as: "voter"),
                "ledger.account-unknown")
            let malformed = try await deployment.run(
                ["account", "transfer", "0x12", "5 CREDIT"], as: "voter")
            #expect(malformed.status == 64)
            expect(try await deployment.run(["vote", "1", "for"], as: "voter"), "proposal.unknown")
            #expect(try await deployment.run(["vote", "1", "perhaps"], as: "voter").status == 64)
            let submitted = try await deployment.run(["proposal", "submit", signal], as: "owner")
            #expect(submitted.status == 0, "\(submitted.error.text)")
            expect(try await deployment.run(["vote", "1", "for"], as: "voter"), "vote.not-open")
            expect(
                try await deployment.run(["proposal", "cancel", "1"], as: "voter"),
                "proposal.not-yours")
            expect(try await deployment.run(["job", "show", "1"]), "job.unknown")
            expect(try await deployment.run(["model", "card", "kings"]), "model.unknown")
            let key = "\(path)/api.key"
            try Files.create(key, Array("sk-none\n".utf8), mode: 0o600)
            expect(
                try await deployment.run(["ask", "kings", "hello", "--api-key-file", key]),
                "key.unknown")
            #expect(try await deployment.answers())
            #expect(await deployment.end("member") == 0)
            expect(
                try await deployment.run(["proposal", "list"]), "cluster.unreachable", status: 2)
            #expect(!deployment.log("member").contains("secret-canary"))
        }
    }

    @Test func `a copy of the log in which one byte was changed`() async throws {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let sent = try await deployment.run(
                ["account", "transfer", RoadAddress.maintainer, "5 CREDIT"], as: "owner")
            #expect(sent.status == 0, "\(sent.error.text)")
            let file = "\(deployment.path)/log.audit"
            #expect(try await deployment.run(["audit", "fetch", "--file", file]).status == 0)
            let genesis = try #require(
                try await deployment.json(["cluster", "status"])["genesis"]?.text)
            let audit = ["audit", "run", "--file", file, "--genesis", genesis]
            #expect(try await deployment.run(audit).status == 0)
            let other = String(repeating: "0", count: 64)
            #expect(
                try await deployment.run(["audit", "run", "--file", file, "--genesis", other])
                    .status == 1)
            var bytes = try Files.read(file)
            bytes[bytes.count / 2] ^= 1
            try Files.writeAtomically(file, bytes)
            let found = try await deployment.run(audit)
            #expect(found.status == 1)
            #expect(found.refusal.hasPrefix("error["))
        }
    }

    @Test func `a second vote where votes stand`() async throws {
        let policies = try TemporaryFolder(prefix: "althing-policies")
        for name in try Files.list("\(RoadProgram.root)/Policies") {
            let text = try Files.readText("\(RoadProgram.root)/Policies/\(name)")
            let changed = text.replacing("change_votes: true", with: "change_votes: false")
            try Files.create("\(policies.path)/\(name)", Array(changed.utf8))
        }
        try await withRoadDeployment(policies: policies.path) { deployment in
            try await deployment.startMember()
            let submitted = try await deployment.run(
                ["proposal", "submit", "Proposals/0003-signal-publish-evaluations.md"],
                as: "maintainer")
            #expect(submitted.status == 0, "\(submitted.error.text)")
            _ = try await RoadProgram.eventually("voting to open") {
                try await deployment.json(["proposal", "show", "1"])["status"]?.text == "voting"
                    ? true : nil
            }
            let first = try await deployment.run(["vote", "1", "for"], as: "voter")
            #expect(first.status == 0, "\(first.error.text)")
            expect(try await deployment.run(["vote", "1", "against"], as: "voter"), "vote.already")
            expect(try await deployment.run(["vote", "1", "veto"], as: "second"), "vote.no-veto")
        }
    }
}

/// Public addresses of the development genesis.
enum RoadAddress {
    static let maintainer = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    static let owner = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
}
