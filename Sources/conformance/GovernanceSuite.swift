import Primitives

enum GovernanceSuite: ConformanceSuite {
    static let name = "governance"

    static func run(path: String) throws(Refusal) -> Score {
        throw Refusal("conformance.not-covered", "the suite governance is not covered yet")
    }
}
