// Metered use: nothing is spent twice, nothing below zero, nothing is held for ever.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

@Suite
struct UsageTests {
    private func prepaid(_ deployment: TestDeployment) throws -> (balance: Amount, free: Amount) {
        let account = AccountID.prepaid(
            deployment.people.customer.address, try #require(AssetSymbol("CREDIT")))
        return (deployment.ledger.balance(of: account), deployment.ledger.available(of: account))
    }

    @Test func `what is held cannot be spent twice and what was not used comes free`() throws {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1000))
        let (request, receipt) = try till.reserve(prompt: 100, most: 100)
        #expect(receipt.accepted)
        #expect(try prepaid(deployment) == (Amount(1000), Amount(200)))
        #expect(
            try till.reserve(prompt: 1, most: 34).1.code == "ledger.insufficient-funds",
            "206 of 200")
        let machine = deployment.people.machines[0][0]
        try deployment.accept(
            .postUsage(try till.reading(request, prompt: 90, completion: 10, by: machine)))
        #expect(try prepaid(deployment) == (Amount(760), Amount(760)))
        let again = try deployment.apply(
            .postUsage(try till.reading(request, prompt: 90, completion: 10, by: machine)))
        #expect(again.code == "usage.settled")
    }

    @Test func `a void releases the hold, and so does time`() throws {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1000))
        let (first, _) = try till.reserve(prompt: 100, most: 100)
        try deployment.accept(.voidUsage(request: first, reason: "the machine went away"))
        #expect(try prepaid(deployment).free == Amount(1000))
        let (second, _) = try till.reserve(prompt: 100, most: 100)
        try deployment.tick(after: 600_000)
        #expect(deployment.events("usage.voided").count == 2)
        #expect(try prepaid(deployment).free == Amount(1000))
        let machine = deployment.people.machines[0][0]
        let late = try deployment.apply(
            .postUsage(try till.reading(second, prompt: 1, completion: 1, by: machine)))
        #expect(late.code == "usage.settled")
    }

    @Test func `a request is refused for a reason that a gateway can show`() throws {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1_000_000))
        let machine = deployment.people.machines[0][0]
        #expect(try till.reserve(prompt: 8193, most: 1).1.code == "usage.too-long")
        #expect(try till.reserve(prompt: 1, most: 2049).1.code == "usage.too-long")
        #expect(try till.reserve(prompt: 0, most: 0).1.code == "usage.nothing")
        #expect(try till.reserve(prompt: 1, most: 1, model: "queens").1.code == "model.unknown")
        let (request, _) = try till.reserve(prompt: 10, most: 10)
        let repeated = try deployment.apply(
            .reserveUsage(
                request: request, key: till.key, model: "kings", promptTokens: 1, maximumTokens: 1))
        #expect(repeated.code == "usage.exists")
        for (prompt, completion) in [(11, 1), (1, 11)] as [(UInt64, UInt64)] {
            let greedy = try till.reading(
                request, prompt: prompt, completion: completion, by: machine)
            #expect(try deployment.apply(.postUsage(greedy)).code == "usage.exceeds-reservation")
        }
        let stranger = try till.reading(
            request, prompt: 1, completion: 1, by: deployment.people.customer)
        #expect(try deployment.apply(.postUsage(stranger)).code == "provider.unknown")
        try deployment.accept(.revokeKey(keyDigest: till.key), by: deployment.people.customer)
        #expect(try till.reserve(prompt: 1, most: 1).1.code == "key.unknown")
    }

    @Test func `an answer of nothing costs nothing and earns nothing`() throws {
        let deployment = try TestDeployment.released()
        var till = try Till(deployment, funds: Amount(1000))
        let machine = deployment.people.machines[0][0]
        let (request, _) = try till.reserve(prompt: 10, most: 10)
        try deployment.accept(
            .postUsage(try till.reading(request, prompt: 0, completion: 0, by: machine)))
        #expect(try prepaid(deployment) == (Amount(1000), Amount(1000)))
        try till.buy(prompt: 1, completion: 0, from: machine)
        try deployment.tick(after: 8000)
        #expect(deployment.events("revenue.epoch-closed").count == 1)
        #expect(deployment.events("due.failed").isEmpty)
    }

    @Test func `somebody else's key cannot be taken or withdrawn`() throws {
        let deployment = try TestDeployment()
        let key = SHA256.hash([1])
        let people = deployment.people
        try deployment.accept(.createKey(keyDigest: key, label: "a"), by: people.customer)
        let copy = try deployment.apply(
            .createKey(keyDigest: key, label: "b"), by: people.maintainer)
        #expect(copy.code == "key.exists")
        #expect(
            try deployment.apply(.revokeKey(keyDigest: key), by: people.maintainer).code
                == "key.unknown")
        try deployment.accept(.revokeKey(keyDigest: key), by: people.customer)
        #expect(
            try deployment.apply(.revokeKey(keyDigest: key), by: people.customer).code
                == "key.revoked")
        let empty = try deployment.apply(
            .reserveUsage(
                request: .zero, key: key, model: "kings", promptTokens: 1, maximumTokens: 1))
        #expect(empty.code == "key.unknown")
    }
}
