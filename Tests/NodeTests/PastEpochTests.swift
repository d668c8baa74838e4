// A member that slept through a recovery or a restore: it says so itself, and ends once a majority
// of the others says it, too.

import ControlPlane
import Platform
import Primitives
import Testing
import Transport

@testable import Node

@Suite(.timeLimit(.minutes(3))) struct PastEpochTests {
    /// Three members of which the first has gone on alone, in epoch 2.
    private func withRecovered(_ body: (Deployment) async throws -> Void) async throws {
        let deployment = try Deployment(members: 3)
        do {
            try await deployment.startAll()
            _ = try await deployment.leader(among: [1, 2, 3])
            _ = try await deployment.agreement(of: [1, 2, 3])
            await deployment.stopAll()
            _ = try Recovery.perform(try deployment.settings(1), keepsTail: true)
            try await deployment.start(1)
            _ = try await deployment.leader(among: [1])
            try await body(deployment)
        } catch {
            await deployment.stopAll()
            throw error
        }
        await deployment.stopAll()
    }

    private func reason(of member: UInt64, _ deployment: Deployment) async throws -> String {
        try await eventually("a reason") { () async throws(Refusal) -> String? in
            let answer = try await deployment.ask(member, "GET", "/api/v1/status")
            let text = try JSON.parse(answer.body)["leaderless_reason"]?.text
            return text?.contains("epoch") == true ? text : nil
        }
    }

    @Test func `it says why it has no leader, once in its log and always in its status`()
        async throws
    {
        try await withRecovered { deployment in
            let lines = HeardLines()
            try await deployment.start(3, logger: lines.logger)
            let reason = try await reason(of: 3, deployment)
            #expect(
                reason == "no leader: epoch 1 is over: member 1 is in epoch 2, since a restore or a"
                    + " recovery; " + PastEpoch.remedy)
            // The line is tried over and over; what is heard there is said once.
            try await Task.sleep(for: .seconds(3))
            let said = lines.with(code: PastEpoch.code).filter {
                $0.message.contains("epoch is over")
            }
            #expect(
                said.map(\.why) == [
                    "epoch 1 is over: member 1 is in epoch 2, since a restore or a"
                        + " recovery"
                ])
            // One of two others is no majority: it may be the one that is wrong.
            #expect(try await deployment.ask(3, "GET", "/healthz").status == 200)
            #expect(!Files.exists(try deployment.settings(3).dataFolder + "/expelled"))
            // Who is in the later epoch is told nothing of the kind.
            let leader = try JSON.parse(
                try await deployment.ask(1, "GET", "/api/v1/status").body)["leader"]
            #expect(leader?.unsigned == 1)
        }
    }

    @Test func `it ends where a majority of the others says so, and begins anew`() async throws {
        try await withRecovered { deployment in
            let lines = HeardLines()
            try await deployment.start(3, logger: lines.logger)
            let second = try deployment.settings(2)
            try Files.removeTree(second.dataFolder)
            _ = try await Rejoin.ask(second)
            try await deployment.start(2)
            #expect(await deployment.outcome(of: 3) == nil)
            let last = try #require(lines.with(code: PastEpoch.code).last)
            #expect(last.message == "this member has nothing to do here any more")
            #expect(last.why.contains("move its data folder away"))
            // The folder remembers, whatever is tried with it.
            let third = try deployment.settings(3)
            #expect(await code { try await deployment.start(3) } == PastEpoch.code)
            #expect(await code { try Recovery.plan(third) } == PastEpoch.code)
            try Files.removeTree(third.dataFolder)
            _ = try await Rejoin.ask(third)
            try await deployment.start(3)
            _ = try await deployment.agreement(of: [1, 2, 3])
        }
    }

    @Test func `a majority that goes on is not ended by one that has an epoch of its own`()
        async throws
    {
        try await withRecovered { deployment in
            let lines = HeardLines()
            try await deployment.start(2)
            try await deployment.start(3, logger: lines.logger)
            #expect([2, 3].contains(try await deployment.leader(among: [2, 3])))
            _ = try await eventually("the word of member 1") {
                lines.with(code: PastEpoch.code).isEmpty ? nil : true
            }
            #expect(try await deployment.ask(3, "GET", "/healthz").status == 200)
            // Nor is that one, which is told something else.
            #expect(try await deployment.leader(among: [1]) == 1)
        }
    }
}
