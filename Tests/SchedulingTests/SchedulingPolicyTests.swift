import Primitives
import Scheduling
import Testing

@Suite struct SchedulingPolicyTests {
    private var text: String { get throws { try PolicyFile.text("scheduling.yaml") } }

    @Test func `the policy of a new deployment is read`() throws {
        let policy = try SchedulingPolicy(parsing: try text)
        #expect(policy.placementLimit == 500)
        #expect(policy.overhead == 2000)
        #expect(policy.weight(ofKind: "verify") == 8)
        #expect(policy.weight(ofKind: "unheard-of") == 1)
    }

    @Test(
        arguments: [
            ("placement-limit: 500", "placement-limit: 0", "schema.range"),
            ("aging-step: 10m", "aging-step: 0s", "scheduling.bounds"),
            ("overhead: 2s", "overhead: 2", "schema.unit"),
            ("hour-value: 1_000_000", "hour-value: -1", "schema.number"),
            ("train: 4", "train: 0", "schema.range"),
            ("version: 1", "version: 2", "schema.range"),
            ("cost:", "costs:", "schema.missing"),
        ] as [(String, String, String)])
    func `a wrong policy is refused with its place`(from: String, to: String, code: String) throws {
        let original = try text
        let range = try #require(original.ranges(of: from).last)
        let changed = original[..<range.lowerBound] + to + original[range.upperBound...]
        do {
            _ = try SchedulingPolicy(parsing: String(changed), name: "p.yaml")
            Issue.record("the policy was taken")
        } catch {
            #expect(error.code == code)
            #expect(error.place?.hasPrefix("p.yaml:") == true)
        }
    }

    @Test func `the correction learns a machine's true speed`() throws {
        let policy = try SchedulingPolicy(parsing: try text)
        // A machine that takes 1.5 times as long as its scores say, whatever was corrected so far.
        var ratio: UInt64 = 1_000_000
        for _ in 0..<60 {
            ratio = policy.corrected(ratio, predicted: 10_000 * ratio / 1_000_000, actual: 15_000)
        }
        #expect((1_490_000...1_510_000).contains(ratio))
        for _ in 0..<200 { ratio = policy.corrected(ratio, predicted: 1, actual: .max) }
        #expect((7_999_990...8_000_000).contains(ratio))
        for _ in 0..<200 { ratio = policy.corrected(ratio, predicted: .max, actual: 0) }
        #expect((125_000...125_010).contains(ratio))
    }
}
