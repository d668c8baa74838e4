// What an entry brought about, as the state keeps it: the answers to its commands and its events,
// each in runs in the order in which they came. A row of the state costs about the same whether it
// holds one answer or thirty-two, and rows that only ever follow one another cost the least.

import Cryptography
import Primitives

/// Some of an entry's events in order.
struct EventRun: BinaryCodable {
    let timestamp: Timestamp
    let events: [Event]

    /// The canonical form, of events that are encoded already.
    static func encoded(_ timestamp: Timestamp, _ events: ArraySlice<[UInt8]>) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.timestamp(timestamp)
        encoder.array(Array(events)) { $0.raw($1) }
        return encoder.bytes
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.timestamp(timestamp)
        encoder.array(events) { $0.value($1) }
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        timestamp = try decoder.timestamp()
        events = try decoder.array(limit: Outcomes.runLength) { decoder throws(Refusal) in
            try decoder.value()
        }
    }
}

/// A receipt without its events: they are the entry's, from one place on.
struct StoredReceipt: BinaryCodable {
    private let bare: CommandReceipt
    let firstEvent: UInt64
    let eventCount: UInt64

    init(_ receipt: CommandReceipt, firstEvent: Int) {
        var bare = receipt
        bare.events = []
        self.bare = bare
        self.firstEvent = UInt64(firstEvent)
        eventCount = UInt64(receipt.events.count)
    }

    /// The receipt with its events.
    func receipt(_ events: some Sequence<Event>) -> CommandReceipt {
        var receipt = bare
        receipt.events = Array(events)
        return receipt
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.value(bare)
        encoder.number(firstEvent)
        encoder.number(eventCount)
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        bare = try decoder.value()
        firstEvent = try decoder.number()
        eventCount = try decoder.number()
    }
}

/// Some of an entry's receipts in order.
struct ReceiptRun: BinaryCodable {
    var receipts: [StoredReceipt]

    init(_ receipts: [StoredReceipt]) { self.receipts = receipts }

    func encode(into encoder: inout BinaryEncoder) { encoder.array(receipts) { $0.value($1) } }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        receipts = try decoder.array(limit: Outcomes.runLength) { decoder throws(Refusal) in
            try decoder.value()
        }
    }
}

/// Where a receipt is: the entry, and the how manieth of its receipts.
struct ReceiptPlace: Equatable {
    var index: UInt64
    var ordinal: UInt64
}

/// The answers and events of the entry that is being applied. An event's bytes go into its
/// command's leaf, into the chain of events and into the state, and are made once.
struct EntryOutcomes {
    let index: UInt64
    let timestamp: Timestamp
    /// Every event so far.
    private(set) var events: [Event]
    private var encodedEvents: [[UInt8]]
    private var receipts: [StoredReceipt] = []

    /// - Parameter events: what fell due before the first command.
    init(index: UInt64, timestamp: Timestamp, events: [Event], capacity: Int) {
        self.index = index
        self.timestamp = timestamp
        self.events = events
        encodedEvents = events.map { $0.encoded }
        receipts.reserveCapacity(capacity)
    }

    /// Where the next receipt will be.
    var nextPlace: ReceiptPlace {
        ReceiptPlace(index: index, ordinal: UInt64(receipts.count))
    }

    /// Takes a command's answer with its events, and these events' bytes.
    mutating func append(_ receipt: CommandReceipt, _ encoded: [[UInt8]]) {
        receipts.append(StoredReceipt(receipt, firstEvent: events.count))
        events.append(contentsOf: receipt.events)
        encodedEvents.append(contentsOf: encoded)
    }

    /// The chain of events after all of these: each is hashed as a `RecordedEvent`, after the
    /// value before.
    func chain(after previous: Digest) -> Digest {
        var place = BinaryEncoder()
        place.number(index)
        place.timestamp(timestamp)
        var chain = previous
        for event in encodedEvents {
            var hasher = SHA256.Hasher()
            hasher.update(chain)
            hasher.update(place.bytes)
            hasher.update(event)
            chain = hasher.finalize()
        }
        return chain
    }

    /// An answer given before: in this entry or an earlier one.
    func receipt(at place: ReceiptPlace, in state: any StateReader) -> CommandReceipt? {
        guard place.index == index else { return Outcomes.receipt(at: place, in: state) }
        guard place.ordinal < UInt64(receipts.count) else { return nil }
        let stored = receipts[Int(place.ordinal)]
        return stored.receipt(
            events.dropFirst(Int(stored.firstEvent)).prefix(Int(stored.eventCount)))
    }

    /// Writes everything down, once nothing more is to come.
    func store(in state: StateOverlay) {
        for first in stride(from: 0, to: receipts.count, by: Outcomes.runLength) {
            let run = receipts[first..<min(first + Outcomes.runLength, receipts.count)]
            Tables.receipts.append(
                Key.numbers(index, UInt64(first)), ReceiptRun(Array(run)), in: state)
        }
        for first in stride(from: 0, to: events.count, by: Outcomes.runLength) {
            let run = encodedEvents[first..<min(first + Outcomes.runLength, events.count)]
            state.append(
                [Tables.events.prefix] + Key.numbers(index, UInt64(first)),
                EventRun.encoded(timestamp, run))
        }
    }
}

/// Reading what entries brought about.
enum Outcomes {
    /// The most answers, or events, in one row.
    static let runLength = 32

    /// The receipt at a place, if there is one.
    static func receipt(at place: ReceiptPlace, in state: any StateReader) -> CommandReceipt? {
        let length = UInt64(runLength)
        let first = place.ordinal / length * length
        let key = Key.numbers(place.index, first)
        guard let run = Tables.receipts.record(key, in: state),
            place.ordinal - first < UInt64(run.receipts.count)
        else { return nil }
        let stored = run.receipts[Int(place.ordinal - first)]
        guard stored.eventCount > 0 else { return stored.receipt([]) }
        let firstRun = stored.firstEvent / length
        let lastRun = (stored.firstEvent + stored.eventCount - 1) / length
        let runs = Tables.events.records(
            withPrefix: Key.number(place.index),
            from: Key.numbers(place.index, firstRun * length),
            limit: Int(lastRun - firstRun) + 1, in: state)
        let events = runs.flatMap(\.record.events)
        return stored.receipt(
            events.dropFirst(Int(stored.firstEvent - firstRun * length))
                .prefix(Int(stored.eventCount)))
    }

    /// At most `limit` events of entries from `index` on, in order.
    static func events(from index: UInt64, limit: Int, in state: any StateReader)
        -> [RecordedEvent]
    {
        var events: [RecordedEvent] = []
        var start = Key.numbers(index, 0)
        while events.count < limit {
            // About as many rows as it takes: one may hold a single event, or all that are left.
            let rows = (limit - events.count) / runLength + 1
            let runs = Tables.events.records(from: start, limit: rows, in: state)
            for (key, run) in runs {
                let index = Views.number(Array(key.prefix(8)))
                events += run.events.map {
                    RecordedEvent(index: index, timestamp: run.timestamp, event: $0)
                }
            }
            guard runs.count == rows, let last = runs.last else { break }
            start = last.key + [0]
        }
        return Array(events.prefix(limit))
    }
}
