// The serving agent's word about a request: without it nothing is charged.

import ControlPlane
import Cryptography
import Primitives

enum UsageReceipt {
    /// Checks that the reading is signed by the agent it names; throws `signature.wrong-signer`.
    static func check(_ reading: UsageReading, genesis: Genesis) throws(Refusal) {
        let digest = try CommandSigning.receiptDigest(
            reading, genesis: genesis, genesisDigest: genesis.digest)
        let signature = try RecoverableSignature(reading.signature)
        guard try Secp256k1.recover(digest, signature) == reading.provider else {
            throw Refusal(
                "signature.wrong-signer", "the receipt is not signed by \(reading.provider)")
        }
    }
}
