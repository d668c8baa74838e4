// The canonical bytes of a row of parameters: a safetensors file.
//
// Eight bytes of header length, a JSON header, then every tensor as little-endian floats. The
// header is a function of the model's sizes and the file's kind, so a reader writes the one header
// that the sizes call for and demands equality: one row of parameters has one spelling, and one
// digest.

import Primitives

/// What a checkpoint file holds.
enum CheckpointKind: String {
    case parameters
    case momentum
}

enum Checkpoint {
    /// A header is at most this long, whatever its length field says.
    static let headerLimit = 1 << 18

    /// The bytes of `values`, a row as long as the configuration's parameters.
    static func serialize(
        _ values: [Float], of configuration: ModelConfiguration, as kind: CheckpointKind
    ) -> [UInt8] {
        let header = header(configuration, kind)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + 4 * values.count)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: header.count >> shift))
        }
        bytes.append(contentsOf: header)
        // Little endian in memory is little endian in the file, on every machine that has kernels.
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Reads a checkpoint of the wanted kind; throws `model.checkpoint`.
    static func parse(_ bytes: [UInt8], as kind: CheckpointKind) throws(Refusal)
        -> (ModelConfiguration, [Float])
    {
        guard bytes.count >= 8 else { throw refusal("it ends before its header") }
        var length: UInt64 = 0
        for index in 0..<8 { length |= UInt64(bytes[index]) << UInt64(8 * index) }
        guard length <= UInt64(min(headerLimit, bytes.count - 8)) else {
            throw refusal("its header of \(length) bytes is too long")
        }
        let start = 8 + Int(length)
        let header = Array(bytes[8..<start])
        let configuration = try configuration(of: header)
        guard header == Checkpoint.header(configuration, kind) else {
            throw refusal("its header is not the one of \(kind.rawValue) of this shape")
        }
        let count = configuration.parameterCount
        guard bytes.count == start + 4 * count else {
            throw refusal("it has \(bytes.count - start) bytes of tensors, not \(4 * count)")
        }
        var values = [Float](repeating: 0, count: count)
        values.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
        }
        guard values.allSatisfy(\.isFinite) else {
            throw refusal("it has a value that is not a finite number")
        }
        return (configuration, values)
    }

    private static func refusal(_ sentence: String) -> Refusal {
        Refusal("model.checkpoint", "the checkpoint cannot be read: \(sentence)")
    }

    private static func configuration(of header: [UInt8]) throws(Refusal) -> ModelConfiguration {
        let document: JSON
        do {
            document = try JSON.parse(header, limits: .init(bytes: headerLimit, depth: 4))
        } catch {
            throw refusal("its header is not JSON (\(error.message))")
        }
        func size(_ key: String) throws(Refusal) -> Int {
            guard let text = document["__metadata__"]?[key]?.text, let value = Int(text) else {
                throw refusal("its header does not name \(key)")
            }
            return value
        }
        return try ModelConfiguration(
            layers: try size("layers"), heads: try size("heads"), width: try size("width"),
            context: try size("context"), vocabulary: try size("vocabulary"))
    }

    /// The header, filled up with spaces so that the tensors start at a multiple of 64 bytes.
    private static func header(_ configuration: ModelConfiguration, _ kind: CheckpointKind)
        -> [UInt8]
    {
        func text(_ value: Int) -> JSON { .string(String(value)) }
        var members: [JSON.Member] = [
            .init(
                "__metadata__",
                .object([
                    .init("format", "althing-transformer-1"), .init("kind", .string(kind.rawValue)),
                    .init("layers", text(configuration.layers)),
                    .init("heads", text(configuration.heads)),
                    .init("width", text(configuration.width)),
                    .init("context", text(configuration.context)),
                    .init("vocabulary", text(configuration.vocabulary)),
                ]))
        ]
        var offset = 0
        for tensor in configuration.tensors {
            let end = offset + 4 * tensor.count
            members.append(
                .init(
                    tensor.name,
                    .object([
                        .init("dtype", "F32"), .init("shape", .array(tensor.shape.map(JSON.int))),
                        .init("data_offsets", .array([.int(offset), .int(end)])),
                    ])))
            offset = end
        }
        var header = Array(JSON.object(members).compact.utf8)
        while (header.count + 8) % 64 != 0 { header.append(0x20) }
        return header
    }
}
