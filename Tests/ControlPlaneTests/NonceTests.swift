// Asking twice is harmless, asking differently under the same nonce is a conflict, and a refused
// command has used its nonce up.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

@Suite
struct NonceTests {
    private func pay(_ units: UInt64, _ deployment: TestDeployment) -> AccountCommand {
        .transfer(
            asset: "CREDIT", to: deployment.people.maintainer.address,
            amount: Amount(UInt128(units)),
            memo: "")
    }

    @Test func `the same command again gets the first answer and does nothing`() throws {
        let deployment = try TestDeployment()
        let command = try deployment.signed(pay(5, deployment), by: deployment.people.customer)
        let first = try deployment.apply([command])
        let balance = try deployment.credit(of: deployment.people.customer)
        let head = deployment.views.treeHead()
        let second = try deployment.apply([command, command], after: 1000)
        #expect(second.receipts == [first.receipts[0], first.receipts[0]])
        #expect(try deployment.credit(of: deployment.people.customer) == balance)
        #expect(deployment.views.treeHead() == head, "one leaf a command")
        #expect(second.events.isEmpty, "what happened once is told once")
        #expect(deployment.views.events(after: first.index, limit: 10).isEmpty)
    }

    @Test func `the same command signed anew gets the first answer`() throws {
        // A wallet that draws its own randomness signs the same words with another signature.
        let deployment = try TestDeployment()
        let command = try deployment.signed(pay(5, deployment), by: deployment.people.customer)
        guard case .account(var again) = command else { return }
        again.signature[64] -= 27
        try #require(again.signature[64] <= 1)
        let first = try deployment.apply([command]).receipts[0]
        var second = try deployment.apply([.account(again)]).receipts[0]
        #expect(second.envelope == Envelope.account(again).digest, "who waits for it finds it")
        second.envelope = first.envelope
        #expect(second == first)
    }

    @Test func `another command under the same nonce is a conflict, and the first answer stands`()
        throws
    {
        let deployment = try TestDeployment()
        let customer = deployment.people.customer
        let first = try deployment.signed(pay(5, deployment), by: customer)
        let other = try deployment.signed(pay(6, deployment), by: customer, nonce: 1)
        let answer = try deployment.apply([first]).receipts[0]
        let conflict = try deployment.apply([other]).receipts[0]
        #expect(conflict.code == "nonce.conflict")
        #expect(conflict.events.isEmpty)
        #expect(try deployment.apply([first]).receipts[0] == answer)
        #expect(deployment.views.receipt(of: customer.address, nonce: 1) == answer)
        #expect(try deployment.credit(of: customer) == Amount(50_000_000 - 5))
    }

    @Test func `a nonce that was passed over is gone`() throws {
        let deployment = try TestDeployment()
        let customer = deployment.people.customer
        let late = try deployment.signed(pay(5, deployment), by: customer, nonce: 3)
        let early = try deployment.signed(pay(5, deployment), by: customer, nonce: 2)
        #expect(try deployment.apply([late]).receipts[0].accepted)
        #expect(try deployment.apply([early]).receipts[0].code == "nonce.too-low")
    }

    @Test func `a refused command has used its nonce up`() throws {
        let deployment = try TestDeployment()
        let customer = deployment.people.customer
        let rich = try deployment.signed(pay(60_000_000, deployment), by: customer, nonce: 1)
        let refused = try deployment.apply([rich]).receipts[0]
        #expect(refused.code == "ledger.insufficient-funds")
        // Money that comes later does not make the old order good.
        try deployment.accept(
            .transfer(asset: "CREDIT", to: customer.address, amount: Amount(90_000_000), memo: ""),
            by: deployment.people.maintainer)
        #expect(try deployment.apply([rich]).receipts[0] == refused)
        let poor = try deployment.signed(pay(1, deployment), by: customer, nonce: 1)
        #expect(try deployment.apply([poor]).receipts[0].code == "nonce.conflict")
        #expect(deployment.views.account(customer.address)["next_nonce"] == 2)
    }

    @Test func `the last nonce there is can be used, and the account can still be looked at`()
        throws
    {
        let deployment = try TestDeployment()
        let customer = deployment.people.customer
        let last = try deployment.signed(pay(1, deployment), by: customer, nonce: .max)
        #expect(try deployment.apply([last]).receipts[0].accepted)
        _ = deployment.views.account(customer.address)
        let after = try deployment.signed(pay(2, deployment), by: customer, nonce: .max)
        #expect(try deployment.apply([after]).receipts[0].code == "nonce.conflict")
    }

    @Test func `nonces of different signers have nothing to do with each other`() throws {
        let deployment = try TestDeployment()
        let people = deployment.people
        let entry = try deployment.apply([
            try deployment.signed(pay(1, deployment), by: people.customer, nonce: 7),
            try deployment.signed(
                .fundPrepaid(amount: Amount(1)), by: people.owners[0], nonce: 1),
            try deployment.signed(pay(1, deployment), by: people.customer, nonce: 8),
        ])
        #expect(entry.receipts.map(\.accepted) == [true, true, true])
        #expect(entry.receipts.map(\.position) == [0, 1, 2])
    }

    @Test func `a preview counts nonces like the next entry would, and leaves no trace`() throws {
        let deployment = try TestDeployment()
        let customer = deployment.people.customer
        let digest = deployment.machine.stateDigest
        let commands = [
            try deployment.signed(pay(5, deployment), by: customer, nonce: 1),
            try deployment.signed(pay(6, deployment), by: customer, nonce: 1),
            try deployment.signed(pay(60_000_000, deployment), by: customer, nonce: 2),
        ]
        let preview = deployment.machine.preview(commands, at: deployment.now)
        #expect(
            preview.refusals.map { $0?.code } == [
                nil, "nonce.conflict", "ledger.insufficient-funds",
            ])
        #expect(preview.events.map(\.kind) == ["account.transferred"])
        let after = Views(state: preview.state, genesis: deployment.genesis)
        #expect(after.account(customer.address)["next_nonce"] == 3)
        #expect(deployment.machine.stateDigest == digest)
        #expect(deployment.views.account(customer.address)["next_nonce"] == 1)
        let real = try deployment.apply(commands)
        #expect(
            real.receipts.map { $0.accepted ? nil : $0.code } == preview.refusals.map { $0?.code })
    }
}
