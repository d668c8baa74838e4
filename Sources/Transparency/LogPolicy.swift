// Which logs and witnesses a verifier trusts (C2SP tlog-policy).
//
// Names are compared as bytes: `String ==` would call two spellings of one glyph equal, and their
// meaning would change with Unicode's tables.

public import Primitives

/// A trust policy: logs, witnesses, and which sets of witnesses are enough.
public struct LogPolicy: Sendable {
    /// A log that may have signed.
    public struct Log: Sendable {
        /// Its key.
        public let key: NoteVerifierKey
        /// Where it can be reached, if known.
        public let url: String?
    }

    private enum Rule {
        case witness(NoteVerifierKey)
        case group(threshold: Int, members: [Int])
    }

    /// The logs.
    public private(set) var logs: [Log] = []
    private var names: [[UInt8]] = []
    private var rules: [Rule] = []
    private var members: Set<Int> = []
    private var quorum: Int?
    private var hasQuorum = false

    /// More lines than this are refused.
    public static let lineLimit = 1024

    /// Reads a policy; throws `log-policy.malformed` with the line.
    public init(parsing bytes: [UInt8], name: String = "policy") throws(Refusal) {
        guard bytes.count <= 1 << 20 else {
            throw Refusal("log-policy.malformed", "longer than 1 MiB", at: "\(name):1")
        }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= LogPolicy.lineLimit else {
            throw Refusal("log-policy.malformed", "too many lines", at: "\(name):1")
        }
        for (index, line) in lines.enumerated() {
            do {
                try read(line.split { $0 == 0x20 || $0 == 0x09 }.map(Array.init))
            } catch {
                throw error.placed("\(name):\(index + 1)")
            }
        }
        guard hasQuorum else {
            throw Refusal("log-policy.malformed", "no quorum line", at: "\(name):\(lines.count)")
        }
    }

    /// The witnesses' keys.
    public var witnesses: [NoteVerifierKey] {
        rules.compactMap { if case .witness(let key) = $0 { key } else { nil } }
    }

    /// Checks that a known log signed a checkpoint of its own and that enough witnesses cosigned.
    ///
    /// Throws `note.*`, `checkpoint.*` or `log-policy.quorum`.
    public func verify(_ note: SignedNote) throws(Refusal) -> Checkpoint {
        let checkpoint = try Checkpoint(parsing: note.text)
        let keys = logs.map(\.key).filter { $0.name == checkpoint.origin }
        guard !keys.isEmpty else {
            throw Refusal("checkpoint.origin", "the log \(checkpoint.origin) is not known")
        }
        try note.verified(by: keys)
        let signers = Set(try note.signers(among: witnesses))
        guard quorum.map({ holds($0, signers) }) ?? true else {
            throw Refusal(
                "log-policy.quorum", "\(signers.count) cosignatures do not make the quorum")
        }
        return checkpoint
    }

    private func holds(_ rule: Int, _ signers: Set<NoteVerifierKey>) -> Bool {
        switch rules[rule] {
        case .witness(let key): signers.contains(key)
        case .group(let threshold, let members):
            members.count { holds($0, signers) } >= threshold
        }
    }

    // MARK: Reading

    private mutating func read(_ words: [[UInt8]]) throws(Refusal) {
        guard let first = words.first, first.first != UInt8(ascii: "#") else { return }
        guard words.allSatisfy({ $0.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
            throw LogPolicy.malformed("control characters")
        }
        switch String(decoding: first, as: UTF8.self) {
        case "log" where 2...3 ~= words.count: try readLog(words)
        case "witness" where 3...4 ~= words.count: try readWitness(words)
        case "group" where words.count >= 4: try readGroup(words)
        case "quorum" where words.count == 2: try readQuorum(words[1])
        default: throw LogPolicy.malformed("expected log, witness, group or quorum")
        }
    }

    private mutating func readLog(_ words: [[UInt8]]) throws(Refusal) {
        let key = try LogPolicy.key(words[1])
        guard !logs.contains(where: { $0.key.publicKey == key.publicKey }) else {
            throw LogPolicy.malformed("a log's key comes twice")
        }
        logs.append(Log(key: key, url: words.count == 3 ? LogPolicy.text(words[2]) : nil))
    }

    private mutating func readWitness(_ words: [[UInt8]]) throws(Refusal) {
        let key = try LogPolicy.key(words[2])
        guard key.type == .cosignature else {
            throw LogPolicy.malformed("a witness's key makes cosignatures")
        }
        guard !witnesses.contains(where: { $0.publicKey == key.publicKey }) else {
            throw LogPolicy.malformed("a witness's key comes twice")
        }
        try define(words[1], as: .witness(key))
    }

    private mutating func readGroup(_ words: [[UInt8]]) throws(Refusal) {
        var indices: [Int] = []
        for name in words.dropFirst(3) {
            let index = try find(name)
            guard members.insert(index).inserted else {
                throw LogPolicy.malformed("\(LogPolicy.text(name)) is a member twice")
            }
            indices.append(index)
        }
        let threshold: Int
        switch LogPolicy.text(words[2]) {
        case "all": threshold = indices.count
        case "any": threshold = 1
        case let text:
            guard let number = TextNumber.parse(text), 1...UInt64(indices.count) ~= number else {
                throw LogPolicy.malformed("a threshold is all, any, or 1 to \(indices.count)")
            }
            threshold = Int(number)
        }
        try define(words[1], as: .group(threshold: threshold, members: indices))
    }

    private mutating func readQuorum(_ name: [UInt8]) throws(Refusal) {
        guard !hasQuorum else { throw LogPolicy.malformed("a second quorum line") }
        hasQuorum = true
        quorum = name == LogPolicy.none ? nil : try find(name)
    }

    private mutating func define(_ name: [UInt8], as rule: Rule) throws(Refusal) {
        guard name != LogPolicy.none, !names.contains(name) else {
            throw LogPolicy.malformed("the name \(LogPolicy.text(name)) is taken")
        }
        names.append(name)
        rules.append(rule)
    }

    private func find(_ name: [UInt8]) throws(Refusal) -> Int {
        guard let index = names.firstIndex(of: name) else {
            throw LogPolicy.malformed("\(LogPolicy.text(name)) is not defined above")
        }
        return index
    }

    private static let none = Array("none".utf8)

    private static func key(_ bytes: [UInt8]) throws(Refusal) -> NoteVerifierKey {
        try NoteVerifierKey(parsing: text(bytes))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func malformed(_ what: String) -> Refusal {
        Refusal("log-policy.malformed", what)
    }
}
