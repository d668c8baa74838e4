// scrypt (Percival, RFC 7914), written here because OpenSSL refuses what keystores in the field
// use: n = 262144 with r = 1 passes the RFC's bound n < 2^(16r). Memory and work are bounded before
// anything is allocated, so a hostile keystore costs nothing.
//
// The words of each 64-byte block are kept in the order of the diagonals of Salsa20's matrix, which
// makes every quarter-round four lanes of one vector operation.

public import Primitives

/// The scrypt password-based key derivation function.
public enum Scrypt {
    /// The cost of a derivation.
    public struct Parameters: Sendable, Equatable {
        /// CPU and memory cost: a power of two above one.
        public let n: Int
        /// Block size in units of 128 bytes.
        public let r: Int
        /// Parallelism.
        public let p: Int

        /// Sets the cost.
        public init(n: Int, r: Int, p: Int) {
            self.n = n
            self.r = r
            self.p = p
        }

        /// What geth and foundry write by default: 256 MiB.
        public static let standard = Parameters(n: 262_144, r: 8, p: 1)
        /// What geth writes for light clients: 4 MiB.
        public static let light = Parameters(n: 4096, r: 8, p: 6)
    }

    /// How much a derivation may cost.
    public struct Limits: Sendable {
        /// The most bytes of working memory.
        public var memory: Int
        /// The most blocks mixed, `n * r * p`.
        public var work: Int

        /// Sets limits; by default twice the memory and four times the work of geth's keystores.
        public init(memory: Int = 512 << 20, work: Int = 1 << 23) {
            self.memory = memory
            self.work = work
        }
    }

    /// Derives `count` bytes; throws `crypto.parameters` when the cost is out of bounds.
    public static func derive(
        password: SecretBytes, salt: [UInt8], _ parameters: Parameters, count: Int,
        limits: Limits = Limits()
    ) throws(Refusal) -> SecretBytes {
        try check(parameters, limits)
        let blockBytes = 128 * parameters.r
        let blocks = try PBKDF2.sha256(
            password: password, salt: salt, iterations: 1, count: blockBytes * parameters.p)
        var mixed = blocks.exposed()
        mixed.withUnsafeMutableBytes { buffer in
            var mixer = ScryptMixer(n: parameters.n, r: parameters.r)
            for start in stride(from: 0, to: buffer.count, by: blockBytes) {
                mixer.mix(
                    UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + blockBytes]))
            }
            mixer.discard()
        }
        defer { Wipe.array(&mixed) }
        return try PBKDF2.sha256(password: password, salt: mixed, iterations: 1, count: count)
    }

    /// Refuses parameters that are wrong or cost more than the limits.
    public static func check(
        _ parameters: Parameters, _ limits: Limits = Limits()
    ) throws(Refusal) {
        let (n, r, p) = (parameters.n, parameters.r, parameters.p)
        guard n > 1, n & (n - 1) == 0, r > 0, p > 0 else {
            throw Refusal(
                "crypto.parameters",
                "scrypt needs n a power of two above one, and r and p above zero"
                    + " (n=\(n) r=\(r) p=\(p))"
            )
        }
        // Each factor is bounded first, so that no product can overflow.
        guard n <= limits.work, r <= limits.work, p <= limits.work,
            n * r <= limits.work, n * r * p <= limits.work,
            128 * r * (n + p) <= limits.memory, 128 * r * p <= 1 << 20
        else {
            throw Refusal(
                "crypto.parameters", "scrypt n=\(n) r=\(r) p=\(p) costs more than is allowed here")
        }
    }
}

/// ROMix over one working memory, which the lanes of a derivation use one after the other.
private struct ScryptMixer {
    private typealias Row = SIMD4<UInt32>
    private let n: Int
    // Rows of four words in one block of 128 * r bytes.
    private let rows: Int
    private let memory: UnsafeMutablePointer<Row>
    private let block: UnsafeMutablePointer<Row>
    private let scratch: UnsafeMutablePointer<Row>

    init(n: Int, r: Int) {
        self.n = n
        rows = 8 * r
        memory = .allocate(capacity: n * rows)
        block = .allocate(capacity: rows)
        scratch = .allocate(capacity: rows)
    }

    /// Wipes and frees the working memory.
    mutating func discard() {
        for (pointer, count) in [(memory, n * rows), (block, rows), (scratch, rows)] {
            Wipe.memory(UnsafeMutableRawBufferPointer(start: pointer, count: count * 16))
            pointer.deallocate()
        }
    }

