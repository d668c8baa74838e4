// What the lanes of each kernel compute. All of it is exact: integers, or floating point operations
// that are rounded one way only, so that every machine finds the same digests.

import CKernels
import Cryptography
import Primitives

extension LaneComputation {
    /// SHA-256 of the lane's last digest, again and again: 64 bytes of compression a step.
    ///
    /// The first message is the key and the lane's number in eight bytes, little-endian.
    static let sha256 = LaneComputation(workPerStep: 64) { key, first, count, steps, digests in
        for index in 0..<count {
            var number = (first + UInt64(index)).littleEndian
            let start = SHA256.hash(key + withUnsafeBytes(of: &number) { Array($0) })
            write(start, to: digests, index)
        }
        sha256_chain(digests, count, UInt64(max(1, steps) - 1))
    }

    /// `x = x x - c`, rounded once, on 128 values a lane: two operations a value and step.
    static let fmaChain = LaneComputation(
        workPerStep: 2 * UInt64(FMA_CHAIN_GROUP)
    ) { key, first, count, steps, digests in
        let values = Int(FMA_CHAIN_GROUP)
        let (x, c) = (
            AlignedBuffer<Float>(count: values, repeating: 0),
            AlignedBuffer<Float>(count: values, repeating: 0)
        )
        for index in 0..<count {
            let words = random32(2 * values, key, stream: first + UInt64(index))
            for value in 0..<values {
                // x in [-1, 1), c in [1.5, 2), both exact.
                x.start[value] = Float(words[value] >> 8) * 0x1p-23 - 1
                c.start[value] = 1.5 + Float(words[values + value] >> 10) * 0x1p-23
            }
            fma_chain(x.start, c.start, values, UInt64(steps))
            write(SHA256.hash(x.bytes(from: 0, count: values)), to: digests, index)
        }
    }

    /// A walk through 256 KiB with branches that nobody can predict: one operation a step.
    static let integerMix = LaneComputation(workPerStep: 1) {
        key, first, count, steps, digests in
        // The table is the round's: drawn from a stream that no lane has.
        let entries = Int(INTEGER_MIX_ENTRIES)
        let table = AlignedBuffer<UInt64>(count: entries, repeating: 0)
        UnsafeMutableRawPointer(table.start).withMemoryRebound(
            to: UInt8.self, capacity: entries * 8
        ) { challenge_random_bytes(key, .max, $0, entries * 8) }
        for index in 0..<count {
            let words = random32(8, key, stream: first + UInt64(index))
            var state = (0..<4).map { UInt64(words[2 * $0]) << 32 | UInt64(words[2 * $0 + 1]) }
            integer_mix(table.start, &state, UInt64(steps))
            write(state.withUnsafeBytes { SHA256.hash($0) }, to: digests, index)
        }
    }

    private static let transformLog2: UInt32 = 14
    private static let twiddles: [UInt32] = {
        var twiddles = [UInt32](repeating: 0, count: 1 << Int(transformLog2))
        ntt_prepare(transformLog2, &twiddles)
        return twiddles
    }()

    /// Number theoretic transforms of 2^14 residues, one after the other.
    static let transform = LaneComputation(
        workPerStep: UInt64(transformLog2) << UInt64(transformLog2 - 1)
    ) { key, first, count, steps, digests in
        let size = 1 << Int(transformLog2)
        for index in 0..<count {
            var values = random32(size, key, stream: first + UInt64(index))
            for at in values.indices { values[at] = residue(values[at] >> 1) }
            for step in 0..<steps {
                // Two transforms in a row would be one permutation: what stands between is no
                // linear map of residues.
                if step > 0 {
                    for at in values.indices { values[at] = residue(values[at] ^ values[at] >> 7) }
                }
                ntt_forward(transformLog2, twiddles, &values)
            }
            write(values.withUnsafeBytes { SHA256.hash($0) }, to: digests, index)
        }
    }

    /// 31 bits as a residue of the transform's prime.
    private static func residue(_ bits: UInt32) -> UInt32 {
        bits >= UInt32(NTT_PRIME) ? bits - UInt32(NTT_PRIME) : bits
    }

    // MARK: Parts

    /// Words of the stream of a lane; a multiple of 1,024 bytes is drawn.
    static func random32(_ count: Int, _ key: [UInt8], stream: UInt64) -> [UInt32] {
        let group = Int(CHALLENGE_GROUP)
        let bytes = (count * 4 + group - 1) / group * group
        var words = [UInt32](repeating: 0, count: bytes / 4)
        words.withUnsafeMutableBytes { buffer in
            guard let start = buffer.bindMemory(to: UInt8.self).baseAddress else { return }
            challenge_random_bytes(key, stream, start, bytes)
        }
        return words
    }

    static func write(
        _ digest: Digest, to digests: UnsafeMutablePointer<UInt8>, _ index: Int
    ) {
        digest.withBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            UnsafeMutableRawPointer(digests + index * digestBytes).copyMemory(
                from: start, byteCount: digestBytes)
        }
    }
}
