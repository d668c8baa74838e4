// One command, or one due act, while it is being applied: the state it may change, the time and
// index it happens at, and the events it brings about.

import Primitives

/// What rules get to work with. Everything they change is forgotten if they throw.
final class Transaction {
    let state: StateOverlay
    let genesis: Genesis
    let now: Timestamp
    let index: UInt64
    private(set) var events: [Event] = []

    init(state: StateOverlay, genesis: Genesis, now: Timestamp, index: UInt64) {
        self.state = state
        self.genesis = genesis
        self.now = now
        self.index = index
    }

    /// Says that something happened.
    func emit(_ kind: String, _ fields: KeyValuePairs<String, String>) {
        events.append(Event(kind, fields))
    }

    /// Says that something happened.
    func emit(_ event: Event) { events.append(event) }

    /// Runs `body` so that it either happens whole or not at all.
    func attempt(_ body: (Transaction) throws(Refusal) -> Void) throws(Refusal) {
        let child = Transaction(
            state: StateOverlay(state), genesis: genesis, now: now, index: index)
        try body(child)
        state.adopt(child.state)
        events.append(contentsOf: child.events)
    }

    /// The next number of a sequence, from 1.
    func nextNumber(_ sequence: String) -> UInt64 {
        let key = Key.text(sequence)
        let next = (Tables.counters.record(key, in: state)?.value ?? 0) + 1
        Tables.counters.set(key, to: NumberRecord(next), in: state)
        return next
    }
}

extension StateReader {
    /// The last number given out by a sequence, zero when none was.
    func lastNumber(_ sequence: String) -> UInt64 {
        Tables.counters.record(Key.text(sequence), in: self)?.value ?? 0
    }
}
