// EIP-55: an address whose letters' case is its checksum.

import Cryptography
public import Primitives

/// Writing and reading addresses as people see them.
public enum ChecksumAddress {
    /// `0x` and 40 digits, where a letter is upper case when the hash's digit there is 8 or more.
    public static func encode(_ address: Address) -> String {
        let digits = Array(Hex.encode(address.bytes).utf8)
        let hash = Keccak256.hash(digits).bytes
        var text: [UInt8] = [0x30, 0x78]
        for (index, digit) in digits.enumerated() {
            let nibble = index.isMultiple(of: 2) ? hash[index / 2] >> 4 : hash[index / 2] & 15
            let isLetter = digit >= 0x61
            text.append(isLetter && nibble >= 8 ? digit - 0x20 : digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads `0x` and 40 digits: all lower case, all upper case, or with the right checksum.
    ///
    /// Throws `address.malformed` or `address.checksum`.
    public static func parse(_ text: String) throws(Refusal) -> Address {
        let characters = Array(text.utf8)
        guard characters.count == 42, let address = Address(hex: text) else {
            throw Refusal(
                "address.malformed", "an address is 0x and 40 hexadecimal digits")
        }
        let digits = characters[2...]
        let hasUpper = digits.contains { 0x41...0x46 ~= $0 }
        let hasLower = digits.contains { 0x61...0x66 ~= $0 }
        if hasUpper, hasLower, Array(encode(address).utf8) != characters {
            throw Refusal(
                "address.checksum",
                "the letters' case is not the checksum of this address: a digit may be mistyped")
        }
        return address
    }
}

extension Address {
    /// The EIP-55 spelling.
    public var checksummed: String { ChecksumAddress.encode(self) }
}