    mutating func mix(_ buffer: UnsafeMutableRawBufferPointer) {
        load(UnsafeRawBufferPointer(buffer))
        var (current, next) = (block, scratch)
        for index in 0..<n {
            (memory + index * rows).update(from: current, count: rows)
            ScryptMixer.blockMix(current, into: next, rows)
            swap(&current, &next)
        }
        let mask = UInt32(truncatingIfNeeded: n - 1)
        for _ in 0..<n {
            // The first word of the last 64-byte part chooses the block to mix in.
            let chosen = memory + Int(current[rows - 4][0] & mask) * rows
            for row in 0..<rows { current[row] ^= chosen[row] }
            ScryptMixer.blockMix(current, into: next, rows)
            swap(&current, &next)
        }
        store(current, into: buffer)
    }

    // Word i of a stored part is word 5i mod 16 of the part as RFC 7914 numbers it.
    private func load(_ buffer: UnsafeRawBufferPointer) {
        for row in 0..<rows {
            var words = Row()
            for lane in 0..<4 {
                let word = (row >> 2) * 16 + ((row & 3) * 4 + lane) * 5 % 16
                words[lane] = UInt32(
                    littleEndian: buffer.loadUnaligned(fromByteOffset: word * 4, as: UInt32.self))
            }
            block[row] = words
        }
    }

    private func store(
        _ current: UnsafeMutablePointer<Row>, into buffer: UnsafeMutableRawBufferPointer
    ) {
        for row in 0..<rows {
            for lane in 0..<4 {
                let word = (row >> 2) * 16 + ((row & 3) * 4 + lane) * 5 % 16
                buffer.storeBytes(
                    of: current[row][lane].littleEndian, toByteOffset: word * 4, as: UInt32.self)
            }
        }
    }

    /// BlockMix: even parts go to the first half of the output, odd ones to the second.
    @inline(__always)
    private static func blockMix(
        _ input: UnsafeMutablePointer<Row>, into output: UnsafeMutablePointer<Row>, _ rows: Int
    ) {
        let parts = rows >> 2
        var a = input[rows - 4]
        var b = input[rows - 3]
        var c = input[rows - 2]
        var d = input[rows - 1]
        var part = 0
        while part < parts {
            let source = input + part * 4
            a ^= source[0]
            b ^= source[1]
            c ^= source[2]
            d ^= source[3]
            salsa(&a, &b, &c, &d)
            let target = output + ((part >> 1) + (part & 1) * (parts >> 1)) * 4
            target[0] = a
            target[1] = b
            target[2] = c
            target[3] = d
            part += 1
        }
    }

    /// Salsa20/8 on rows that hold the matrix's diagonals.
    @inline(__always)
    private static func salsa(_ a: inout Row, _ b: inout Row, _ c: inout Row, _ d: inout Row) {
        let before = (a, b, c, d)
        var doubleRound = 0
        while doubleRound < 4 {
            mix(&b, a &+ d, 7)
            mix(&c, b &+ a, 9)
            mix(&d, c &+ b, 13)
            mix(&a, d &+ c, 18)
            b = turnRight(b)
            c = turnHalf(c)
            d = turnLeft(d)
            mix(&d, a &+ b, 7)
            mix(&c, d &+ a, 9)
            mix(&b, c &+ d, 13)
            mix(&a, b &+ c, 18)
            b = turnLeft(b)
            c = turnHalf(c)
            d = turnRight(d)
            doubleRound += 1
        }
        a = a &+ before.0
        b = b &+ before.1
        c = c &+ before.2
        d = d &+ before.3
    }

    /// `row ^= rotate(sum)`, as two exclusive ors: written as one rotation, the compiler takes the
    /// vector apart and rotates its lanes one by one.
    @inline(__always)
    private static func mix(_ row: inout Row, _ sum: Row, _ count: UInt32) {
        row ^= sum &<< Row(repeating: count)
        row ^= sum &>> Row(repeating: 32 &- count)
    }

    @inline(__always)
    private static func turnLeft(_ row: Row) -> Row { Row(row[1], row[2], row[3], row[0]) }
    @inline(__always)
    private static func turnHalf(_ row: Row) -> Row { Row(row[2], row[3], row[0], row[1]) }
    @inline(__always)
    private static func turnRight(_ row: Row) -> Row { Row(row[3], row[0], row[1], row[2]) }
}
