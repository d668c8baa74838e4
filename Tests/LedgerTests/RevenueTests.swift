import Ledger
import Primitives
import Testing

let policyText = """
    asset: CREDIT
    epoch-length: 7d
    shares:
      serving-providers: 55%
      training-providers: 15%
      data-contributors: 10%
      maintainers: 5%
      treasury: 10%
      token-holders: 5%
    unearned: treasury
    claims:
      minimum: 1_000
      window: 365d
    """

/// Closes epochs one after the other on revenue that is issued for the purpose.
struct Epochs {
    let world: World
    let policy: RevenuePolicy
    private(set) var count: UInt64 = 0

    init(policy text: String = policyText) throws {
        world = try World()
        policy = try RevenuePolicy(parsing: text, name: "revenue.yaml")
    }

    mutating func close(_ received: UInt128, _ facts: [RevenueFact]) throws -> RevenueStatement {
        count += 1
        if received > 0 {
            try world.ledger.issue(
                Amount(received), to: .revenue(world.credit), at: position(count))
        }
        let statement = try world.ledger.closeRevenueEpoch(
            count, received: Amount(received), facts: facts, policy: policy, policyDigest: .zero,
            at: position(count))
        world.commit()
        return statement
    }
}

func fact(_ role: RevenueRole, _ payee: UInt8, _ weight: UInt128, _ text: String = "work") throws
    -> RevenueFact
{
    RevenueFact(role: role, payee: try address(payee), weight: weight, reference: text)
}

