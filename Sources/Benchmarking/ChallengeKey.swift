// Everything random in a challenge grows from one key, which binds the verifier's seed to the
// provider, the session, the kernel and the size: an answer to one challenge answers no other.

import Cryptography
package import Primitives

/// The key of one challenge.
package struct ChallengeKey: Equatable, Sendable {
    private let key: Digest

    /// The key of a challenge with these particulars.
    package init(
        seed: Digest, provider: Address, session: Digest, kernel: ChallengeMessage.KernelVersion,
        parameters: ChallengeParameters
    ) {
        var encoder = BinaryEncoder()
        encoder.text("althing.challenge.1")
        encoder.digest(seed)
        encoder.address(provider)
        encoder.digest(session)
        encoder.value(kernel)
        encoder.value(parameters)
        key = SHA256.hash(encoder.bytes)
    }

    private func derive(_ label: String, _ round: Int = 0, _ root: Digest = .zero) -> Digest {
        var encoder = BinaryEncoder()
        encoder.digest(key)
        encoder.text(label)
        encoder.number(UInt64(round))
        encoder.digest(root)
        return SHA256.hash(encoder.bytes)
    }

    /// The generator's key for what stands before the first round.
    package var start: [UInt8] { derive("start").bytes }

    /// The root before the first round.
    package var firstRoot: Digest { derive("root") }

    /// The generator's key for a round, which nobody knows before the round before it is done.
    package func round(_ round: Int, after root: Digest) -> [UInt8] {
        derive("round", round, root).bytes
    }

    /// The factor of a pass: odd, so that multiplying by it loses nothing.
    package func factor(_ pass: Int, after root: Digest) -> UInt64 {
        derive("factor", pass, root).prefix64 | 1
    }

    /// What a prover commits to.
    package func commitment(to roots: [Digest]) -> Digest {
        var hasher = SHA256.Hasher()
        hasher.update(derive("commit", roots.count).bytes)
        for root in roots { hasher.update(root.bytes) }
        return hasher.finalize()
    }
}
