// A member that slept through a restore or a recovery: the cluster goes on without it, in another
// epoch, and what it holds counts for nothing there.

import Primitives

/// What such a member is told, and what its operator can do.
enum PastEpoch {
    /// The code with which a member of a later epoch answers its greeting.
    static let code = "peer.past-epoch"

    /// What to do, as the end of a sentence.
    static let remedy =
        "stop this member, move its data folder away, and start it again: it begins anew in the"
        + " cluster's epoch"
}
