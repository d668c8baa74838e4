// What an agent signs to open a session with a member.

public import Primitives

/// How an agent signs in.
public enum SessionGreeting {
    /// What the agent signs (EIP-191): the deployment and the time.
    public static func text(genesis: Digest, timestamp: UInt64) -> String {
        "althing provider session\n\(genesis.hex)\n\(timestamp)"
    }
}
