// The only place where the house draws randomness.

import CPlatform
public import Primitives

/// The kernel's random generator.
public enum SystemEntropy {
    /// `count` unpredictable bytes, fit for keys; throws `entropy.unavailable`.
    public static func bytes(_ count: Int) throws(Refusal) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        let failure = bytes.withUnsafeMutableBytes { buffer in
            buffer.count == 0 ? 0 : cplatform_entropy(buffer.baseAddress, buffer.count)
        }
        guard failure == 0 else {
            throw Refusal(
                "entropy.unavailable",
                "the kernel gives no random bytes: \(SystemError.sentence(for: failure))")
        }
        return bytes
    }

    /// 64 unpredictable bits, as a seed; throws `entropy.unavailable`.
    public static func seed() throws(Refusal) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
