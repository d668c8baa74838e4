// Every table of the control plane, with its prefix: the map of the replicated state.

import Benchmarking
import Primitives
import Transparency

enum Tables {
    /// Index, place of the first -> events.
    static let events = Table<EventRun>(prefix: 0x60)
    static let signers = Table<SignerRecord>(prefix: 0x61)
    /// Index, place of the first -> receipts.
    static let receipts = Table<ReceiptRun>(prefix: 0x62)
    /// Signer, last nonce -> where older answers are.
    static let signerRuns = Table<SignerRecord>(prefix: 0x7E)
    static let meta = Table<ChainPosition>(prefix: 0x63)
    static let policies = Table<PolicyRecord>(prefix: 0x64)
    static let policyHistory = Table<PolicyRecord>(prefix: 0x65)
    static let seats = Table<Seat>(prefix: 0x66)
    static let providers = Table<ProviderRecord>(prefix: 0x67)
    static let samples = Table<BenchmarkSample>(prefix: 0x68)
    static let jobs = Table<JobRecord>(prefix: 0x69)
    static let tasks = Table<TaskRecord>(prefix: 0x6A)
    static let leases = Table<LeaseRecord>(prefix: 0x6B)
    static let rounds = Table<RoundRecord>(prefix: 0x6C)
    static let openTasks = Table<NumberRecord>(prefix: 0x6D)
    static let models = Table<ModelRecord>(prefix: 0x6E)
    static let servings = Table<ServingRecord>(prefix: 0x6F)
    static let keys = Table<KeyRecord>(prefix: 0x70)
    static let requests = Table<RequestRecord>(prefix: 0x71)
    static let epochs = Table<EpochRecord>(prefix: 0x72)
    static let facts = Table<FactRecord>(prefix: 0x73)
    static let holders = Table<AmountRecord>(prefix: 0x74)
    static let counters = Table<NumberRecord>(prefix: 0x75)
    // 0x76 holds the rows of the Merkle log; see MerkleLog.
    static let frontier = Table<MerkleFrontier>(prefix: 0x7D)
    static let objects = Table<ObjectRecord>(prefix: 0x77)
    static let entryChain = Table<DigestRecord>(prefix: 0x78)
    static let openLeases = Table<NumberRecord>(prefix: 0x79)
    static let trainers = Table<TrainersRecord>(prefix: 0x7A)
    static let notes = Table<RecordedEvent>(prefix: 0x7C)
    static let scores = Table<KernelScore>(prefix: 0xB0)
    static let paces = Table<PaceRecord>(prefix: 0xB1)
    static let seatDecisions = Table<SeatDecision>(prefix: 0x80)
    static let seatCourses = Table<SeatCourse>(prefix: 0x81)
    static let seatEvidence = Table<SeatEvidence>(prefix: 0x82)
    static let modelRevenue = Table<AmountRecord>(prefix: 0x7B)
}

/// Keys are built from fields of fixed size, so that their byte order is the fields' order.
enum Key {
    static func number(_ value: UInt64) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.sortable(value)
        return encoder.bytes
    }

    static func numbers(_ first: UInt64, _ second: UInt64) -> [UInt8] {
        number(first) + number(second)
    }

    static func text(_ value: String) -> [UInt8] { Array(value.utf8) }
}

/// A table's value that is one number.
struct NumberRecord: BinaryCodable {
    var value: UInt64

    init(_ value: UInt64) { self.value = value }

    func encode(into encoder: inout BinaryEncoder) { encoder.number(value) }

    init(from decoder: inout BinaryDecoder) throws(Refusal) { value = try decoder.number() }
}

/// A table's value that is one digest.
struct DigestRecord: BinaryCodable {
    var value: Digest

    init(_ value: Digest) { self.value = value }

    func encode(into encoder: inout BinaryEncoder) { encoder.digest(value) }

    init(from decoder: inout BinaryDecoder) throws(Refusal) { value = try decoder.digest() }
}

/// A table's value that is one amount.
struct AmountRecord: BinaryCodable {
    var value: Amount

    init(_ value: Amount) { self.value = value }

    func encode(into encoder: inout BinaryEncoder) { encoder.amount(value) }

    init(from decoder: inout BinaryDecoder) throws(Refusal) { value = try decoder.amount() }
}

/// Who trained a model, each with the number of verified tasks.
struct TrainersRecord: BinaryCodable {
    struct Share {
        var payee: Address
        var tasks: UInt64
    }

    var shares: [Share]

    init(_ shares: [Share]) { self.shares = shares }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.array(shares) {
            $0.address($1.payee)
            $0.number($1.tasks)
        }
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        shares = try decoder.array(limit: 100_000) { decoder throws(Refusal) in
            Share(payee: try decoder.address(), tasks: try decoder.number())
        }
    }
}
