import Primitives
import Testing

@testable import ControlPlane

@Suite struct ParsedPoliciesTests {
    @Test func `a text is parsed once, another is parsed anew, a wrong one stays wrong`() throws {
        let policies = ParsedPolicies()
        var parsed: [String] = []
        func policy(_ text: String) throws(Refusal) -> Int {
            try policies.policy("sizes", text) { (text) throws(Refusal) in
                parsed.append(text)
                guard let size = Int(text) else { throw Refusal("test.size", "\(text) is no size") }
                return size
            }
        }
        #expect(try policy("1") == 1)
        #expect(try policy("1") == 1)
        #expect(throws: Refusal("test.size", "")) { try policy("two") }
        #expect(throws: Refusal("test.size", "")) { try policy("two") }
        #expect(try policy("1") == 1)
        #expect(try policy("3") == 3)
        #expect(parsed == ["1", "two", "two", "3"])
    }
}
