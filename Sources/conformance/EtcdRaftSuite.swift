import Primitives

enum EtcdRaftSuite: ConformanceSuite {
    static let name = "etcd-raft"

    static func run(path: String) throws(Refusal) -> Score {
        throw Refusal("conformance.not-covered", "the suite etcd-raft is not covered yet")
    }
}
