// Ctrl-C while a machine is measured: what was measured is shown, not lost.

import Glibc
import Platform
import Primitives
import Synchronization
import Terminal

/// Whether somebody wants a suite to end.
final class BenchInterrupt: Sendable {
    private let asked = Atomic<Bool>(false)

    /// Whether the suite is to end after the kernel that runs.
    var isAsked: Bool { asked.load(ordering: .relaxed) }

    /// Takes SIGINT and SIGTERM from here on: the first asks, the second ends the program at once.
    func watch(_ printer: Output) throws(Refusal) {
        try Signals.watch { [self] number in
            guard asked.exchange(true, ordering: .relaxed) else {
                return printer.warn("ending after this kernel; once more to end at once")
            }
            // What a shell says of a program that a signal ended.
            exit(128 + number)
        }
    }
}
