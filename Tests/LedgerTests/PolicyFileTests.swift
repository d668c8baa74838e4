import Glibc
import Ledger
import Primitives
import Testing

/// The policies that a new deployment starts with.
struct PolicyFileTests {
    private func text(of name: String) -> String? {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        guard let file = fopen("/\(root)/Policies/\(name)", "r") else {
            print("skipped: Policies/\(name) is not beside the tests")
            return nil
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    @Test func `The revenue policy in the repository is read`() throws {
        guard let text = text(of: "revenue.yaml") else { return }
        let policy = try RevenuePolicy(parsing: text, name: "Policies/revenue.yaml")
        #expect(policy.shares.map(\.millionths).reduce(0, +) == 1_000_000)
    }

    @Test func `The pricing policy in the repository is read`() throws {
        guard let text = text(of: "pricing.yaml") else { return }
        let policy = try PricingPolicy(parsing: text, name: "Policies/pricing.yaml")
        #expect(
            try policy.maximumCost(
                model: "any", inputTokens: policy.maximumInputTokens, outputLimit: nil
            ) > .zero)
    }
}
