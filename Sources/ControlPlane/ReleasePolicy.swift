// What a model must show before a vote may release it: `Policies/release.yaml`.

public import Primitives

/// The release gate.
public struct ReleasePolicy: Sendable, Equatable {
    /// Held-out bits per byte must be below this share of the bigram baseline's, in millionths.
    public let baselineShare: UInt64
    /// The longest run of training bytes that sampling may copy.
    public let verbatimLimit: UInt64
    /// Licences that training data may have.
    public let licences: [String]
    /// How many independent owners must have evaluated the model alike.
    public let evaluators: UInt64

    /// Reads the policy; every refusal names file, line and rule.
    public init(parsing text: String, name: String) throws(Refusal) {
        var top = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        var quality = try top.mapping("quality")
        baselineShare = try quality.share("below-baseline-share", in: 1...1_000_000)
        evaluators = try quality.number("independent-evaluators", in: 1...16)
        try quality.finish()
        var memorisation = try top.mapping("memorisation")
        verbatimLimit = try memorisation.number("longest-verbatim-copy-bytes", in: 8...65_536)
        try memorisation.finish()
        var provenance = try top.mapping("provenance")
        var licences: [String] = []
        for node in try provenance.sequence("licences") {
            guard let licence = node.text, !licence.isEmpty else {
                throw provenance.refusal(
                    "schema.type", "each licence is a text", key: "licences")
            }
            licences.append(licence)
        }
        self.licences = licences
        try provenance.finish()
        try top.finish()
    }

    /// Why `model` may not be released; nil when it may.
    func objection(to model: ModelRecord, licences used: [String]) -> Refusal? {
        let bound = model.bigramBitsPerByte.multipliedFullWidth(by: baselineShare)
        let measured = model.bitsPerByteEnd.multipliedFullWidth(by: 1_000_000)
        guard
            measured.high < bound.high || (measured.high == bound.high && measured.low < bound.low)
        else {
            return Refusal(
                "release.quality",
                "\(model.name) needs \(BitsPerByte.text(model.bitsPerByteEnd)) bits per byte, not"
                    + " below the bound set by the bigram baseline of"
                    + " \(BitsPerByte.text(model.bigramBitsPerByte))")
        }
        guard model.verbatimBytes <= verbatimLimit else {
            return Refusal(
                "release.memorisation",
                "sampling \(model.name) copied \(model.verbatimBytes) training bytes in a row, more"
                    + " than \(verbatimLimit)")
        }
        if let licence = used.first(where: { !licences.contains($0) }) {
            return Refusal(
                "release.provenance", "the licence `\(licence)` of its data is not on the list")
        }
        return nil
    }
}

/// Bits per byte are kept in millionths.
public enum BitsPerByte {
    /// `2.345` for 2,345,678.
    public static func text(_ millionths: UInt64) -> String {
        // Any number can stand in a result; rounding it must not overflow.
        let thousandths = millionths / 1000 + (millionths % 1000 >= 500 ? 1 : 0)
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)."
            + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }
}
