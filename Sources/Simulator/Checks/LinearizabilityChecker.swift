// Whether concurrent operations could have happened one at a time, each at some moment between its
// call and its return (Wing and Gong 1993, with the memory of Lowe 2017: a set of operations that
// led to a state once need not be tried again).

/// A machine that does one thing at a time.
package protocol SequentialModel {
    associatedtype State: Hashable
    associatedtype Action
    /// How it starts.
    var first: State { get }
    /// The state after an action, or nil where it could not have had its outcome.
    func apply(_ action: Action, to state: State) -> State?
}

/// An action with when it was asked for and answered.
package struct TimedAction<Action> {
    let action: Action
    let called: VirtualTime
    /// Nil when it was never answered: it may happen at any later time, or never.
    let returned: VirtualTime?

    /// An action with its times, in any one unit.
    package init(action: Action, called: UInt64, returned: UInt64?) {
        self.action = action
        self.called = called
        self.returned = returned
    }
}

extension TimedAction: Sendable where Action: Sendable {}

/// What the checker found.
package enum Linearizability: Equatable {
    /// There is an order.
    case holds
    /// There is none.
    case broken
    /// The search was given up.
    case undecided
}

/// Searches for an order.
package struct LinearizabilityChecker<Model: SequentialModel> {
    private struct Event {
        let action: Int
        let isCall: Bool
        var previous: Int
        var next: Int
    }

    private struct Seen: Hashable {
        let done: BitSet
        let state: Model.State
    }

    private struct Choice {
        let call: Int
        let state: Model.State
    }

    private let model: Model
    private let actions: [TimedAction<Model.Action>]
    /// Calls and returns in order of time, as a list from which chosen ones are lifted. The first
    /// is a sentinel.
    private var events: [Event] = []
    private var returnOf: [Int]
    private let stepLimit: Int

    /// Prepares to look for an order; the search is given up after `stepLimit` steps.
    package init(
        _ model: Model, _ actions: [TimedAction<Model.Action>], stepLimit: Int = 2_000_000
    ) {
        self.model = model
        self.actions = actions
        self.stepLimit = stepLimit
        returnOf = [Int](repeating: 0, count: actions.count)
        var moments: [(time: VirtualTime, isReturn: Bool, action: Int)] = []
        for (number, action) in actions.enumerated() {
            moments.append((action.called, false, number))
            moments.append((action.returned ?? .max, true, number))
        }
        // At the same moment calls come first: who overlaps by nothing is taken to overlap.
        moments.sort {
            ($0.time, $0.isReturn ? 1 : 0, $0.action) < ($1.time, $1.isReturn ? 1 : 0, $1.action)
        }
        events.append(Event(action: -1, isCall: false, previous: -1, next: 1))
        for (place, moment) in moments.enumerated() {
            if moment.isReturn { returnOf[moment.action] = place + 1 }
            events.append(
                Event(
                    action: moment.action, isCall: !moment.isReturn, previous: place,
                    next: place + 2))
        }
        events[events.count - 1].next = -1
        if moments.isEmpty { events[0].next = -1 }
    }

    /// Looks for an order of all answered actions, with any of the others.
    package mutating func check() -> Linearizability {
        var state = model.first
        var done = BitSet(count: actions.count)
        var seen: Set<Seen> = []
        var choices: [Choice] = []
        var place = events[0].next
        var steps = 0
        while place >= 0 {
            steps += 1
            if steps > stepLimit { return .undecided }
            let event = events[place]
            if event.isCall {
                if let after = model.apply(actions[event.action].action, to: state) {
                    var with = done
                    with.insert(event.action)
                    if seen.insert(Seen(done: with, state: after)).inserted {
                        choices.append(Choice(call: place, state: state))
                        (done, state) = (with, after)
                        lift(place)
                        place = events[0].next
                        continue
                    }
                }
                place = event.next
                continue
            }
            // Whoever was never answered returns last: all others are in order.
            if actions[event.action].returned == nil { return .holds }
            guard let last = choices.popLast() else { return .broken }
            state = last.state
            done.remove(events[last.call].action)
            put(last.call)
            place = events[last.call].next
        }
        return .holds
    }

    /// Takes a call and its return out of the list.
    private mutating func lift(_ call: Int) {
        for place in [call, returnOf[events[call].action]] {
            let event = events[place]
            events[event.previous].next = event.next
            if event.next >= 0 { events[event.next].previous = event.previous }
        }
    }

    /// Puts them back, in the opposite order.
    private mutating func put(_ call: Int) {
        for place in [returnOf[events[call].action], call] {
            let event = events[place]
            events[event.previous].next = place
            if event.next >= 0 { events[event.next].previous = place }
        }
    }
}

/// A set of small numbers.
struct BitSet: Hashable {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: count / 64 + 1) }

    mutating func insert(_ number: Int) { words[number / 64] |= 1 << (number % 64) }

    mutating func remove(_ number: Int) { words[number / 64] &= ~(1 << (number % 64)) }
}
