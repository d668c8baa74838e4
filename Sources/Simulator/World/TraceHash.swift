// A fingerprint of everything that happened, in order: two runs of a seed must agree on it. FNV-1a
// with a final mix; it tells runs apart, and proves nothing to an adversary.

/// A running fingerprint.
struct TraceHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325
    /// How much went into it.
    private(set) var count: UInt64 = 0

    mutating func add(_ number: UInt64) {
        count += 1
        // A word at a time: the multiplication carries upward only, so the high half is folded
        // back.
        state = (state ^ number) &* 0x0000_0100_0000_01B3
        state ^= state >> 32
    }

    mutating func add(_ bytes: [UInt8]) {
        add(UInt64(bytes.count))
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                add(UInt64(bigEndian: word))
                position += 8
            }
            add(bytes[position...].reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    /// The fingerprint so far.
    var value: UInt64 {
        var mixed = state ^ count
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The fingerprint in sixteen hexadecimal digits.
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
