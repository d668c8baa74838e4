// Where a text ends because of a stop text: nothing that belongs to one may reach the customer,
// even when it comes in pieces.

/// Cuts a growing text before its first stop text.
///
/// What may be the beginning of a stop text is held back until it is known; so the outcome does not
/// depend on where the pieces were cut.
struct StopSearch {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// Whether a stop text came; nothing is taken any more.
    private(set) var isStopped = false

    /// A search for any of `stops`; empty ones are ignored.
    init(_ stops: [[UInt8]]) { self.stops = stops.filter { !$0.isEmpty } }

    /// Takes the next bytes and gives those that no stop text can claim any more.
    mutating func take(_ bytes: [UInt8]) -> [UInt8] {
        guard !isStopped else { return [] }
        var released: [UInt8] = []
        for byte in bytes {
            held.append(byte)
            // The first to be complete counts; of those that end together, the longest.
            if let stop = longest(of: stops, endingIn: held) {
                isStopped = true
                released += held.dropLast(stop)
                held = []
                return released
            }
            let kept = longestBeginning(endingIn: held)
            released += held.dropLast(kept)
            held = held.suffix(kept)
        }
        return released
    }

    /// The text ends here: gives what was held back.
    mutating func finish() -> [UInt8] {
        defer { held = [] }
        return held
    }

    private func longest(of stops: [[UInt8]], endingIn text: [UInt8]) -> Int? {
        stops.filter { text.suffix($0.count) == $0[...] }.map(\.count).max()
    }

    /// How many of the last bytes could be the beginning of a stop text.
    private func longestBeginning(endingIn text: [UInt8]) -> Int {
        stops.map { stop in
            (1..<max(2, stop.count)).last {
                $0 < stop.count && $0 <= text.count && text.suffix($0) == stop.prefix($0)
            } ?? 0
        }.max() ?? 0
    }
}
