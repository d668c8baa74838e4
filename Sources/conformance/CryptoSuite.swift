import Primitives

enum CryptoSuite: ConformanceSuite {
    static let name = "crypto"

    static func run(path: String) throws(Refusal) -> Score {
        throw Refusal("conformance.not-covered", "the suite crypto is not covered yet")
    }
}
