// Every kernel of a device against the processor's, on random data: outputs are poisoned before,
// and what lies behind them must not be touched.

import CKernels
public import Primitives

/// One kernel, or one size of it, held against the processor.
public struct AcceleratorCheck: Sendable {
    /// What is checked, for a person.
    public let name: String
    private let body: @Sendable (Bench) throws(Refusal) -> Void

    init(_ name: String, _ body: @escaping @Sendable (Bench) throws(Refusal) -> Void) {
        self.name = name
        self.body = body
    }

    /// Runs it on a device with data drawn from `seed`; throws `gpu.wrong-answer`,
    /// `gpu.driver-failed` or `gpu.memory`.
    public func run(_ session: AcceleratorSession, seed: UInt64) throws(Refusal) {
        let bench = Bench(session, seed: seed)
        defer { bench.clear() }
        try body(bench)
        try bench.seeThatNothingElseWasWritten()
    }

    /// All checks; `isQuick` leaves out what takes seconds where a processor plays the device.
    public static func all(isQuick: Bool = false) -> [AcceleratorCheck] {
        operands + products(isQuick) + commitments + memory + rest
    }

    static func require(_ isRight: Bool, _ what: String) throws(Refusal) {
        guard isRight else {
            throw Refusal("gpu.wrong-answer", "the device computes \(what) wrong")
        }
    }
}

/// Places in a device's memory for one check.
final class Bench {
    let session: AcceleratorSession
    var lots: SplitMix64
    private var places: [(address: UInt64, bytes: Int)] = []

    private static let poison: UInt8 = 0xa5
    private static let guardBytes = 4096

    init(_ session: AcceleratorSession, seed: UInt64) {
        self.session = session
        lots = SplitMix64(seed: seed)
    }

    /// A place for `bytes` bytes, poisoned, with a guard behind it.
    func place(_ bytes: Int) throws(Refusal) -> UInt64 {
        let address = try session.allocate(bytes: bytes + Self.guardBytes)
        places.append((address, bytes))
        try session.fill(address, with: Self.poison, bytes: bytes + Self.guardBytes)
        return address
    }

    /// A place that holds these numbers.
    func place<Number: BitwiseCopyable>(_ values: [Number]) throws(Refusal) -> UInt64 {
        let address = try place(values.count * MemoryLayout<Number>.stride)
        try session.copy(values, to: address)
        return address
    }

    func seeThatNothingElseWasWritten() throws(Refusal) {
        for place in places {
            let after = try session.read(
                Self.guardBytes, of: UInt8(0), from: place.address + UInt64(place.bytes))
            try AcceleratorCheck.require(
                after.allSatisfy { $0 == Self.poison }, "within its memory: it writes behind it,")
        }
    }

    func clear() {
        for place in places { session.free(place.address) }
        places = []
    }

    /// Whole numbers in [-63, 63].
    func residues(_ count: Int) -> [Int8] {
        (0..<count).map { _ in Int8(Int(lots.next(below: 127)) - 63) }
    }

    /// Numbers in [-1, 1).
    func fractions(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float(Int(lots.next(below: 1 << 24)) - 1 << 23) / Float(1 << 23) }
    }

    func words(_ count: Int) -> [UInt64] { (0..<count).map { _ in lots.next() } }

    func key() -> [UInt8] { (0..<32).map { _ in UInt8(lots.next(below: 256)) } }
}

extension AcceleratorCheck {
    /// bfloat16 numbers, which hold these exactly.
    static func bfloat16(_ values: [Int8]) -> [UInt16] {
        values.map { UInt16(Float($0).bitPattern >> 16) }
    }

    // MARK: Operands

