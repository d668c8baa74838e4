// Text that arrives as bytes in pieces, cut anywhere.

/// Puts bytes that arrive in pieces together to whole characters.
///
/// The pieces of text joined are what the bytes joined would have been decoded to.
struct UTF8Pieces {
    private var held: [UInt8] = []

    /// The text that is complete so far; what no UTF-8 begins with is replaced.
    mutating func take(_ bytes: [UInt8]) -> String {
        held += bytes
        let cut = UTF8Pieces.incompleteTail(of: held)
        let text = String(decoding: held.dropLast(cut), as: UTF8.self)
        held = held.suffix(cut)
        return text
    }

    /// What is left, with broken characters replaced.
    mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// How many of the last bytes begin a character whose end is not there yet: at most three.
    private static func incompleteTail(of bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            let isContinuation = byte & 0xC0 == 0x80
            if isContinuation { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > length ? length : 0
        }
        return 0
    }
}
