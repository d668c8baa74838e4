// EIP-55: an address whose letters' case is its checksum.

import Cryptography
public import Primitives

/// Writing and reading addresses as people see them.
public enum ChecksumAddress {
    /// `0x` and 40 digits, where a letter is upper case when the hash's digit there is 8 or more.
    public static func encode(_ address: Address) -> String {
        AddressChecksum.spelling(of: address)
    }

    /// Reads `0x` and 40 digits: all lower case, all upper case, or with the right checksum.
    ///
    /// Throws `address.malformed` or `address.checksum`.
    public static func parse(_ text: String) throws(Refusal) -> Address {
        guard text.utf8.count == 42, let address = Address(hex: text) else {
            throw Refusal(
                "address.malformed", "an address is 0x and 40 hexadecimal digits")
        }
        guard AddressChecksum.isRight(text, for: address) else {
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
