// Which port is tried next: processes of tests that run at the same time begin in different places.

import Glibc
import Synchronization

final class PortCounter: Sendable {
    private let tried = Atomic<Int>(0)
    private let first = Int(getpid()) &* 61 % 18_000

    /// A port from 12000 to 29999.
    func next() -> Int {
        12_000 + (first + tried.wrappingAdd(1, ordering: .relaxed).newValue) % 18_000
    }
}
