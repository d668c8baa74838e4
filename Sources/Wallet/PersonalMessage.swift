// EIP-191, version 0x45: what wallets call `personal_sign`.

import Cryptography
public import Primitives

/// The digest that a wallet signs for a text message.
public enum PersonalMessage {
    /// Keccak-256 of the prefix, the message's length in decimal, and the message.
    public static func digest(_ message: [UInt8]) -> Digest {
        let prefix = "\u{19}Ethereum Signed Message:\n\(message.count)"
        return Keccak256.hash(Array(prefix.utf8), message)
    }
}
