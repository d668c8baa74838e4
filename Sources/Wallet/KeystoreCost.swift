// How a keystore turns a password into a key: scrypt or PBKDF2, with what they cost.

public import Cryptography
import Primitives

/// A keystore's key derivation.
public enum KeystoreCost: Sendable, Equatable {
    /// scrypt.
    case scrypt(Scrypt.Parameters)
    /// PBKDF2 with HMAC-SHA-256 and so many rounds.
    case pbkdf2(iterations: Int)

    /// What geth and foundry write: scrypt with 256 MiB, about a second.
    public static let standard = KeystoreCost.scrypt(.standard)
    /// What geth writes with `--lightkdf`: scrypt with 4 MiB.
    public static let light = KeystoreCost.scrypt(.light)

    /// Refuses a cost that is wrong or out of bounds, before any work or memory is spent. More than
    /// 32 bytes cost PBKDF2 its rounds again for each 32.
    func check(count: Int) throws(Refusal) {
        switch self {
        case .scrypt(let parameters):
            do {
                try Scrypt.check(parameters)
            } catch {
                throw Refusal("keystore.cost", error.message)
            }
        case .pbkdf2(let iterations):
            let limit = PBKDF2.iterationLimit / ((count + 31) / 32)
            guard (1...limit).contains(iterations) else {
                throw Refusal("keystore.cost", "PBKDF2 with \(iterations) rounds is out of bounds")
            }
        }
    }

    /// The bytes from which a keystore takes its cipher key and its authentication key.
    func derive(
        _ password: SecretBytes, salt: [UInt8], count: Int
    ) throws(Refusal) -> SecretBytes {
        try check(count: count)
        return switch self {
        case .scrypt(let parameters):
            try Scrypt.derive(password: password, salt: salt, parameters, count: count)
        case .pbkdf2(let iterations):
            try PBKDF2.sha256(password: password, salt: salt, iterations: iterations, count: count)
        }
    }
}
