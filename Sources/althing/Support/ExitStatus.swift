// What a refusal means to the program that called: the exit codes of the contract.

import Primitives

/// Exit codes.
enum ExitStatus {
    /// The command was refused.
    static let refused: Int32 = 1
    /// The cluster could not be reached or trusted.
    static let unreachable: Int32 = 2
    /// The command was used wrongly.
    static let usage: Int32 = 64

    private static let unreachableCodes: Set<String> = [
        "cluster.unreachable", "cluster.no-leader", "cluster.timeout", "cluster.answer",
        "cluster.not-leader", "object.digest", "member.stopped",
    ]

    /// The exit code of a refusal.
    static func of(_ refusal: Refusal) -> Int32 {
        if refusal.code == "cluster.no-members" || refusal.code.hasPrefix("usage.") {
            return usage
        }
        // A port that is taken concerns this machine's own listener, not a cluster elsewhere.
        if refusal.code == "transport.port-in-use" { return refused }
        let isTransport = refusal.code.hasPrefix("transport.")
        return isTransport || unreachableCodes.contains(refusal.code) ? unreachable : refused
    }
}
