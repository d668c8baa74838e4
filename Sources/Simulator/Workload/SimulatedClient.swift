// A client: one operation at a time, asked again until it has an answer, at whichever member.

import Primitives

/// One client and where it stands.
struct SimulatedClient {
    /// The operation under way.
    struct Open {
        let operation: Int
        let question: ClientQuestion
        var target: Int
        var attempts = 1
    }

    let number: Int
    var random: SplitMix64
    /// The last nonce it used.
    var nonce: UInt64 = 0
    var open: Open?
    /// Grows with every step, so that a timer of an earlier one is known to be stale.
    var step: UInt64 = 0
    /// The member it thinks leads.
    var favourite = 0
    /// How many operations it completed since the liveness phase began.
    var completed = 0

    init(number: Int, seed: UInt64) {
        self.number = number
        random = SplitMix64.stream(seed, 0x1000 + UInt64(number))
    }

    /// What it asks next.
    mutating func nextQuestion() -> ClientQuestion {
        if random.happens(450) { return .read(account: random.position(Blueprint.clientCount)) }
        nonce += 1
        return .transfer(nonce: nonce)
    }

    /// Whom it asks: mostly whom it thinks leads, and anybody for a read.
    mutating func target(for question: ClientQuestion, among members: Int) -> Int {
        let isRead = if case .read = question { true } else { false }
        return random.happens(isRead ? 600 : 150) ? random.position(members) : favourite
    }
}
