// Base64 of RFC 4648, section 4: padded, and strict when read.

/// Conversion between bytes and base64 text (RFC 4648, section 4).
public enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Padded base64 of `bytes`.
    public static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let a = UInt32(bytes[index])
            let b = left > 1 ? UInt32(bytes[index + 1]) : 0
            let c = left > 2 ? UInt32(bytes[index + 2]) : 0
            let word = a << 16 | b << 8 | c
            text.append(alphabet[Int(word >> 18)])
            text.append(alphabet[Int(word >> 12 & 63)])
            text.append(left > 1 ? alphabet[Int(word >> 6 & 63)] : 0x3D)
            text.append(left > 2 ? alphabet[Int(word & 63)] : 0x3D)
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` spells, or nil if it is not canonical padded base64.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let input = Array(text.utf8)
        guard input.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(input.count / 4 * 3)
        var index = 0
        while index < input.count {
            let last = index + 4 == input.count
            var padding = 0
            if last, input[index + 3] == 0x3D { padding = input[index + 2] == 0x3D ? 2 : 1 }
            var word: UInt32 = 0
            for offset in 0..<4 {
                var digit: UInt32 = 0
                if offset < 4 - padding {
                    guard let value = value(ofDigit: input[index + offset]) else { return nil }
                    digit = value
                }
                word = word << 6 | digit
            }
            // Unused low bits must be zero, or two texts would spell the same bytes.
            if padding == 1, word & 0xFF != 0 { return nil }
            if padding == 2, word & 0xFFFF != 0 { return nil }
            bytes.append(UInt8(word >> 16))
            if padding < 2 { bytes.append(UInt8(word >> 8 & 0xFF)) }
            if padding < 1 { bytes.append(UInt8(word & 0xFF)) }
            index += 4
        }
        return bytes
    }

    private static func value(ofDigit digit: UInt8) -> UInt32? {
        switch digit {
        case 0x41...0x5A: UInt32(digit - 0x41)
        case 0x61...0x7A: UInt32(digit - 0x61 + 26)
        case 0x30...0x39: UInt32(digit - 0x30 + 52)
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
