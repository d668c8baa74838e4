// The strict subset of YAML in which policies, proposals and genesis files are written.
//
// Accepted: block mappings and sequences by indentation (spaces only), plain, 'single' and "double"
// quoted scalars on one line, flow sequences `[a, b]` of scalars, literal blocks `|`, comments.
// Refused: tabs, anchors, aliases, tags, merge keys, flow mappings, several documents, repeated
// keys.
//
// It is our own, and small, because these texts are part of the replicated state: every member must
// read the same meaning out of the same bytes for ever. A general library's next release may read
// `no`, `1e3` or `012` differently; here a scalar is a text, and the schema that reads it says what
// it must look like.

/// A node of a document, with the line it starts on.
public struct YAML: Sendable, Equatable {
    /// What a node is.
    public enum Content: Sendable, Equatable {
        /// A scalar's text. `quoted` tells `"5"` from `5`.
        case scalar(String, quoted: Bool)
        /// A sequence.
        case sequence([YAML])
        /// A mapping, in the order written.
        case mapping([Entry])
    }

    /// One key of a mapping.
    public struct Entry: Sendable, Equatable {
        /// The key.
        public let key: String
        /// The line the key stands on, from 1.
        public let line: Int
        /// The value.
        public let value: YAML
    }

    /// What the node is.
    public let content: Content
    /// The line it starts on, from 1.
    public let line: Int

    /// The most bytes a document may have.
    public static let byteLimit = 1 << 20
    /// The deepest nesting.
    public static let depthLimit = 16

    /// Reads one document; throws `yaml.malformed`, placed at `name:line`.
    ///
    /// - Parameter firstLine: the number of the text's first line, for a header inside a file.
    public static func parse(_ text: String, name: String, firstLine: Int = 1) throws(Refusal)
        -> YAML
    {
        guard text.utf8.count <= byteLimit else {
            throw Refusal("yaml.malformed", "longer than \(byteLimit) bytes", at: "\(name):1")
        }
        var parser = YAMLParser(text, name: name, firstLine: firstLine)
        return try parser.document()
    }

    /// The value under `key`, or nil.
    public subscript(key: String) -> YAML? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The entries of a mapping.
    public var entries: [Entry]? {
        if case .mapping(let entries) = content { return entries }
        return nil
    }

    /// The elements of a sequence.
    public var elements: [YAML]? {
        if case .sequence(let elements) = content { return elements }
        return nil
    }

    /// The text of a scalar.
    public var text: String? {
        if case .scalar(let text, _) = content { return text }
        return nil
    }
}
