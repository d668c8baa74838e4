// Clients of single members, for commands that ask each one.

import Client
import Primitives

/// Makes clients.
enum ClientOf {
    /// A client of one member.
    static func one(_ origin: String) throws(Refusal) -> ClusterClient {
        try ClusterClient(origins: [origin])
    }
}
