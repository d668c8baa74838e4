// The same entries give the same state and the same events: on another member, after a replay,
// under another hash seed, and however an entry's changes came about.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

@Suite
struct DeterminismTests {
    /// Everything that is shown of a state, in one text.
    private func screens(_ deployment: TestDeployment) throws -> String {
        let views = deployment.views
        let people = deployment.people
        var parts: [JSON] = [
            views.proposals(), views.jobs(), views.models(), views.providers(), views.policies(),
            views.revenue(), try views.job(1), try views.votes(on: 1),
            try views.waiting(
                job: 1, present: Set(people.allMachines.map(\.address)), at: deployment.now),
        ]
        for person in people.voters + people.owners + [people.customer, people.maintainer] {
            parts.append(views.account(person.address))
            parts.append(views.history(of: person.address, limit: 1000))
        }
        return JSON.array(parts).compact
    }

    @Test func `a second member and a replay reach the same state, entry by entry`() throws {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1000))
        try till.buy(prompt: 10, completion: 10, from: deployment.people.machines[0][0])
        try deployment.tick(after: 8000)
        let twin = try TestDeployment()
        try twin.replay(deployment)
        #expect(twin.machine.stateDigest == deployment.machine.stateDigest)
        #expect(twin.events == deployment.events)
        #expect(twin.receipts == deployment.receipts)
        #expect(twin.views.treeHead() == deployment.views.treeHead())
        #expect(try screens(twin) == (try screens(deployment)))
    }

    @Test func `a member that restarts between any two entries ends like one that did not`() throws
    {
        let folder = try Folder()
        let deployment = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        for (number, entry) in deployment.entries.enumerated() {
            let database = try StateDatabase(path: folder.path + "/state")
            let machine = try StateMachine(genesis: deployment.genesis, database: database)
            try #require(machine.appliedIndex == StateMachine.genesisIndex + UInt64(number))
            _ = try machine.apply(
                index: entry.index, term: entry.term,
                payload: try EntryPayload(decoding: entry.payload))
        }
        let database = try StateDatabase(path: folder.path + "/state")
        #expect(database.stateDigest == deployment.machine.stateDigest)
        try database.verify()
    }

    @Test func `the order in which unordered inputs were filled does not show`() throws {
        let first = try TestDeployment.started(proposal: try TestDeployment.shortProposal())
        let agents = first.people.allMachines.map(\.address)
        var generator = SplitMix64(seed: 3)
        let expected = try first.views.plan(present: Set(agents), at: first.now)
        #expect(!expected.isEmpty)
        for extra in 1...20 {
            // Another capacity and another order of insertion make another order of iteration.
            var present = Set<Address>(minimumCapacity: extra * 40)
            for agent in agents.shuffled(using: &generator) { present.insert(agent) }
            #expect(try first.views.plan(present: present, at: first.now) == expected)
        }
    }

    /// Prints the digest of a deployment that went the whole road; runs in a child process too.
    private func roadDigest() throws -> String {
        let deployment = try TestDeployment.released()
        try deployment.tick(after: 8000)
        let events = SHA256.hash(Array(try screens(deployment).utf8))
        return "\(deployment.machine.stateDigest) \(events)"
    }

    /// Every voting system and every kind of tie, over thirty voters with random ballots.
    private func parliamentDigest(_ system: String) throws -> String {
        let policies = try DecisionTests.constitution("signal", "system: \(system)\ntimelock: 0s\n")
        let deployment = try TestDeployment(policies: policies)
        let people = deployment.people
        var crowd: [Person] = []
        for number in 0..<30 {
            let person = try Person("voter \(number)")
            crowd.append(person)
            try deployment.accept(
                .transfer(
                    asset: "VOTE", to: person.address, amount: Amount(UInt128(2000 + number % 3)),
                    memo: ""), by: people.voters[0])
        }
        for _ in 0..<8 { try deployment.tick(after: 1000) }
        let names = (0..<5).map { "option-\($0)" }
        let options = names.map { "  - name: \($0)\n    effects:\n      - text: Do \($0)." }
        let proposal = try deployment.submit(
            TestDeployment.proposal(
                "kind: signal\ntitle: Which\noptions:\n" + options.joined(separator: "\n")))
        try deployment.wait(for: ["voting"], of: proposal)
        var generator = SplitMix64(seed: 5)
        for person in crowd {
            let some = names.shuffled(using: &generator).prefix(3)
            let words =
                switch system {
                case "approval": "approve " + some.joined(separator: ", ")
                case "weighted": "share \(some[0]) 30%, \(some[1]) 70%"
                default: "rank " + some.joined(separator: " > ")
                }
            let side = Bool.random(using: &generator) ? "for" : "for 60%, against 40%"
            try deployment.say("\(side); \(words)", by: person, on: proposal)
        }
        try deployment.wait(for: ["executed", "defeated"], of: proposal)
        let shown = JSON.array([
            try deployment.views.proposal(proposal), try deployment.views.votes(on: proposal),
            try deployment.views.explanation(of: proposal),
        ])
        return "\(deployment.machine.stateDigest) \(SHA256.hash(Array(shown.compact.utf8)))"
    }

    private func decisionsDigest() throws -> String {
        try ["approval", "weighted", "ranked", "condorcet"].map(parliamentDigest)
            .joined(separator: " ")
    }

    @Test func `votes of every system end alike in another process, under another hash seed`()
        async throws
    {
        let expected = try decisionsDigest()
        let result = try await #require(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) {
            print("votes: \(try DeterminismTests().decisionsDigest())")
        }
        let output = String(decoding: result.standardOutputContent, as: UTF8.self)
        #expect(output.contains("votes: \(expected)"))
    }

    /// Exit tests run in a process of their own, and so under a hash seed of its own.
    @Test func `another process, with another hash seed, reaches the same state`() async throws {
        let expected = try roadDigest()
        for _ in 0..<2 {
            let result = try await #require(
                processExitsWith: .success, observing: [\.standardOutputContent]
            ) {
                print("road: \(try DeterminismTests().roadDigest())")
            }
            let output = String(decoding: result.standardOutputContent, as: UTF8.self)
            #expect(output.contains("road: \(expected)"))
        }
    }
}
