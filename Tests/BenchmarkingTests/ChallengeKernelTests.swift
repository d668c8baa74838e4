// The C kernels against obvious Swift.

import CKernels
import Primitives
import Testing

@testable import Benchmarking

@Suite struct ChallengeKernelTests {
    private func quarter(_ x: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value << by | value >> (32 - by) }
        x[a] &+= x[b]
        x[d] = rotate(x[d] ^ x[a], 16)
        x[c] &+= x[d]
        x[b] = rotate(x[b] ^ x[c], 12)
        x[a] &+= x[b]
        x[d] = rotate(x[d] ^ x[a], 8)
        x[c] &+= x[d]
        x[b] = rotate(x[b] ^ x[c], 7)
    }

    /// One block of ChaCha with `rounds` rounds.
    private func block(_ key: [UInt8], _ stream: UInt64, _ block: UInt64, rounds: Int) -> [UInt32] {
        var start: [UInt32] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]
        for word in 0..<8 {
            start.append((0..<4).reduce(0) { $0 | UInt32(key[word * 4 + $1]) << UInt32(8 * $1) })
        }
        start += [UInt32(truncatingIfNeeded: block), UInt32(block >> 32)]
        start += [UInt32(truncatingIfNeeded: stream), UInt32(stream >> 32)]
        var x = start
        for _ in 0..<rounds / 2 {
            for i in 0..<4 { quarter(&x, i, 4 + i, 8 + i, 12 + i) }
            for i in 0..<4 { quarter(&x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4) }
        }
        return zip(x, start).map { $0 &+ $1 }
    }

    @Test func `the reference is ChaCha`() {
        // The published ChaCha20 block of the zero key and nonce begins 76 b8 e0 ad a0 f1 3d 90.
        let words = block([UInt8](repeating: 0, count: 32), 0, 0, rounds: 20)
        #expect(words[0] == 0xADE0_B876 && words[1] == 0x903D_F1A0)
    }

    @Test func `random bytes are ChaCha8, sixteen blocks side by side`() {
        let key = (0..<32).map { UInt8($0 * 7) }
        let stream: UInt64 = 0x1_0000_0005
        var bytes = [UInt8](repeating: 0, count: 2048)
        challenge_random_bytes(key, stream, &bytes, bytes.count)
        for group in 0..<2 {
            for lane in 0..<16 {
                let words = block(key, stream, UInt64(group * 16 + lane), rounds: 8)
                for word in 0..<16 {
                    let at = group * 1024 + word * 64 + lane * 4
                    let got = (0..<4).reduce(UInt32(0)) {
                        $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1)
                    }
                    #expect(got == words[word])
                }
            }
        }
        var operands = [Int8](repeating: 0, count: 2048)
        var floats = [Float](repeating: 0, count: 2048)
        challenge_operands(key, stream, &operands, 2048)
        challenge_operands_float(key, stream, &floats, 2048)
        #expect(operands == bytes.map { Int8(Int($0) * 127 / 256 - 63) })
        #expect(floats == operands.map(Float.init))
        #expect(operands.min() == -63 && operands.max() == 63)
    }

    @Test func `reducing gives the balanced residue of every exact sum`() {
        var values = (-200...200).map { Float($0) }
        values += [-16_256_000, 16_256_000, 16_777_215, -16_777_215, 63, -63, 64, -64]
        var lots = SplitMix64(seed: 2)
        values += (0..<2000).map { _ in Float(Int(lots.next(below: 32_000_000)) - 16_000_000) }
        let before = values
        var bytes = [Int8](repeating: 0, count: values.count)
        challenge_reduce(&values, &bytes, values.count)
        for (value, byte) in zip(before, bytes) {
            var rest = Int(value) % 127
            rest += rest > 63 ? -127 : rest < -63 ? 127 : 0
            #expect(Int(byte) == rest)
        }
        #expect(values == bytes.map(Float.init))
    }

    @Test func `the range check sees every byte value`() {
        for value in Int8.min...Int8.max {
            var bytes = [Int8](repeating: 5, count: 77)
            bytes[76] = value
            #expect((challenge_in_range(bytes, 77) == 1) == (-63...63).contains(value))
        }
    }

    @Test(arguments: [32, 96, 544])
    func `both Freivalds products agree with obvious sums`(size: Int) {
        var lots = SplitMix64(seed: 4)
        let rows = 32
        let vectors = Int(FREIVALDS_VECTORS)
        func residue() -> Int { Int(lots.next(below: 127)) - 63 }
        let band = (0..<rows * size).map { _ in Int8(residue()) }
        let right = (0..<vectors * size).map { _ in Int8(residue()) }
        let left = (0..<vectors * rows).map { _ in Int8(residue()) }
        var forward = [Int32](repeating: 9, count: vectors * rows)
        var backward = [Int32](repeating: 1, count: vectors * size)
        freivalds_rows(band, rows, size, right, &forward, rows)
        freivalds_columns(band, rows, size, left, rows, &backward)
        for vector in 0..<vectors {
            for row in 0..<rows {
                let sum = (0..<size).reduce(0) {
                    $0 + Int(band[row * size + $1]) * Int(right[vector * size + $1])
                }
                #expect(Int(forward[vector * rows + row]) == sum)
            }
            for column in stride(from: 0, to: size, by: 7) {
                let sum = (0..<rows).reduce(1) {
                    $0 + Int(band[$1 * size + column]) * Int(left[vector * rows + $1])
                }
                #expect(Int(backward[vector * size + column]) == sum)
            }
        }
    }

    @Test func `extreme operands do not overflow the check`() {
        let size = 4096
        let band = [Int8](repeating: -63, count: 32 * size)
        let vectors = [Int8](repeating: 63, count: 10 * size)
        var rows = [Int32](repeating: 0, count: 320)
        var columns = [Int32](repeating: 0, count: 10 * size)
        freivalds_rows(band, 32, size, vectors, &rows, 32)
        freivalds_columns(band, 32, size, vectors, size, &columns)
        #expect(rows.allSatisfy { $0 == -63 * 63 * 4096 })
        #expect(columns.allSatisfy { $0 == -63 * 63 * 32 })
    }

    @Test(arguments: [0, 1] as [Int32])
    func `a stream pass is its definition`(streaming: Int32) {
        var lots = SplitMix64(seed: 6)
        let count = Int(STREAM_CHAIN_BLOCK)
        let (out, b, c) = (
            AlignedBuffer<UInt64>(count: count, repeating: 0),
            AlignedBuffer<UInt64>(count: count, repeating: 0),
            AlignedBuffer<UInt64>(count: count, repeating: 0)
        )
        for index in 0..<count { (b.start[index], c.start[index]) = (lots.next(), lots.next()) }
        let factor = lots.next() | 1
        var digest = [UInt8](repeating: 0, count: 64)
        stream_chain_pass(out.start, b.start, c.start, factor, 1, &digest, streaming)
        func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { value << by | value >> (64 - by) }
        let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
        var lanes = (0..<16).map { $0 < 8 ? factor : factor ^ golden }
        for index in 0..<count {
            let value = rotate(b.start[index] &+ factor &* c.start[index], 23) ^ b.start[index]
            #expect(out.start[index] == value)
            let lane = index % 16
            lanes[lane] = rotate(lanes[lane] ^ value, 13) &+ value
        }
        let words = (0..<8).map { lanes[$0] &* golden &+ lanes[$0 + 8] }
        var expected: [UInt8] = []
        for word in words { withUnsafeBytes(of: word.littleEndian) { expected += $0 } }
        #expect(digest == expected)
    }
}
