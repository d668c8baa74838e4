// A proposal as its authors write it: a YAML header between `---` lines that says what is to be
// done, and a Markdown body that says why.

import Cryptography
public import Primitives

/// A proposal read from its file.
public struct ProposalFile: Sendable, Equatable {
    /// Its kind.
    public let kind: ProposalKind
    /// Its title: the words a voter signs.
    public let title: String
    /// Where it is discussed, if the authors say so.
    public let discussion: String?
    /// What happens when it passes; empty where it offers options.
    public let effects: [Effect]
    /// What voters choose from; empty where there is nothing to choose.
    public let options: [ProposalOption]
    /// Whether its authors ask for the expedited vote of its track.
    public let isExpedited: Bool
    /// The Markdown body.
    public let body: String
    /// The whole text.
    public let text: String

    /// The largest file.
    public static let byteLimit = 256 << 10
    /// The longest title, in bytes.
    public static let titleLimit = 120

    /// SHA-256 of the canonical form of the effects.
    public var effectsDigest: Digest {
        options.isEmpty ? Effect.digest(of: effects) : ProposalOption.digest(of: options)
    }
    /// The effects, or those of all options.
    public var allEffects: [Effect] { effects + options.flatMap(\.effects) }
    /// SHA-256 of the body.
    public var bodyDigest: Digest { SHA256.hash(Array(body.utf8)) }

    /// Reads and validates a proposal; throws with file, line and rule.
    public init(parsing text: String, name: String) throws(Refusal) {
        guard text.utf8.count <= ProposalFile.byteLimit else {
            throw Refusal(
                "proposal.size", "longer than \(ProposalFile.byteLimit) bytes", at: "\(name):1")
        }
        let (header, body) = try ProposalFile.split(text, name: name)
        let document = try YAML.parse(header, name: name, firstLine: 2)
        var mapping = try YAMLMapping(document, name: name)
        _ = try mapping.word("format", of: ["proposal/1"])
        let word = try mapping.word("kind", of: ProposalKind.allCases.map(\.word))
        kind = ProposalKind(word: word) ?? .signal
        title = try mapping.text("title", limit: ProposalFile.titleLimit)
        discussion =
            mapping.has("discussion")
            ? try mapping.text("discussion", limit: EffectLimits.sentence) : nil
        isExpedited = mapping.has("expedited") ? try mapping.flag("expedited") : false
        if mapping.has("options") {
            effects = []
            options = try ProposalFile.options(&mapping, kind: kind)
        } else {
            effects = try ProposalFile.effects(&mapping, kind: kind)
            options = []
        }
        try mapping.finish()
        self.body = body
        self.text = text
        try ProposalFile.check(title: title, body: body, mapping: mapping)
    }

    private static func split(_ text: String, name: String) throws(Refusal) -> (String, String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "---" else {
            throw Refusal(
                "proposal.header", "the first line must be `---`, then the YAML header",
                at: "\(name):1")
        }
        guard let end = lines.dropFirst().firstIndex(of: "---") else {
            throw Refusal(
                "proposal.header", "no second `---` line closes the header", at: "\(name):1")
        }
        let header = lines[1..<end].joined(separator: "\n")
        let body = lines[(end + 1)...].joined(separator: "\n")
        return (header, body)
    }

    private static func effects(
        _ mapping: inout YAMLMapping, kind: ProposalKind
    ) throws(Refusal) -> [Effect] {
        var effects: [Effect] = []
        for node in try mapping.sequence("effects") {
            var reader = EffectReader(try YAMLMapping(node, name: mapping.name, path: "effects"))
            let effect = try reader.effect(kind: kind)
            do {
                try effect.validate()
            } catch {
                throw error.placed("\(mapping.name):\(node.line)")
            }
            effects.append(effect)
        }
        do {
            try Effect.validate(effects, kind: kind)
        } catch {
            let place = mapping.refusal(error.code, error.message, key: "effects").place
            throw error.placed(error.place ?? place ?? mapping.name)
        }
        return effects
    }

    private static func options(
        _ mapping: inout YAMLMapping, kind: ProposalKind
    ) throws(Refusal) -> [ProposalOption] {
        var options: [ProposalOption] = []
        for node in try mapping.sequence("options") {
            var inner = try YAMLMapping(node, name: mapping.name, path: "options")
            options.append(
                ProposalOption(
                    name: try inner.text("name", limit: EffectLimits.name),
                    effects: try effects(&inner, kind: kind)))
            try inner.finish()
        }
        do {
            try ProposalOption.validate(options, kind: kind)
        } catch {
            throw mapping.refusal(error.code, error.message, key: "options")
        }
        return options
    }

    private static func check(
        title: String, body: String, mapping: YAMLMapping
    ) throws(Refusal) {
        do {
            try Effect.checkSentence(title, "title", limit: titleLimit)
        } catch {
            throw mapping.refusal(error.code, error.message, key: "title")
        }
        guard !title.contains("\n") else {
            throw mapping.refusal("effect.text", "the title is one line", key: "title")
        }
        guard body.contains(where: { !$0.isWhitespace }) else {
            throw mapping.refusal(
                "proposal.body", "the body says why; it is empty", key: "title")
        }
    }
}