struct RevenueTests {
    @Test func `A statement names who, role, share, fact and amount`() throws {
        var epochs = try Epochs()
        let statement = try epochs.close(
            10_001,
            [
                fact(.servingProviders, 2, 30, "tokens:b"),
                fact(.servingProviders, 1, 60, "tokens:a"),
                fact(.servingProviders, 2, 10, "tokens:a"), fact(.servingProviders, 4, 0),
                fact(.maintainers, 3, 1, "constitution"),
            ])
        let asset = try #require(epochs.world.ledger.asset(epochs.world.credit))
        #expect(
            statement.text(of: asset) == """
                epoch 1: 100.01 CREDIT received
                0x0000000000000000000000000000000000000001  serving-providers  55% x 60/100  \
                tokens:a  33 CREDIT
                0x0000000000000000000000000000000000000002  serving-providers  55% x 40/100  \
                tokens:a, tokens:b  22 CREDIT
                0x0000000000000000000000000000000000000003  maintainers  5% x 1/1  \
                constitution  5 CREDIT
                treasury  treasury  10%  commons, unearned:training-providers, \
                unearned:data-contributors, unearned:token-holders  40 CREDIT
                paid 100 CREDIT, carried in 0 CREDIT, carried on 0.01 CREDIT

                """)
        #expect(epochs.world.ledger.balance(of: try epochs.world.wallet(1)) == Amount(3300))
        #expect(epochs.world.ledger.balance(of: .dust(epochs.world.credit)) == Amount(1))
        #expect(epochs.world.ledger.balance(of: .revenue(epochs.world.credit)) == .zero)
        #expect(
            epochs.world.ledger.revenueStatement(epoch: 1, asset: epochs.world.credit) == statement)
        #expect(try RevenueStatement(decoding: statement.encoded) == statement)
        #expect(statement.payouts.map(\.amount) == [3300, 2200, 500].map { Amount($0) })
        try epochs.world.ledger.checkInvariants()
    }

    @Test func `An epoch closes once, and a preview moves nothing`() throws {
        var epochs = try Epochs()
        let facts = [try fact(.servingProviders, 1, 1)]
        let before = epochs.world.ledger.state.allChanges
        let preview = try epochs.world.ledger.previewRevenueEpoch(
            1, received: Amount(100), facts: facts, policy: epochs.policy, policyDigest: .zero,
            at: position(1))
        #expect(epochs.world.ledger.state.allChanges == before)
        #expect(try epochs.close(100, facts) == preview)
        let (world, policy) = (epochs.world, epochs.policy)
        #expect(
            code {
                _ = try world.ledger.closeRevenueEpoch(
                    1, received: .zero, facts: [], policy: policy, policyDigest: .zero,
                    at: position(2))
            } == "revenue.epoch-closed")
    }

    @Test func `Nine times a ninth is paid in the ninth epoch, not the tenth`() throws {
        var epochs = try Epochs(
            policy: policyText.replacing("55%", with: "100%").replacing("15%", with: "0%")
                .replacing("10%", with: "0%").replacing(" 5%", with: " 0%"))
        let facts = try (1...9).map { try fact(.servingProviders, $0, 1) }
        for _ in 1...8 { _ = try epochs.close(1, facts) }
        for payee in 1...9 as ClosedRange<UInt8> {
            #expect(epochs.world.ledger.balance(of: try epochs.world.wallet(payee)).isZero)
        }
        #expect(epochs.world.ledger.balance(of: .dust(epochs.world.credit)) == Amount(8))
        _ = try epochs.close(1, facts)
        for payee in 1...9 as ClosedRange<UInt8> {
            #expect(
                epochs.world.ledger.balance(of: try epochs.world.wallet(payee)) == Amount(1))
        }
        #expect(epochs.world.ledger.balance(of: .dust(epochs.world.credit)).isZero)
    }

    @Test func `Unearned shares can go to the roles that were earned`() throws {
        var epochs = try Epochs(
            policy: policyText.replacing("unearned: treasury", with: "unearned: other-roles"))
        let statement = try epochs.close(650, [fact(.servingProviders, 1, 7)])
        #expect(statement.lines.map(\.amount) == [Amount(550), Amount(100)])
    }

    @Test func `Facts out of range are refused and nothing moves`() throws {
        var epochs = try Epochs()
        let cases: [([RevenueFact], String)] = [
            ([try fact(.treasury, 1, 1)], "revenue.fact-malformed"),
            ([try fact(.maintainers, 1, 1, "")], "revenue.fact-malformed"),
            ([try fact(.maintainers, 1, .max)], "revenue.weights"),
            ([try fact(.maintainers, 1, .max), try fact(.maintainers, 2, 1)], "revenue.weights"),
        ]
        for (facts, expected) in cases {
            #expect(code { _ = try epochs.close(100, facts) } == expected)
        }
        #expect(epochs.world.ledger.balance(of: .dust(epochs.world.credit)).isZero)
        // Without revenue on the account nothing can be shared out.
        let (world, policy) = (try World(), epochs.policy)
        let one = [try fact(.maintainers, 1, 1)]
        #expect(
            code {
                _ = try world.ledger.closeRevenueEpoch(
                    1, received: Amount(5), facts: one, policy: policy, policyDigest: .zero,
                    at: position(1))
            } == "ledger.account-unknown")
    }

    @Test func `The largest revenue is shared exactly`() throws {
        var epochs = try Epochs()
        let statement = try epochs.close(
            .max, [fact(.servingProviders, 1, 1), fact(.dataContributors, 2, 3)])
        #expect(statement.paid + statement.carriedOut.units == .max)
    }

    /// Weights, payees and sums change every epoch. A sum of fractions over a common denominator is
    /// the exact entitlement: all weights sum to 840 in each role, so that everything divides.
    @Test(arguments: [5, 6, 7] as [UInt64])
    func `Each payee is within a unit of the exact entitlement for ever`(seed: UInt64) throws {
        var epochs = try Epochs()
        var random = SplitMix64(seed: seed)
        let denominator: UInt128 = 840 * 1_000_000
        var entitled: [UInt8: UInt128] = [:]
        var received: UInt128 = 0
        for _ in 0..<400 {
            let amount = UInt128(random.next(below: 60))
            var facts: [RevenueFact] = []
            for role in [RevenueRole.servingProviders, .maintainers] {
                var left: UInt64 = 840
                for payee in 1...5 as ClosedRange<UInt8> {
                    let weight = payee == 5 ? left : random.next(below: left + 1)
                    left -= weight
                    // One role a payee: the bound holds for each role.
                    let name = role == .maintainers ? payee + 10 : payee
                    facts.append(try fact(role, name, UInt128(weight)))
                    entitled[name, default: 0] +=
                        amount * UInt128(weight) * UInt128(epochs.policy.share(of: role))
                }
            }
            _ = try epochs.close(amount, facts)
            received += amount
            var paid: UInt128 = 0
            for (name, exact) in entitled {
                let balance = epochs.world.ledger.balance(of: try epochs.world.wallet(name)).units
                paid += balance
                #expect(balance * denominator < exact + denominator)
                #expect(exact < (balance + 1) * denominator)
            }
            let treasury = epochs.world.ledger.balance(of: .treasury(epochs.world.credit)).units
            let dust = epochs.world.ledger.balance(of: .dust(epochs.world.credit)).units
            #expect(paid + treasury + dust == received)
            #expect(dust < 11)
        }
        try epochs.world.ledger.checkInvariants()
    }
}
