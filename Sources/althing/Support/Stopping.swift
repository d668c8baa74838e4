// Long-running commands end in order when the system asks them to.

import Platform
import Primitives

/// Runs work until it ends or SIGINT or SIGTERM arrives.
enum Stopping {
    /// Runs `body` in a task that a signal cancels; throws what `body` throws.
    static func run(_ body: @escaping @Sendable () async throws(Refusal) -> Void)
        async throws(Refusal)
    {
        let task = Task { () -> Refusal? in
            do throws(Refusal) {
                try await body()
                return nil
            } catch {
                return error
            }
        }
        try Signals.watch { _ in task.cancel() }
        if let refusal = await task.value { throw refusal }
    }
}
