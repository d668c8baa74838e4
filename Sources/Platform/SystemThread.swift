// A thread of its own, for work that blocks: waiting for children, flushing the log.

import CPlatform
import Glibc
public import Primitives

/// Starts threads that live outside the language's pool, which must never block.
public enum SystemThread {
    private final class Work {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Runs `body` on a new detached thread. Signals are not delivered to it, so that a handler
    /// never interrupts it and a closed pipe is an error and not the end of the process.
    public static func start(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(Refusal) {
        let work = Unmanaged.passRetained(Work(name, body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                cplatform_name_thread(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        guard failure == 0 else {
            work.release()
            throw SystemError.refusal(failure, "start the thread \(name)")
        }
    }

    /// Asks for shorter turns for this thread, which then begin sooner: for one that works for
    /// moments and waits in between, and on which others wait. Without effect on older kernels.
    public static func preferShortTurns() { cplatform_prefer_short_slices(100_000) }

    /// Blocks this thread for a millisecond; never call it in a task.
    public static func pause() { usleep(1000) }
}
