// Seeded values for properties, and the code of what was refused.

import Primitives

/// The code of the refusal that `body` ends with; nil when it does not refuse.
func code(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? Refusal)?.code ?? "\(error)"
    }
}

extension SplitMix64 {
    /// A number of `width` random bits or fewer: small ones and those at the edges are likely.
    mutating func edgy(bits width: UInt64 = 128) -> UInt128 {
        let word = UInt128(next()) << 64 | UInt128(next())
        let all = width == 128 ? UInt128.max : (UInt128(1) << UInt128(width)) - 1
        switch next(below: 8) {
        case 0: return 0
        case 1: return 1
        case 2: return all
        case 3: return all - UInt128(next(below: 3))
        case 4: return (UInt128(1) << UInt128(next(below: width))) & all
        default: return (word & all) >> UInt128(next(below: width))
        }
    }

    /// A text of scalars of every length in UTF-8, controls and combining marks among them.
    mutating func text(upTo limit: UInt64) -> String {
        let pool: [ClosedRange<UInt32>] = [
            0x00...0x1F, 0x20...0x7F, 0x20...0x7F, 0x80...0x7FF, 0x300...0x36F, 0x800...0xD7FF,
            0xE000...0xFFFF, 0x10000...0x10FFFF,
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<next(below: limit + 1) {
            let range = pool[Int(next(below: UInt64(pool.count)))]
            let offset = UInt32(next(below: UInt64(range.count)))
            if let scalar = Unicode.Scalar(range.lowerBound + offset) { text.append(scalar) }
        }
        return String(text)
    }

    /// `bytes` with one to three of them changed, removed, doubled or put in.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...next(below: 3) {
            let place = Int(next(below: UInt64(result.count + 1)))
            let byte = UInt8(truncatingIfNeeded: next())
            switch next(below: 4) {
            case 0 where place < result.count: result[place] = byte
            case 1 where place < result.count: result.remove(at: place)
            case 2 where place < result.count: result.insert(result[place], at: place)
            default: result.insert(byte, at: place)
            }
        }
        return result
    }
}
