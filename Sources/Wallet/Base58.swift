// Base58Check, Bitcoin's spelling of extended keys.

import Cryptography
import Primitives

enum Base58 {
    private static let alphabet = Array(
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    /// `bytes` and the first four bytes of their double SHA-256, in base 58.
    static func encodeChecked(_ bytes: [UInt8]) -> String {
        encode(bytes + SHA256.hash(SHA256.hash(bytes).bytes).bytes[..<4])
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        // Digits of the number in base 58, the least first.
        var digits: [UInt8] = []
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                carry += Int(digits[index]) << 8
                digits[index] = UInt8(carry % 58)
                carry /= 58
            }
            while carry > 0 {
                digits.append(UInt8(carry % 58))
                carry /= 58
            }
        }
        let zeros = bytes.prefix { $0 == 0 }.count
        let text =
            [UInt8](repeating: alphabet[0], count: zeros)
            + digits.reversed().map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }
}
