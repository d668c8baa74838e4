// What an agent needs to know before it starts.

public import Cryptography
import Primitives

/// A drill: a fault that an agent commits on purpose, so that an operator can watch the cluster
/// deal with it. Never on in a real provider.
public enum Drill: String, Sendable, CaseIterable {
    /// Hands in wrong results for training segments.
    case wrongResults = "wrong-results"
    /// Takes tasks and never answers.
    case silence
}

/// How an agent is set up.
public struct AgentSettings: Sendable {
    /// The members' client origins.
    public var cluster: [String]
    /// The key the agent signs with.
    public var key: Secp256k1PrivateKey
    /// Where objects are kept between tasks.
    public var dataFolder: String
    /// Whether tasks may run without bubblewrap where it is missing.
    public var allowsPlainProcess = false
    /// Whether released models are served to customers.
    public var serves = true
    /// A fault to commit on purpose.
    public var drill: Drill?
    /// The most memory a task may take, in bytes.
    public var memoryBytes: UInt64 = 1 << 30

    /// Sets an agent up.
    public init(cluster: [String], key: Secp256k1PrivateKey, dataFolder: String) {
        self.cluster = cluster
        self.key = key
        self.dataFolder = dataFolder
    }
}
