// Text from a model, byte by byte.

public import Primitives

/// Continues text.
public enum Generation {
    /// What an empty prompt is taken for: the end of a line. Whoever resumes a continuation of an
    /// empty prompt appends what was made to this.
    public static let emptyPrompt: [UInt8] = [0x0A]

    /// Continues `prompt` by `limit` bytes, or until `onByte` returns false.
    ///
    /// The same parameters, prompt and sampling give the same bytes on every machine. A
    /// continuation that broke off is resumed by appending what was made to the prompt. Throws
    /// `model.unknown-byte` for a prompt that the model has no tokens for.
    @discardableResult
    public static func run(
        _ parameters: ModelParameters, prompt: [UInt8], sampling: Sampling, limit: Int,
        onByte: (UInt8) -> Bool = { _ in true }
    ) throws(Refusal) -> [UInt8] {
        let session = try GenerationSession(parameters)
        return try session.run(prompt: prompt, sampling: sampling, limit: limit, onByte: onByte)
    }
}

/// A model kept ready to serve one request after another.
public final class GenerationSession {
    private let decoder: Decoder
    private let configuration: ModelConfiguration

    /// Prepares a model for decoding.
    public init(_ parameters: ModelParameters) throws(Refusal) {
        decoder = try Decoder(parameters)
        configuration = parameters.configuration
    }

    /// Continues `prompt` as `Generation.run` does.
    @discardableResult
    public func run(
        prompt: [UInt8], sampling: Sampling, limit: Int,
        onByte: (UInt8) -> Bool = { _ in true }
    ) throws(Refusal) -> [UInt8] {
        try configuration.checkTokens(prompt)
        var text = prompt.isEmpty ? Generation.emptyPrompt : prompt
        let start = text.count
        decoder.forget()
        while text.count - start < limit {
            let byte = sampling.choose(decoder.scores(after: text), position: text.count)
            text.append(byte)
            guard onByte(byte) else { break }
        }
        return Array(text[start...])
    }
}
