import Ledger
import Primitives
import Testing

struct PolicyTests {
    private func refusal(_ text: String) -> String? {
        do {
            _ = try RevenuePolicy(parsing: text, name: "revenue.yaml")
            return nil
        } catch {
            return "\(error.place ?? "nowhere"): \(error.code)"
        }
    }

    @Test func `The policy is read`() throws {
        let policy = try RevenuePolicy(parsing: policyText, name: "revenue.yaml")
        #expect(policy.share(of: .servingProviders) == 550_000)
        #expect(policy.epochMilliseconds == 7 * 86_400_000)
        #expect(policy.unearned == .treasury)
        #expect(policy.claimMinimum == Amount(1000))
    }

    @Test func `Bad policies are refused with file, line and rule`() throws {
        let cases: [(String, String, String)] = [
            ("  treasury: 10%", "  treasury: 11%", "revenue.yaml:4: revenue.shares"),
            ("  treasury: 10%", "  treasury: 10", "revenue.yaml:8: schema.unit"),
            ("  treasury: 10%", "  treasury: -10%", "revenue.yaml:8: schema.unit"),
            ("  treasury: 10%", "  founders: 10%", "revenue.yaml:4: schema.missing"),
            ("5%\nunearned", "5%\n  founders: 0%\nunearned", "revenue.yaml:10: schema.unknown-key"),
            ("epoch-length: 7d", "epoch-length: 7", "revenue.yaml:2: schema.unit"),
            ("epoch-length: 7d", "epoch-length: 1s", "revenue.yaml:2: schema.range"),
            ("unearned: treasury", "unearned: founders", "revenue.yaml:10: schema.word"),
            ("asset: CREDIT", "asset: credit", "revenue.yaml:1: schema.asset"),
            ("minimum: 1_000", "minimum: 1.5", "revenue.yaml:12: schema.number"),
            ("window: 365d", "window: 1d", "revenue.yaml:13: schema.range"),
            ("asset: CREDIT", "asset: CREDIT\nasset: CREDIT", "revenue.yaml:2: yaml.malformed"),
            ("asset: CREDIT", "asset: CREDIT\nextra: 1", "revenue.yaml:2: schema.unknown-key"),
        ]
        for (old, new, expected) in cases {
            #expect(policyText.contains(old))
            #expect(refusal(policyText.replacing(old, with: new)) == expected, "\(new)")
        }
    }

    private let pricingText = """
        asset: CREDIT
        default-price:
          input-per-1000-tokens: 200
          output-per-1000-tokens: 600
        models:
          gpt-commons:
            input-per-1000-tokens: 1
            output-per-1000-tokens: 1
        request:
          max-input-tokens: 8_192
          max-output-tokens: 2_048
          reservation: 10m
        free:
          tokens-per-day: 2_000
        prepaid:
          minimum: 1_000
        """

    @Test func `A request costs what its tokens cost, rounded up once`() throws {
        let policy = try PricingPolicy(parsing: pricingText, name: "pricing.yaml")
        let price = policy.price(of: "anything")
        #expect(try price.cost(inputTokens: 1000, outputTokens: 1000) == Amount(800))
        #expect(try price.cost(inputTokens: 1, outputTokens: 1) == Amount(1))
        #expect(try price.cost(inputTokens: 0, outputTokens: 0) == .zero)
        #expect(
            try policy.price(of: "gpt-commons").cost(inputTokens: 999, outputTokens: 2)
                == Amount(2))
        #expect(
            try policy.maximumCost(model: "x", inputTokens: 1000, outputLimit: nil)
                == Amount(200 + 1229))
        #expect(
            code { _ = try policy.maximumCost(model: "x", inputTokens: 1, outputLimit: 2049) }
                == "pricing.too-many-tokens")
        #expect(
            code { _ = try policy.maximumCost(model: "x", inputTokens: 8193, outputLimit: 1) }
                == "pricing.too-many-tokens")
    }

    @Test func `Bad prices are refused with file, line and rule`() throws {
        let cases: [(String, String, String)] = [
            ("per-1000-tokens: 200", "per-1000-tokens: 0.2", "pricing.yaml:3: schema.number"),
            (
                "per-1000-tokens: 200", "per-1000-tokens: 18446744073709551617",
                "pricing.yaml:3: schema.range"
            ),
            ("8_192", "0", "pricing.yaml:10: schema.range"),
            ("minimum: 1_000", "maximum: 1_000", "pricing.yaml:16: schema.missing"),
            ("reservation: 10m", "reservation: 10", "pricing.yaml:12: schema.unit"),
        ]
        for (old, new, expected) in cases {
            do {
                _ = try PricingPolicy(
                    parsing: pricingText.replacing(old, with: new), name: "pricing.yaml")
                Issue.record("accepted \(new)")
            } catch {
                #expect("\(error.place ?? "nowhere"): \(error.code)" == expected)
            }
        }
    }
}
