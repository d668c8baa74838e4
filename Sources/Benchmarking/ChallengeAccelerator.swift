// Where a device beside the processor computes a challenge: this floor knows no device, so its
// owner gives one. What it computes is the same to the bit, and checked like anything else.

package import Primitives

/// A device that can compute challenges of kernels for accelerators.
package protocol ChallengeAccelerator {
    /// Bytes of its memory that a challenge may take.
    var memory: UInt64 { get }

    /// The computation of a kernel with all its memory; throws where the device cannot.
    func computation(_ kernel: Kernel, _ parameters: ChallengeParameters) throws(Refusal)
        -> any AcceleratedComputation
}

/// One challenge on a device.
package protocol AcceleratedComputation: AnyObject {
    /// Runs `limit` rounds, or all, and returns their roots; throws where the device fails.
    func run(_ key: ChallengeKey, rounds limit: Int?) throws(Refusal) -> [Digest]

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal)

    /// The next piece of the proof, or nil when all was given or the device fails.
    func nextProof() -> ChallengeMessage.ProofPiece?
}
