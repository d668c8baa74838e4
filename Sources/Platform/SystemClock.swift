// The only place where the house asks what time it is.

import Glibc
public import Primitives

/// The system's clocks.
public enum SystemClock {
    /// The time of day: what a leader stamps and a person reads. It may jump.
    public static func now() -> Timestamp {
        Timestamp(milliseconds: nanoseconds(of: CLOCK_REALTIME) / 1_000_000)
    }

    /// Nanoseconds since some moment, never going back; stands still while the machine sleeps.
    /// For intervals and time limits.
    public static func monotonicNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }

    /// Nanoseconds since the machine started, sleep included: what a lease must be measured with,
    /// because a machine that slept no longer holds it.
    public static func bootNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_BOOTTIME) }

    /// Processor time this process has used, in nanoseconds.
    public static func processorNanoseconds() -> UInt64 {
        nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID)
    }

    private static func nanoseconds(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_nsec))
    }
}
