import Primitives

enum AttackCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        throw mismatch("not covered yet")
    }
}
