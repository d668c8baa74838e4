// Answers and events are kept in runs: each is found again, wherever a run ends.

import ControlPlane
import Cryptography
import Primitives
import Testing
import Transparency

@Suite
struct OutcomeTests {
    private func pay(_ units: UInt64, _ deployment: TestDeployment) -> AccountCommand {
        .transfer(
            asset: "CREDIT", to: deployment.people.maintainer.address,
            amount: Amount(UInt128(units)), memo: "")
    }

    /// So many payments of one person in entries of so many.
    private func paid(_ count: Int, together: Int) throws -> (TestDeployment, [Envelope]) {
        let deployment = try TestDeployment()
        deployment.checksBooks = false
        var commands: [Envelope] = []
        for number in 1...count {
            commands.append(
                try deployment.signed(
                    pay(UInt64(number), deployment), by: deployment.people.customer))
        }
        for first in stride(from: 0, to: count, by: together) {
            try deployment.apply(Array(commands[first..<min(first + together, count)]))
        }
        return (deployment, commands)
    }

    @Test(arguments: [1, 31, 32, 33, 100])
    func `every answer is found under its nonce, and given again`(together: Int) throws {
        let (deployment, commands) = try paid(100, together: together)
        let answers = deployment.receipts
        #expect(answers.count == 100)
        #expect(answers.allSatisfy { $0.accepted && !$0.events.isEmpty })
        let customer = deployment.people.customer.address
        for (number, answer) in answers.enumerated() {
            #expect(deployment.views.receipt(of: customer, nonce: UInt64(number) + 1) == answer)
        }
        #expect(deployment.views.receipt(of: customer, nonce: 0) == nil)
        #expect(deployment.views.receipt(of: customer, nonce: 101) == nil)
        let digest = deployment.views.treeHead()
        #expect(try deployment.apply(commands).receipts == answers)
        #expect(deployment.views.treeHead() == digest)
    }

    @Test func `a nonce that was passed over has no answer, however long ago`() throws {
        let deployment = try TestDeployment()
        let customer = deployment.people.customer
        for nonce in stride(from: UInt64(2), through: 100, by: 2) {
            try deployment.apply([
                try deployment.signed(pay(nonce, deployment), by: customer, nonce: nonce)
            ])
        }
        for nonce in UInt64(1)...100 {
            let receipt = deployment.views.receipt(of: customer.address, nonce: nonce)
            #expect((receipt != nil) == nonce.isMultiple(of: 2))
        }
        let late = try deployment.signed(pay(1, deployment), by: customer, nonce: 31)
        let other = try deployment.signed(pay(1, deployment), by: customer, nonce: 32)
        #expect(
            try deployment.apply([late, other]).receipts.map(\.code)
                == ["nonce.too-low", "nonce.conflict"])
    }

    @Test(arguments: [7, 32, 64, 100])
    func `events come in order from any entry on`(together: Int) throws {
        let (deployment, _) = try paid(100, together: together)
        let recorded = deployment.views.events(after: StateMachine.genesisIndex, limit: 10_000)
        #expect(recorded.map(\.event) == deployment.events)
        #expect(recorded.map(\.index) == recorded.map(\.index).sorted())
        let last = deployment.machine.appliedIndex
        let end = deployment.views.events(after: last - 1, limit: 10_000)
        #expect(end == recorded.filter { $0.index == last })
        #expect(end.allSatisfy { $0.timestamp == deployment.machine.now })
        #expect(
            deployment.views.events(after: StateMachine.genesisIndex, limit: 40)
                == Array(recorded.prefix(40)))
        #expect(deployment.views.events(after: last, limit: 10).isEmpty)
    }

    @Test func `every leaf is proved in a tree that is kept in runs`() throws {
        let (deployment, _) = try paid(300, together: 90)
        let head = deployment.views.treeHead()
        #expect(head.size == 300)
        for leaf in [0, 1, 31, 32, 255, 256, 299] as [UInt64] {
            #expect(deployment.views.inclusionProof(of: leaf) != nil)
        }
        #expect(deployment.views.inclusionProof(of: 300) == nil)
        let twin = try TestDeployment(people: deployment.people)
        twin.checksBooks = false
        try twin.replay(deployment)
        #expect(twin.machine.stateDigest == deployment.machine.stateDigest)
    }
}
