// What keeps a member from starting, each in its own words.

import ControlPlane
import Platform
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct StartTests {
    private func refusal(_ work: () async throws(Refusal) -> Void) async -> Refusal? {
        do throws(Refusal) {
            try await work()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a data folder belongs to one process at a time`() async throws {
        try await withDeployment(members: 1) { deployment in
            let second = try Deployment(members: 1)
            let folder = try deployment.settings(1).dataFolder
            let found = await refusal { () async throws(Refusal) in
                try await second.start(1) { $0.dataFolder = folder }
            }
            #expect(found?.code == "node.already-running")
            #expect(found?.message.contains(folder) == true)
            // The one that was there goes on.
            #expect(try await deployment.ask("GET", "/healthz").status == 200)
        }
    }

    @Test(arguments: ["client", "peer"])
    func `a port in use is named`(_ which: String) async throws {
        let deployment = try Deployment(members: 1)
        let settings = try deployment.settings(1)
        let port = which == "client" ? settings.clientPort : settings.peerPort
        let occupant = try await HTTPServer.start(
            HTTPServer.Configuration(host: "127.0.0.1", port: port)
        ) { _ in HTTPResponse(status: 200, text: "mine\n") }
        let found = await refusal { () async throws(Refusal) in try await deployment.start(1) }
        #expect(found?.code == "transport.port-in-use")
        #expect(found?.message.contains("\(port)") == true)
        await occupant.shutdown(within: .zero)
        // What was opened before the refusal is closed again.
        try await deployment.start(1)
        await deployment.stopAll()
    }

    @Test func `data of another deployment are refused`() async throws {
        let deployment = try Deployment(members: 1)
        try await deployment.start(1)
        await deployment.stop(1)
        let found = await refusal { () async throws(Refusal) in
            try await deployment.start(1) { $0.genesis.name = "another" }
        }
        #expect(found?.code == "state.other-deployment")
    }

    @Test func `a data folder that cannot be made is named`() async throws {
        let deployment = try Deployment(members: 1)
        try Files.create("\(deployment.folder.path)/file", [])
        let path = "\(deployment.folder.path)/file/data"
        let found = await refusal { () async throws(Refusal) in
            try await deployment.start(1) { $0.dataFolder = path }
        }
        #expect(found?.code.hasPrefix("file.") == true)
        #expect(found?.message.contains("\(deployment.folder.path)/file") == true)
    }

    @Test(arguments: ["", "host", ":1", "host:", "host:0", "host:65536", "host:x"])
    func `an address that is none is refused`(_ text: String) async {
        let found = await refusal { () async throws(Refusal) in _ = try HostPort(text) }
        #expect(found?.code == "address.malformed")
    }

    @Test func `addresses are read`() throws {
        #expect(try HostPort("name:7000") == HostPort(origin: "http://name:7000"))
        #expect(try HostPort(origin: "https://[::1]:1").host == "::1")
        #expect(throws: Refusal.self) { try HostPort(origin: "ftp://name:7000") }
    }
}
