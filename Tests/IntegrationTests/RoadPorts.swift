// Ports for deployments of tests, below those from which the system takes ports for connections.

import Glibc
import Synchronization

enum RoadPorts {
    private static let taken = Atomic<Int>(0)

    /// The first of ten ports that no other test of this process uses.
    static func next() -> Int {
        let first = Int(getpid()) &* 97 % 700
        let number = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        return 22_000 + (first + number) % 700 * 10
    }
}
