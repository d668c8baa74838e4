// The layers of neural networks as lanes. Every multiply-add of these kernels is rounded once and
// comes in one order, whatever the machine, so that a lane is checked bit by bit.

import CKernels
import Cryptography
import Primitives

extension LaneComputation {
    /// Tokens that a head of attention looks back over, and numbers in each.
    private static let (context, headSize) = (256, 64)

    /// Causal attention of one head over the round's keys and values; every answer is the next
    /// step's question.
    ///
    /// A step counts the two products, as far as they lie on or below the diagonal.
    static let attention = LaneComputation(
        workPerStep: 2 * UInt64(context) * UInt64(context + 1) * UInt64(headSize)
    ) { key, first, count, steps, digests in
        let values = context * headSize
        let buffers = (0..<4).map { _ in AlignedBuffer<Float>(count: values, repeating: 0) }
        let (keys, contents) = (buffers[2], buffers[3])
        // Keys and values are the round's: drawn from a stream that no lane has.
        let shared = random32(2 * values, key, stream: .max)
        for at in 0..<values {
            keys.start[at] = unit(shared[at])
            contents.start[at] = unit(shared[values + at])
        }
        let workspace = AlignedBuffer<Float>(
            count: althing_attention_workspace(context), repeating: 0)
        for index in 0..<count {
            let (query, out) = (buffers[0], buffers[1])
            let words = random32(values, key, stream: first + UInt64(index))
            for at in 0..<values { query.start[at] = unit(words[at]) }
            for _ in 0..<steps {
                var task = althing_attention(
                    size: headSize, stride: headSize, first: 0, last: context,
                    query: query.start, key: keys.start, value: contents.start, out: out.start)
                althing_attention_forward(&task, workspace.start)
                // Means of many values are alike; their lower digits are not.
                for at in 0..<values { query.start[at] = fraction(256 * out.start[at]) }
            }
            write(SHA256.hash(query.bytes(from: 0, count: values)), to: digests, index)
        }
    }

    /// Rows and columns of a convolution's image, and its channels.
    private static let (side, channels) = (14, 64)

    /// A convolution of one image with the round's weights, layer after layer.
    static let convolution = LaneComputation(
        workPerStep: 18 * UInt64(side * side) * UInt64(channels * channels)
    ) { key, first, count, steps, digests in
        let across = side + 2
        // The weights are the round's: drawn from a stream that no lane has.
        let taps = AlignedBuffer<Float>(count: 9 * channels * channels, repeating: 0)
        for (at, word) in random32(taps.count, key, stream: .max).prefix(taps.count).enumerated() {
            taps.start[at] = unit(word) * 0x1p-3
        }
        let image = AlignedBuffer<Float>(count: across * across * channels, repeating: 0)
        let out = AlignedBuffer<Float>(count: side * across * channels, repeating: 0)
        let workspace = AlignedBuffer<Float>(count: althing_gemm_workspace(), repeating: 0)
        for index in 0..<count {
            let words = random32(side * side * channels, key, stream: first + UInt64(index))
            place(image) { row, at in unit(words[row * side * channels + at]) }
            for _ in 0..<steps {
                var task = althing_convolution(
                    height: side, width: side, inputs: channels, outputs: channels,
                    in: image.start, weights: taps.start, out: out.start)
                althing_convolve(&task, workspace.start)
                // Nothing settles: a layer that stays as it was would be known without work.
                place(image) { row, at in fraction(4 * out.start[row * across * channels + at]) }
            }
            write(SHA256.hash(image.bytes(from: 0, count: image.count)), to: digests, index)
        }
    }

    /// Writes an image inside its border, row by row; the border stays zero.
    private static func place(
        _ image: AlignedBuffer<Float>, _ value: (_ row: Int, _ at: Int) -> Float
    ) {
        let across = (side + 2) * channels
        for row in 0..<side {
            let start = image.start + (row + 1) * across + channels
            for at in 0..<side * channels { start[at] = value(row, at) }
        }
    }

    /// What a number lacks to the nearest whole one, doubled: in [-1, 1], exact.
    private static func fraction(_ value: Float) -> Float {
        // Adding and taking away 1.5 x 2^23 rounds to a whole number.
        2 * (value - ((value + 0x1.8p23) - 0x1.8p23))
    }

    /// A number in [-1, 1) of 24 bits, exact.
    private static func unit(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-23 - 1 }
}