    private static let operands = [
        AcceleratorCheck("operands") { bench throws(Refusal) in
            let (streams, count) = (3, 4096)
            let key = bench.key()
            var expected = [Int8](repeating: 0, count: streams * count)
            for stream in 0..<streams {
                expected.withUnsafeMutableBufferPointer { out in
                    guard let start = out.baseAddress else { return }
                    challenge_operands(key, UInt64(stream), start + stream * count, count)
                }
            }
            let session = bench.session
            let keys = try bench.place(key)
            let places = [
                try bench.place(expected.count), try bench.place(2 * expected.count),
                try bench.place(4 * expected.count),
            ]
            for (format, place) in zip(AcceleratorSession.Format.allCases, places) {
                try session.draw(format, key: keys, streams: streams, count: count, to: place)
            }
            let bytes = try session.read(expected.count, of: Int8(0), from: places[0])
            try require(bytes == expected, "operands of bytes")
            let brain = try session.read(expected.count, of: UInt16(0), from: places[1])
            try require(brain == bfloat16(expected), "operands in bfloat16")
            let single = try session.read(expected.count, of: Float(0), from: places[2])
            try require(single == expected.map(Float.init), "operands in single precision")
        }
    ]

    // MARK: Commitments

    private static let commitments = [
        AcceleratorCheck("residues") { bench throws(Refusal) in
            let size = 96
            let sums = (0..<size * size).map { _ in
                Int32(truncatingIfNeeded: Int(bench.lots.next(below: 1 << 25)) - 1 << 24)
            }
            let session = bench.session
            let expected = sums.map { sum -> Int8 in
                let rest = Int(sum) % 127
                return Int8(rest > 63 ? rest - 127 : rest < -63 ? rest + 127 : rest)
            }
            var laid = expected
            for row in 0..<size {
                for column in 0..<size {
                    laid[row / 32 * 32 * size + column * 32 + row % 32] =
                        expected[row * size + column]
                }
            }
            let panels = [try bench.place(laid.count), try bench.place(laid.count)]
            let bytes = try bench.place(laid.count)
            let brain = try bench.place(2 * laid.count)
            try session.reduce(
                .int8, size: size, sums: try bench.place(sums), panels: panels[0],
                operands: bytes)
            try session.reduce(
                .bfloat16, size: size, sums: try bench.place(sums.map(Float.init)),
                panels: panels[1], operands: brain)
            for place in panels {
                let found = try session.read(laid.count, of: Int8(0), from: place)
                try require(found == laid, "panels of residues")
            }
            let (foundBytes, foundBrain) = (
                try session.read(laid.count, of: Int8(0), from: bytes),
                try session.read(laid.count, of: UInt16(0), from: brain)
            )
            try require(
                foundBytes == expected && foundBrain == bfloat16(expected), "residues")
        },
        AcceleratorCheck("digests") { bench throws(Refusal) in
            for (bytes, count) in [(1024, 96), (136, 16), (4, 3)] {
                let content = (0..<bytes * count).map { _ in UInt8(bench.lots.next(below: 256)) }
                let leaves = try bench.place(32 * count)
                try bench.session.hashLeaves(
                    try bench.place(content), bytes: bytes, count: count, to: leaves)
                let found = try bench.session.read(32 * count, of: UInt8(0), from: leaves)
                let expected = (0..<count).flatMap {
                    digest(0, Array(content[$0 * bytes..<($0 + 1) * bytes]))
                }
                try require(found == expected, "digests of leaves of \(bytes) bytes")
            }
            let (width, trees) = (7, 5)
            let nodes = (0..<32 * width * trees).map { _ in UInt8(bench.lots.next(below: 256)) }
            let above = try bench.place(32 * 4 * trees)
            try bench.session.hashLevel(
                try bench.place(nodes), width: width, trees: trees, to: above)
            let found = try bench.session.read(32 * 4 * trees, of: UInt8(0), from: above)
            var expected: [UInt8] = []
            for tree in 0..<trees {
                for node in stride(from: 32 * width * tree, to: 32 * width * (tree + 1), by: 64) {
                    let isAlone = node + 32 == 32 * width * (tree + 1)
                    expected +=
                        isAlone
                        ? Array(nodes[node..<node + 32]) : digest(1, Array(nodes[node..<node + 64]))
                }
            }
            try require(found == expected, "digests of nodes")
        },
    ]

    /// SHA-256 of a byte and what follows it.
    private static func digest(_ prefix: UInt8, _ content: [UInt8]) -> [UInt8] {
        var (first, second) = (
            [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32)
        )
        sha256_pair(prefix, content, content, content.count, &first, &second)
        return first
    }
}
