// What keeps a member or an agent from starting: one sentence each, the contract's exit code, and
// whoever runs already goes on.

import Glibc
import Platform
import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil), .timeLimit(.minutes(3)))
struct BadInputStartTests {
    @Test func `a second member on the same folder, and a second on the same port`() async throws {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let second = try await deployment.run(["node", "run", "--home", deployment.home])
            #expect(second.status == 1)
            #expect(second.refusal.hasPrefix("error[node.already-running]: "))
            let configuration = "\(deployment.home)/config.yaml"
            let text = try Files.readText(configuration)
            try Files.writeAtomically(
                configuration, Array(text.replacing("data: data", with: "data: other").utf8))
            // The seat has promised something, which an empty folder knows nothing of.
            let third = try await deployment.run(["node", "run", "--home", deployment.home])
            #expect(third.status == 1)
            #expect(third.refusal.hasPrefix("error[seat.data-lost]: "))
            try Files.removeTree("\(deployment.home)/seat.key.memory")
            let fourth = try await deployment.run(["node", "run", "--home", deployment.home])
            #expect(fourth.status == 1)
            #expect(fourth.refusal.hasPrefix("error[transport.port-in-use]: "))
            #expect(try await deployment.answers())
            #expect(await deployment.end("member") == 0)
        }
    }

    @Test func `a member's folder that does not hold together`() async throws {
        try await withRoadDeployment { deployment in
            let key = "\(deployment.home)/seat.key"
            let genesis = "\(deployment.path)/cluster/genesis.althing"
            func attempt() async throws -> (Int32?, String) {
                let outcome = try await deployment.run(["node", "run", "--home", deployment.home])
                return (outcome.status, outcome.refusal)
            }
            let seed = try Files.read(key)
            let other = String(repeating: "7", count: 64)
            try Files.writeAtomically(key, Array(other.utf8), mode: 0o600)
            var (status, refusal) = try await attempt()
            #expect(status == 1 && refusal.hasPrefix("error[seat.key]: "))
            try Files.writeAtomically(key, seed, mode: 0o644)
            (status, refusal) = try await attempt()
            #expect(status == 1 && refusal.hasPrefix("error[file.not-private]: "))
            try Files.writeAtomically(key, seed, mode: 0o600)
            let bytes = try Files.read(genesis)
            try Files.writeAtomically(genesis, Array(bytes.dropLast(10)))
            (status, refusal) = try await attempt()
            #expect(status == 1 && refusal.hasPrefix("error["))
            try Files.remove(genesis)
            (status, refusal) = try await attempt()
            #expect(status == 1 && refusal.hasPrefix("error[file.missing]: "))
        }
    }

    @Test func `a data folder that cannot be written, and one without space`() async throws {
        try await withRoadDeployment { deployment in
            let data = "\(deployment.home)/data"
            for (options, code) in [("ro", "file.read-only"), ("size=64k", "file.no-space")] {
                try Files.makeFolders(data)
                guard try await SmallDisk.mount(data, options) else { return }
                let outcome = try await deployment.run(["node", "run", "--home", deployment.home])
                try await SmallDisk.unmount(data)
                #expect(outcome.status == 1)
                #expect(outcome.refusal.hasPrefix("error[\(code)]: "), "\(outcome.refusal)")
                #expect(outcome.refusal.contains(data))
            }
            try await deployment.startMember()
        }
    }

    @Test func `an agent without bubblewrap, without registration, without a cluster`()
        async throws
    {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let home = "\(deployment.path)/machine"
            let made = try await deployment.run([
                "provider", "init", "--home", home, "--cluster", deployment.origin,
            ])
            #expect(made.status == 0)
            let tool = try await deployment.run(
                ["provider", "run", "--home", home], environment: [("PATH", "/nowhere")])
            #expect(tool.status == 1)
            #expect(tool.refusal.hasPrefix("error[sandbox.unavailable]: "))
            #expect(tool.refusal.contains("bubblewrap"))
            let stranger = try await deployment.run(["provider", "bench", "--home", home])
            #expect(stranger.status == 1)
            #expect(stranger.refusal.hasPrefix("error[provider.unknown]: "))
            let nobody = try await deployment.run([
                "provider", "bench", "--home", home, "--cluster", "http://127.0.0.1:1",
            ])
            #expect(nobody.status == 2)
            #expect(nobody.refusal.hasPrefix("error[cluster.unreachable]: "))
            #expect(try await deployment.answers())
        }
    }

    @Test func `an agent with another key than the one that was registered`() async throws {
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let homes = ["one", "two"].map { "\(deployment.path)/\($0)" }
            for home in homes {
                let made = try await deployment.run([
                    "provider", "init", "--home", home, "--cluster", deployment.origin,
                ])
                #expect(made.status == 0)
            }
            let registered = try await deployment.run(
                [
                    "provider", "register", "--home", homes[0], "--name", "shed", "--stake",
                    "100 CREDIT",
                ], as: "owner")
            #expect(registered.status == 0, "\(registered.error.text)")
            let again = try await deployment.run(
                [
                    "provider", "register", "--home", homes[0], "--name", "barn", "--stake",
                    "100 CREDIT",
                ], as: "owner")
            #expect(again.status == 1)
            #expect(again.refusal.hasPrefix("error[provider."), "\(again.refusal)")
            for name in ["agent.json", "agent.password"] {
                let bytes = try Files.read("\(homes[1])/\(name)")
                try Files.writeAtomically("\(homes[0])/\(name)", bytes, mode: 0o600)
            }
            let stranger = try await deployment.run(["provider", "bench", "--home", homes[0]])
            #expect(stranger.status == 1)
            #expect(stranger.refusal.hasPrefix("error[provider.unknown]: "), "\(stranger.refusal)")
            // A keystore and another's password do not fit either.
            let other = try Files.read("\(deployment.path)/password")
            try Files.writeAtomically("\(homes[1])/agent.password", other, mode: 0o600)
            let locked = try await deployment.run(["provider", "run", "--home", homes[1]])
            #expect(locked.status == 1)
            #expect(locked.refusal.hasPrefix("error[keystore.password]: "), "\(locked.refusal)")
            #expect(try await deployment.answers())
        }
    }

    @Test(arguments: ["curl", "bwrap"])
    func `a demonstration without its tools says so before it begins`(_ tool: String) async throws {
        let program = try #require(CommandLineProgram.built)
        let folder = try TemporaryFolder(prefix: "althing-tools")
        for name in ["curl", "bwrap"] where name != tool {
            try Files.create("\(folder.path)/\(name)", Array("#!/bin/sh\n".utf8), mode: 0o755)
        }
        let outcome = try await RoadProgram.run(
            program.path, ["demo", "--once"], environment: [("PATH", folder.path)])
        #expect(outcome.status == 1)
        #expect(outcome.refusal.hasPrefix("error[demo.missing-tool]: \(tool) is not installed"))
    }

    @Test func `a demonstration on ports that are taken says which`() async throws {
        let program = try #require(CommandLineProgram.built)
        try await withRoadDeployment { deployment in
            try await deployment.startMember()
            let port = try #require(deployment.origin.split(separator: ":").last)
            let outcome = try await RoadProgram.run(
                program.path, ["demo", "--once", "--base-port", "\(port)"])
            #expect(outcome.status == 1)
            #expect(
                outcome.refusal.hasPrefix("error[demo.port-in-use]: port \(port) "),
                "\(outcome.refusal)")
            #expect(try await deployment.answers())
        }
    }
}
