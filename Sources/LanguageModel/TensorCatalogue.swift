// The names and shapes of a model's tensors, in the order in which the kernels expect them.

/// One tensor of a model.
struct TensorEntry {
    let name: String
    let shape: [Int]

    var count: Int { shape.reduce(1, *) }
}

extension ModelConfiguration {
    /// All tensors in storage order. Weights are [inputs, outputs].
    var tensors: [TensorEntry] {
        var entries = [
            TensorEntry(name: "token_embedding.weight", shape: [vocabulary, width]),
            TensorEntry(name: "position_embedding.weight", shape: [context, width]),
        ]
        for layer in 0..<layers {
            func add(_ name: String, _ shape: [Int]) {
                entries.append(TensorEntry(name: "layers.\(layer).\(name).weight", shape: shape))
            }
            add("attention_norm", [width])
            add("attention.query_key_value", [width, 3 * width])
            add("attention.output", [width, width])
            add("expansion_norm", [width])
            add("expansion.up", [width, 4 * width])
            add("expansion.down", [4 * width, width])
        }
        entries.append(TensorEntry(name: "final_norm.weight", shape: [width]))
        return entries
    }
}
