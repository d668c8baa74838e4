// Opaque puts: behind two locks, through the whole replicated path, read by any member.

import ControlPlane
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct BenchRouteTests {
    private let key = Array("benchkey".utf8)

    @Test func `without its flag the route is closed, and says so`() async throws {
        try await withDeployment(members: 1, name: BenchEntry.deploymentName) { deployment in
            _ = try await deployment.leader(among: [1])
            let answer = try await deployment.ask("POST", "/bench", body: key + [1, 2, 3])
            #expect(answer.status == 409)
            #expect(answer.code == "bench.closed")
        }
    }

    @Test func `a deployment of another name does not start with it`() async throws {
        let deployment = try Deployment(members: 1)
        let refused = await code { try await deployment.start(1) { $0.takesBenchPuts = true } }
        await deployment.stopAll()
        #expect(refused == "bench.other-deployment")
    }

    @Test func `a put is read at every member, and a follower takes none`() async throws {
        let deployment = try Deployment(members: 3, name: BenchEntry.deploymentName)
        do {
            for member in deployment.members {
                try await deployment.start(member) { $0.takesBenchPuts = true }
            }
            let leader = try await deployment.leader(among: [1, 2, 3])
            let follower = try #require([1, 2, 3].first { $0 != leader })
            for value in 1...20 {
                let put = try await deployment.ask(
                    leader, "POST", "/bench", body: key + [UInt8(value)])
                #expect(put.status == 200)
            }
            for member in deployment.members {
                let got = try await deployment.ask(member, "POST", "/bench/get", body: key)
                #expect(got.body == [20])
            }
            let refused = try await deployment.ask(follower, "POST", "/bench", body: key + [9])
            #expect(refused.code == "cluster.not-leader")
            let short = try await deployment.ask(leader, "POST", "/bench", body: [1])
            #expect(short.code == "request.malformed")
            _ = try await deployment.agreement(of: [1, 2, 3])
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }
}
