// How the log itself shows that the cluster was away: while anything waits in governance, a leader
// writes at least one entry in every pulse, so that a longer silence is an outage and not idleness.
//
// It needs no clock but the log's, no member's word, and no guess about elections: a time without a
// leader is a time without entries, whatever the reason.

import Primitives

enum Outage {
    /// A minute in production; never less than a second, which is a tick of an idle leader.
    static func pulse(_ timings: Timings) -> UInt64 { max(1000, timings.scaled(60_000)) }

    /// Silence up to this may be a leader at work on something else.
    static func tolerance(_ timings: Timings) -> UInt64 { 3 * pulse(timings) }
}
