import Primitives
import Testing
import Verification

#if canImport(Glibc)
    import Glibc
#endif

/// The policy files of the repository, found from this file's place in it.
enum PolicyFile {
    static func text(_ name: String, from file: String = #filePath) throws -> String {
        let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let path = root.joined(separator: "/") + "/Policies/" + name
        guard let stream = fopen(path, "r") else { throw Refusal("test.file", "no \(path)") }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

@Suite struct VerificationPolicyTests {
    private var text: String { get throws { try PolicyFile.text("verification.yaml") } }

    @Test func `the policy of a new deployment is read`() throws {
        let policy = try VerificationPolicy(parsing: try text)
        #expect(policy.quorum == 2)
        #expect(policy.auditFloor == 50_000)
        #expect(policy.provisionalWindow == 7 * 86_400_000)
    }

    @Test(
        arguments: [
            ("quorum: 2", "quorum: 1", "schema.range"),
            ("result-limit: 5", "result-limit: 2", "schema.range"),
            ("quorum: 2", "quorum: 4", "verification.bounds"),
            ("audit-floor: 5%", "audit-floor: 0.5%", "schema.range"),
            ("audit-floor: 5%", "audit-floor: 5", "schema.unit"),
            ("hold: 7d", "held: 7d", "schema.missing"),
            ("floor: 1_000_000", "floor: 1_000_000\n  mercy: 1d", "schema.unknown-key"),
        ] as [(String, String, String)])
    func `a wrong policy is refused with its place`(from: String, to: String, code: String) throws {
        let original = try text
        let range = try #require(original.ranges(of: from).last)
        let changed = original[..<range.lowerBound] + to + original[range.upperBound...]
        do {
            _ = try VerificationPolicy(parsing: String(changed), name: "p.yaml")
            Issue.record("the policy was taken")
        } catch {
            #expect(error.code == code)
            #expect(error.place?.hasPrefix("p.yaml:") == true)
        }
    }

    @Test func `a slash is a share with a floor, and never more than the stake`() throws {
        let policy = try VerificationPolicy(parsing: try text)
        #expect(policy.slash(stake: Amount(100_000_000)) == Amount(10_000_000))
        #expect(policy.slash(stake: Amount(5_000_000)) == Amount(1_000_000))
        #expect(policy.slash(stake: Amount(7)) == Amount(7))
        #expect(policy.slash(stake: .max).units == UInt128.max / 10)
    }
}
