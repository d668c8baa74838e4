// EIP-55's checksum: the case of an address's letters.

public import Primitives

/// The checksum that the case of an address's letters carries.
public enum AddressChecksum {
    /// `0x` and 40 digits, where a letter is upper case when the hash's digit there is 8 or more.
    public static func spelling(of address: Address) -> String {
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

    /// Whether `text`, which spells `address`, has letters of one case only, and so no checksum, or
    /// the right checksum.
    public static func isRight(_ text: String, for address: Address) -> Bool {
        let digits = text.utf8.dropFirst(2)
        let hasUpper = digits.contains { 0x41...0x46 ~= $0 }
        let hasLower = digits.contains { 0x61...0x66 ~= $0 }
        return !(hasUpper && hasLower) || text == spelling(of: address)
    }
}
