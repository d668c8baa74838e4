// Opaque puts, in a deployment that exists only to be measured.
//
// They take the whole way of a command - appended, flushed, replicated, committed, applied in the
// entry's transaction - but carry no signature and leave no receipt, so that the way itself can be
// compared with that of a plain key-value store. Two locks keep them out of anything real: the
// member must be started with its bench route, and the state machine of a deployment whose genesis
// has another name than `deploymentName` refuses such an entry wherever it comes from.

public import Primitives

/// One log entry of opaque puts.
public struct BenchEntry: Sendable, Equatable {
    /// The only name of a deployment that takes puts.
    public static let deploymentName = "althing-bench"
    /// The first byte of such an entry; 1 is an entry of commands.
    public static let form: UInt8 = 2
    /// A put's first bytes are its key, the rest is its value.
    public static let keyBytes = 8
    /// The most bytes of one put.
    public static let putBytesLimit = 4096
    /// The most puts of one entry.
    public static let putLimit = 1024

    /// The leader's time.
    public var timestamp: Timestamp
    /// Which life of which leader made the batch, and its number there: by it the leader finds who
    /// waits for the answer.
    public var life: UInt64
    /// See `life`.
    public var batch: UInt64
    /// Keys with their values.
    public var puts: [[UInt8]]

    /// Makes an entry.
    public init(timestamp: Timestamp, life: UInt64, batch: UInt64, puts: [[UInt8]]) {
        self.timestamp = timestamp
        self.life = life
        self.batch = batch
        self.puts = puts
    }

    /// Whether an entry's bytes are of this form.
    public static func isForm(of payload: [UInt8]) -> Bool { payload.first == form }
}

extension BenchEntry: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(BenchEntry.form)
        encoder.timestamp(timestamp)
        encoder.sortable(life)
        encoder.sortable(batch)
        encoder.array(puts) { $0.data($1) }
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard try decoder.byte() == BenchEntry.form else {
            throw Refusal("codec.malformed", "this is no entry of puts")
        }
        timestamp = try decoder.timestamp()
        life = try decoder.sortable()
        batch = try decoder.sortable()
        puts = try decoder.array(limit: BenchEntry.putLimit) { decoder throws(Refusal) in
            let put = try decoder.data(limit: BenchEntry.putBytesLimit)
            guard put.count >= BenchEntry.keyBytes else {
                throw Refusal("codec.malformed", "a put has no key")
            }
            return put
        }
    }
}

/// Where puts lie in the state.
enum BenchTable {
    private static let prefix: UInt8 = 0x5F
    /// How many puts were ever applied; longer than any put's key.
    static let countKey = [prefix] + Array("count of puts".utf8)

    static func key(_ name: some Sequence<UInt8>) -> [UInt8] { [prefix] + name }
}

extension StateMachine {
    /// Whether this deployment takes puts.
    public var takesPuts: Bool { genesis.name == BenchEntry.deploymentName }

    /// The value last put under `key`, or nil.
    public func benchValue(_ key: [UInt8]) -> [UInt8]? { state.value(for: BenchTable.key(key)) }

    /// How many puts were applied since the genesis.
    public var benchCount: UInt64 { StateMachine.benchCount(in: state) }

    private static func benchCount(in state: any StateReader) -> UInt64 {
        guard let bytes = state.value(for: BenchTable.countKey) else { return 0 }
        var decoder = BinaryDecoder(bytes)
        return (try? decoder.number()) ?? 0
    }

    /// Applies an entry of puts.
    ///
    /// Throws `state.no-puts` in every deployment that is not for measuring, and as `apply`.
    public func applyPuts(index: UInt64, term: UInt64, payload: [UInt8]) throws(Refusal)
        -> (entry: BenchEntry, applied: AppliedEntry)
    {
        guard takesPuts else {
            throw Refusal("state.no-puts", "entry \(index) puts what this deployment does not take")
        }
        let entry = try BenchEntry(decoding: payload)
        let count = StateMachine.benchCount(in: state) + UInt64(entry.puts.count)
        try applyOpaque(index: index, term: term, timestamp: entry.timestamp, payload: payload) {
            overlay in
            for put in entry.puts {
                overlay.set(
                    BenchTable.key(put[..<BenchEntry.keyBytes]),
                    to: Array(put[BenchEntry.keyBytes...]))
            }
            var encoder = BinaryEncoder()
            encoder.number(count)
            overlay.set(BenchTable.countKey, to: encoder.bytes)
        }
        let applied = AppliedEntry(
            index: index, timestamp: entry.timestamp, receipts: [], events: [])
        return (entry, applied)
    }
}
