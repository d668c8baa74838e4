// Reads that wait until a quorum confirms that this member still leads.
//
// Reads are numbered in the order they come. A heartbeat carries the number of the last read it
// can confirm and its answer echoes it, so one round of heartbeats confirms every read before it,
// and an answer to an older round can never confirm a younger read.

/// A read with the commit index at which it was asked.
struct PendingRead {
    var request: Message
    var index: LogIndex
}

/// The unconfirmed reads of one term of leadership.
struct ReadIndexQueue {
    private var unconfirmed: [PendingRead] = []
    private var confirmedCount: UInt64 = 0
    private var acknowledged: [(member: MemberID, position: UInt64)] = []

    var count: Int { unconfirmed.count }

    /// The number of the youngest read, which the next heartbeat is to carry; 0 for none.
    var position: UInt64 {
        unconfirmed.isEmpty ? 0 : confirmedCount + UInt64(unconfirmed.count)
    }

    mutating func add(_ read: PendingRead) { unconfirmed.append(read) }

    mutating func acknowledge(_ position: UInt64, by member: MemberID) {
        guard position > 0 else { return }
        if let place = acknowledged.firstIndex(where: { $0.member == member }) {
            acknowledged[place].position = max(acknowledged[place].position, position)
        } else {
            acknowledged.append((member, position))
        }
    }

    /// Takes out the reads that a quorum of `voters` has confirmed.
    mutating func takeConfirmed(by voters: JointConfiguration) -> [PendingRead] {
        let reached = voters.committedIndex { id in
            acknowledged.first { $0.member == id }?.position
        }
        guard reached > confirmedCount else { return [] }
        let count = Int(min(reached - confirmedCount, UInt64(unconfirmed.count)))
        let confirmed = Array(unconfirmed[..<count])
        unconfirmed.removeFirst(count)
        confirmedCount += UInt64(count)
        return confirmed
    }
}
