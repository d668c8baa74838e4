// Seats by their commands: what cannot be right is refused before it is voted on, and a join that
// comes to nothing leaves nothing behind.

import Platform
import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil), .timeLimit(.minutes(4)))
struct SeatRoadTests {
    @Test func `a seat that nobody could call is not drafted`() async throws {
        try await withRoadDeployment { deployment in
            let file = "\(deployment.path)/seat.md"
            func add(_ number: String = "4", peer: String, clients: String) async throws
                -> ChildOutcome
            {
                try await deployment.run([
                    "cluster", "add", number, "--home", deployment.home, "--file", file,
                    "--peer-address", peer, "--client-origin", clients,
                ])
            }
            func refuses(_ outcome: ChildOutcome, _ words: String) {
                #expect(outcome.status == 64)
                #expect(outcome.error.text.contains(words), "\(outcome.error.text)")
                #expect(!Files.exists(file))
            }
            let good = "http://d.example:7000"
            for peer in ["nonsense", "d.example", "d.example:0", "::1:7001", "a b:7001", "d:+1"] {
                refuses(try await add(peer: peer, clients: good), "--peer-address: `\(peer)`")
            }
            for origin in ["d.example:7000", "ftp://d:1", "http://d.example"] {
                refuses(
                    try await add(peer: "d.example:7001", clients: origin), "--client-origin: `")
            }
            refuses(try await add("0", peer: "d:1", clients: good), "from 1 to 65535")
            let moved = try await deployment.run([
                "cluster", "tokens", "--home", deployment.home, "--peer-address", "nonsense",
            ])
            refuses(moved, "like `d.example:7001`")
            let drafted = try await add(peer: "[2001:db8::4]:7001", clients: good)
            #expect(drafted.status == 0, "\(drafted.error.text)")
            #expect(try await deployment.run(["proposal", "check", file]).status == 0)
            let text = try Files.readText(file).replacing("[2001:db8::4]:7001", with: "2001:db8::4")
            let bad = "\(deployment.path)/bad.md"
            try Files.create(bad, Array(text.utf8))
            let checked = try await deployment.run(["proposal", "check", bad])
            #expect(checked.status == 1)
            #expect(
                checked.refusal.hasPrefix(
                    "error[members.address]: \(bad): the address of member-4"),
                "\(checked.error.text)")
        }
    }

    @Test func `a token that is good no more leaves nothing behind, and takes nothing away`()
        async throws
    {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let path = deployment.path
            let tokens = ["cluster", "tokens", "--home", deployment.home]
            let token = try #require(try await deployment.json(tokens)["token"]?.text)
            // Another takes its place, as if the first had been used.
            #expect(try await deployment.run(tokens).status == 0)
            try Files.create("\(path)/token", Array("\(token)\n".utf8), mode: 0o600)
            try Files.makeFolders("\(path)/kept")
            try Files.create("\(path)/kept/mine", Array("mine".utf8))
            func join(_ home: String) async throws -> ChildOutcome {
                try await deployment.run([
                    "node", "join", "--token-file", "\(path)/token", "--home", home, "--no-run",
                ])
            }
            async let deep = join("\(path)/made/for/this")
            async let beside = join("\(path)/kept/member")
            for outcome in [try await deep, try await beside] {
                #expect(outcome.status == 2)
                #expect(outcome.error.text.contains("good once"), "\(outcome.error.text)")
            }
            #expect(!Files.exists("\(path)/made"))
            #expect(try Files.list("\(path)/kept") == ["mine"])
            // What is there is nobody's to take, whatever the token says.
            #expect(try await join("\(path)/kept").refusal.hasPrefix("error[file.exists]"))
            #expect(try Files.list("\(path)/kept") == ["mine"])
            let torn = try await deployment.run([
                "node", "join", String(token.dropLast(9)), "--home", "\(path)/made/again",
            ])
            #expect(torn.refusal.hasPrefix("error[join.token]"))
            #expect(!Files.exists("\(path)/made"))
        }
    }
}
