// One row of parameters has one spelling, and anything else is refused.

import Primitives
import Testing

@testable import LanguageModel

@Suite("checkpoints")
struct CheckpointTests {
    @Test("are read as they were written")
    func roundTrip() throws {
        let parameters = ModelParameters(configuration: try Sample.configuration(), seed: 1)
        let bytes = parameters.serialized
        let read = try ModelParameters(parsing: bytes)
        #expect(read == parameters && read.digest == parameters.digest)
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect((8 + length) % 64 == 0, "tensors are aligned in the file")
        let header = try JSON.parse(Array(bytes[8..<8 + length]))
        #expect(header["token_embedding.weight"]?["dtype"]?.text == "F32")
        let last = header["final_norm.weight"]?["data_offsets"]?[1]?.integer
        #expect(last == bytes.count - 8 - length)
    }

    @Test("of momentum and of parameters are not mixed up")
    func kinds() throws {
        let configuration = try Sample.configuration()
        let momentum = OuterMomentum(configuration: configuration)
        #expect(try OuterMomentum(parsing: momentum.serialized) == momentum)
        #expect(throws: Refusal("model.checkpoint", "")) {
            try ModelParameters(parsing: momentum.serialized)
        }
    }

    @Test("with a cut, a length, a value or a shape that is wrong are refused")
    func malformed() throws {
        let bytes = ModelParameters(configuration: try Sample.configuration(), seed: 1).serialized
        var long = bytes
        long.replaceSubrange(0..<8, with: [255, 255, 255, 255, 255, 255, 255, 127])
        var infinite = bytes
        infinite.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0x80, 0x7F])
        let cases = [
            [], Array(bytes[..<7]), Array(bytes[..<40]), Array(bytes.dropLast()), bytes + [0], long,
            infinite,
        ]
        for (index, malformed) in cases.enumerated() {
            #expect(throws: Refusal("model.checkpoint", ""), "case \(index)") {
                try ModelParameters(parsing: malformed)
            }
        }
    }

    @Test("with any byte of the header changed are refused")
    func mutatedHeader() throws {
        let bytes = ModelParameters(
            configuration: try ModelConfiguration(
                layers: 1, heads: 2, width: 32, context: 16, vocabulary: 16), seed: 1
        ).serialized
        var generator = SplitMix64(seed: 4)
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        for _ in 0..<60 {
            var mutated = bytes
            let index = Int.random(in: 0..<8 + length, using: &generator)
            mutated[index] ^= UInt8.random(in: 1...255, using: &generator)
            #expect(throws: Refusal.self) { try ModelParameters(parsing: mutated) }
        }
    }

    @Test("start from the seed alone")
    func seeds() throws {
        let configuration = try Sample.configuration()
        let first = ModelParameters(configuration: configuration, seed: 1)
        #expect(first == ModelParameters(configuration: configuration, seed: 1))
        #expect(first.digest != ModelParameters(configuration: configuration, seed: 2).digest)
        #expect(first.values.count == configuration.parameterCount)
        let embedding = first.values[..<(128 * 32)]
        let variance = embedding.reduce(0) { $0 + $1 * $1 } / Float(embedding.count)
        #expect(abs(variance.squareRoot() - 0.02) < 0.001)
    }

    @Test(
        "of impossible sizes cannot be made",
        arguments: [
            [0, 2, 32, 16, 128], [49, 2, 32, 16, 128], [1, 0, 32, 16, 128], [1, 3, 32, 16, 128],
            [1, 4, 32, 16, 128], [1, 2, 33, 16, 128], [1, 2, 32, 15, 128], [1, 2, 32, 4096, 128],
            [1, 2, 32, 16, 0], [1, 2, 32, 16, 257], [48, 8, 2048, 2048, 256],
        ])
    func impossibleSizes(_ sizes: [Int]) {
        #expect(throws: Refusal("model.configuration", "")) {
            try ModelConfiguration(
                layers: sizes[0], heads: sizes[1], width: sizes[2], context: sizes[3],
                vocabulary: sizes[4])
        }
    }
}
