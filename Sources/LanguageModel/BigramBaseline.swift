// The bar a model must clear before it may be released: guessing from the last byte alone.
//
// Counts of byte pairs, smoothed after Witten and Bell: behind byte a, byte b has the probability
// (pairs(a, b) + kinds(a) * single(b)) / (pairs(a) + kinds(a)), where kinds(a) is how many
// different bytes follow a and single(b) is b's own probability with one added to each of 256
// counts. All of it is whole numbers; only the logarithm is rounded, and that by integer
// arithmetic.

/// A byte-pair model.
public struct BigramBaseline: Sendable {
    /// The loss of each byte (low half) behind each byte (high half), in millionths of a bit.
    private let microbits: [UInt64]

    /// Counts the pairs of a training text.
    public init(train: [UInt8]) {
        var pairs = [UInt64](repeating: 0, count: 1 << 16)
        var singles = [UInt64](repeating: 1, count: 256)
        for byte in train { singles[Int(byte)] += 1 }
        var last: UInt8?
        for byte in train {
            if let last { pairs[Int(last) << 8 | Int(byte)] += 1 }
            last = byte
        }
        let singleTotal = UInt128(train.count + 256)
        var microbits = [UInt64](repeating: 0, count: 1 << 16)
        for first in 0..<256 {
            let row = pairs[first << 8..<(first + 1) << 8]
            // With nothing seen behind this byte, one kind makes the formula the single bytes'.
            let kinds = UInt128(max(1, row.count { $0 > 0 }))
            let denominator = (UInt128(row.reduce(0, +)) + kinds) * singleTotal
            for (second, pair) in row.enumerated() {
                let numerator = UInt128(pair) * singleTotal + kinds * UInt128(singles[second])
                microbits[first << 8 | second] =
                    BinaryLogarithm.micro(denominator) - BinaryLogarithm.micro(numerator)
            }
        }
        self.microbits = microbits
    }

    /// The mean loss over windows of a held-out text, in millionths of a bit a byte: the same bytes
    /// that `Evaluation` predicts with the same length and limit.
    public func bitsPerByte(heldOut: [UInt8], windows: EvaluationWindows) -> UInt64 {
        var total: UInt64 = 0
        for start in windows.starts {
            for index in start..<start + windows.length {
                total += microbits[Int(heldOut[index]) << 8 | Int(heldOut[index + 1])]
            }
        }
        return total / UInt64(max(1, windows.starts.count * windows.length))
    }

    /// The mean loss over a held-out text, in millionths of a bit a byte, for windows of `context`.
    public static func bitsPerByte(
        train: [UInt8], heldOut: [UInt8], context: Int, windowLimit: Int = .max
    ) -> UInt64 {
        let windows = EvaluationWindows(
            count: heldOut.count, length: context, limit: windowLimit)
        return BigramBaseline(train: train).bitsPerByte(heldOut: heldOut, windows: windows)
    }
}

/// Logarithms to base two by repeated squaring, in integers.
enum BinaryLogarithm {
    /// log2(value) in millionths, rounded down; zero for zero.
    static func micro(_ value: UInt128) -> UInt64 {
        guard value > 1 else { return 0 }
        let exponent = 127 - value.leadingZeroBitCount
        // The mantissa in [1, 2) with 63 bits behind the point.
        var mantissa = UInt64(
            truncatingIfNeeded: exponent >= 63
                ? value >> UInt128(exponent - 63) : value << UInt128(63 - exponent))
        var fraction: UInt64 = 0
        for _ in 0..<32 {
            let square = mantissa.multipliedFullWidth(by: mantissa).high
            // The square of a number in [1, 2) lies in [1, 4): one more bit of the logarithm.
            fraction <<= 1
            if square >> 63 == 1 {
                fraction |= 1
                mantissa = square
            } else {
                mantissa = square << 1
            }
        }
        return UInt64(exponent) * 1_000_000 + (fraction * 1_000_000) >> 32
    }
}
