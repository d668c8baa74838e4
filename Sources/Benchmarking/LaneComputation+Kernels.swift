// What the lanes of each kernel compute.

import Cryptography
import Primitives

extension LaneComputation {
    /// SHA-256 of the lane's last digest, again and again: 64 bytes of compression a step.
    ///
    /// The first message is the key and the lane's number in eight bytes, little-endian.
    static let sha256 = LaneComputation(workPerStep: 64) { key, first, count, steps, digests in
        for index in 0..<count {
            var number = (first + UInt64(index)).littleEndian
            var digest = SHA256.hash(key + withUnsafeBytes(of: &number) { Array($0) })
            for _ in 1..<max(1, steps) { digest = digest.withBytes { SHA256.hash($0) } }
            let out = UnsafeMutableRawPointer(digests + index * digestBytes)
            digest.withBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                out.copyMemory(from: start, byteCount: digestBytes)
            }
        }
    }
}
