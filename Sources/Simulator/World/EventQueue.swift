// Virtual time: what happens next, and when. A binary heap by time, then by order of planning, so
// that nothing depends on how ties fall.

/// Microseconds since the simulation began.
typealias VirtualTime = UInt64

/// What can happen in the simulated world.
enum WorldEvent {
    /// A member's consensus clock moves.
    case tick(member: Int, life: UInt64)
    /// A message arrives, as bytes; `life` is the receiver's when it was sent.
    case deliver(from: Int, to: Int, life: UInt64, bytes: [UInt8])
    /// A member learns that another cannot be reached.
    case unreachable(member: Int, peer: Int)
    /// A disk finished what it was writing.
    case written(member: Int, life: UInt64)
    /// A client does its next step.
    case client(Int, step: UInt64)
    /// A client's request reaches a member.
    case request(ClientRequest)
    /// A member's answer reaches a client.
    case answer(ClientAnswer)
    /// The next fault.
    case fault
    /// A member's process or machine dies, if it is still in this life.
    case kill(member: Int, life: UInt64, power: Bool)
    /// A member that was stopped starts again.
    case start(member: Int)
    /// A member that was paused goes on.
    case resume(member: Int)
    /// A partition ends.
    case heal(partition: UInt64)
    /// A disk is fast again.
    case diskRecovers(member: Int)
    /// The membership is changed.
    case churn
    /// A member is given another version of the program.
    case upgrade
    /// A member's copy of its state is durable.
    case saved(member: Int, life: UInt64)
    /// A snapshot that a member was offered has arrived, or has not; the message that offered it.
    case fetched(from: Int, to: Int, life: UInt64, bytes: [UInt8])
    /// A member looks whether the snapshot it offered has arrived.
    case snapshotDue(member: Int, life: UInt64, peer: Int)
    /// The members are compared.
    case inspect
}

/// Events in the order in which they happen.
struct EventQueue {
    private struct Planned {
        let time: VirtualTime
        let number: UInt64
        let event: WorldEvent

        func isBefore(_ other: Planned) -> Bool {
            (time, number) < (other.time, other.number)
        }
    }

    private var heap: [Planned] = []
    private var nextNumber: UInt64 = 0

    /// Plans an event.
    mutating func plan(_ event: WorldEvent, at time: VirtualTime) {
        heap.append(Planned(time: time, number: nextNumber, event: event))
        nextNumber += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the next event.
    mutating func next() -> (time: VirtualTime, event: WorldEvent)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
