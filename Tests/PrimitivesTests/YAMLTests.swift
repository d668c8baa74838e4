// The strict subset of YAML: what it means, what it refuses and where, and that no text does harm.

import Primitives
import Testing

@Suite struct YAMLTests {
    private func parse(_ text: String) throws(Refusal) -> YAML {
        try YAML.parse(text, name: "t.yaml")
    }

    /// A node in a form that is quick to compare.
    private func plain(_ node: YAML) -> JSON {
        switch node.content {
        case .scalar(let text, _): .string(text)
        case .sequence(let elements): .array(elements.map(plain))
        case .mapping(let entries): .object(entries.map { JSON.Member($0.key, plain($0.value)) })
        }
    }

    @Test func `a document is what it looks like`() throws {
        let text = """
            # a comment
            name: one two  # another
            empty: ""
            list:
              - a
              - "b: # c"
              - 'it''s'
            same-indent:
            - 1
            - x: 1
              y: [p, "q, r", 's']
            deep:
              deeper:
                deepest: no
            text: |
              first
                second

              third
            cut: |-
              only
            nothing: []
            """
        #expect(
            plain(try parse(text)) == [
                "name": "one two", "empty": "", "list": ["a", "b: # c", "it's"],
                "same-indent": ["1", ["x": "1", "y": ["p", "q, r", "s"]]],
                "deep": ["deeper": ["deepest": "no"]],
                "text": "first\n  second\n\nthird\n", "cut": "only", "nothing": [],
            ])
    }

    /// A text that is refused, and the line that is named.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let text: String
        let line: Int
        var testDescription: String { text.debugDescription }
        init(_ text: String, _ line: Int) { (self.text, self.line) = (text, line) }
    }

    static let wrong = [
        Wrong("", 1), Wrong("# only\n", 1), Wrong("a: 1\r\n", 1), Wrong("a: 1\n\tb: 2\n", 2),
        Wrong("a:\n", 1), Wrong("a: 1\na: 2\n", 2), Wrong("a: 1\n  b: 2\n", 2),
        Wrong("a:\n    b: 1\n  c: 2\n", 3), Wrong("- a\nb: 1\n", 2), Wrong("a: 1\n- b\n", 2),
        Wrong("a: {b: 1}\n", 1), Wrong("a: &x 1\n", 1), Wrong("a: *x\n", 1),
        Wrong("a: !!str 1\n", 1),
        Wrong("a: >\n  b\n", 1), Wrong("a: b: c\n", 1), Wrong("a: b:\n", 1), Wrong("a: \"b\n", 1),
        Wrong("a: 'b\n", 1), Wrong("a: \"\\x\"\n", 1), Wrong("a: \"b\"c\n", 1), Wrong("a: [b\n", 1),
        Wrong("a: [b,]\n", 1), Wrong("a: [[b]]\n", 1), Wrong("---\na: 1\n", 1),
        Wrong("a: 1\n---\nb: 2\n", 2), Wrong("a: 1\n...\n", 2), Wrong("%YAML 1.2\n", 1),
        Wrong("a b: 1\n", 1), Wrong("é: 1\n", 1), Wrong("a: %b\n", 1), Wrong("a: @b\n", 1),
        Wrong("<<: 1\n", 1), Wrong("a: 1\nb\n", 2), Wrong("a: `b`\n", 1),
    ]

    @Test(arguments: wrong)
    func `what lies outside is refused, with its line`(_ wrong: Wrong) {
        do {
            let found = try parse(wrong.text)
            Issue.record("read as \(plain(found).compact)")
        } catch {
            #expect(error.code == "yaml.malformed")
            #expect(error.place == "t.yaml:\(wrong.line)", "\(error)")
        }
    }

    @Test func `depth and size are bounded`() {
        func nested(_ depth: Int) -> String {
            (0..<depth).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
                + String(repeating: " ", count: depth) + "a: 1\n"
        }
        #expect(throws: Never.self) { try parse(nested(YAML.depthLimit - 1)) }
        #expect(code { _ = try parse(nested(YAML.depthLimit)) } == "yaml.malformed")
        let dashes = String(repeating: "- ", count: 100_000) + "a\n"
        #expect(code { _ = try parse(dashes) } == "yaml.malformed")
        let long = "a: " + String(repeating: "b", count: YAML.byteLimit)
        #expect(code { _ = try parse(long) } == "yaml.malformed")
    }

    private static let seedText = """
        format: policy/1
        tracks:
          - name: signal
            quorum: 4%
            delay: 2d
            note: "a, \\"b\\""
            who: [a, 'b']
        text: |
          more
        """

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `no text does harm`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<1500 {
            let bytes = random.mutated(Array(Self.seedText.utf8))
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                _ = try parse(text)
            } catch {
                #expect(error.code == "yaml.malformed" && error.place?.hasPrefix("t.yaml:") == true)
            }
        }
    }

    // MARK: Against a schema

    private func mapping(_ text: String) throws(Refusal) -> YAMLMapping {
        try YAMLMapping(try parse(text), name: "t.yaml")
    }

    @Test func `values have their form`() throws {
        var top = try mapping(
            "n: 1_000\ns: 12.5%\nd: 15m\nw: yes-sir\nf: true\na: 340282366920938463463374607431768211455\n"
        )
        #expect(try top.number("n") == 1000)
        #expect(try top.share("s") == 125_000)
        #expect(try top.duration("d") == 900_000)
        #expect(try top.word("w", of: ["yes-sir"]) == "yes-sir")
        #expect(try top.flag("f"))
        #expect(try top.amount("a") == .max)
        try top.finish()
    }

    @Test(
        arguments: [
            ("100%", 1_000_000), ("0%", 0), ("0.0001%", 1), ("33.3333%", 333_333),
            ("99.9%", 999_000),
        ] as [(String, UInt64)])
    func `a share is exact`(_ text: String, _ millionths: UInt64) throws {
        var top = try mapping("s: \(text)\n")
        #expect(try top.share("s") == millionths)
    }

    @Test(arguments: [
        "5", "0.5", "-5%", "5 %", "5.00001%", "5.%", ".5%", "1000%x", "%", "1e1%", "5%%",
    ])
    func `what is no share is refused with its line`(_ text: String) {
        #expect(
            code {
                var top = try mapping("a: 1\ns: \"\(text)\"\n")
                _ = try top.share("s")
            } == "schema.unit")
    }

    @Test(arguments: ["5", "5 s", "-5s", "1.5h", "s", "1w", "5S", "1h30m", "9999999999s"])
    func `what is no duration is refused`(_ text: String) {
        #expect(
            code {
                var top = try mapping("d: \"\(text)\"\n")
                _ = try top.duration("d")
            } == "schema.unit")
    }

    @Test func `what is missing, unknown, out of range or of another kind is named`() throws {
        var top = try mapping("a: 1\nb:\n  c: 200%\nd: [1]\n")
        #expect(code { _ = try top.number("z") } == "schema.missing")
        #expect(code { _ = try top.number("a", in: 2...3) } == "schema.range")
        #expect(code { _ = try top.mapping("a") } == "schema.type")
        #expect(code { _ = try top.text("d") } == "schema.type")
        #expect(code { _ = try top.number("d") } == "schema.type")
        do {
            var inner = try top.mapping("b")
            _ = try inner.share("c")
            Issue.record("200% was taken")
        } catch {
            #expect(error.code == "schema.range" && error.place == "t.yaml:3")
            #expect(error.message.contains("`b.c`"))
        }
        let fresh = try mapping("a: 1\nstrange: 2\n")
        var known = fresh
        _ = try known.number("a")
        do {
            try known.finish()
            Issue.record("a strange key was taken")
        } catch {
            #expect(error.code == "schema.unknown-key" && error.place == "t.yaml:2")
            #expect(error.message.contains("strange"))
        }
    }

    @Test func `a misspelt key is named with its line and the key that was meant`() throws {
        func refusal(_ text: String, _ body: (inout YAMLMapping) throws -> Void) throws -> Refusal?
        {
            var map = try mapping(text)
            do {
                try body(&map)
                return nil
            } catch { return error as? Refusal }
        }
        // A key that must be there.
        let titel = try refusal("kind: signal\ntitel: x\neffects: []\n") { map in
            _ = try map.text("kind")
            _ = try map.text("title")
        }
        #expect(titel?.code == "schema.missing" && titel?.place == "t.yaml:2")
        #expect(titel?.message.contains("`titel`") == true)
        #expect(titel?.message.contains("did you mean `title`") == true)
        // A key that may be there.
        let discusion = try refusal("a: 1\ndiscusion: x\n") { map in
            _ = try map.number("a")
            _ = map.optionalNode("discussion")
            try map.finish()
        }
        #expect(discusion?.message.contains("did you mean `discussion`?") == true)
        #expect(discusion?.place == "t.yaml:2")
        // Nothing near: the key is missing, and no other is blamed.
        let missing = try refusal("kind: signal\nbody: x\n") { _ = try $0.text("title") }
        #expect(missing?.code == "schema.missing")
        // A key that is there for itself was not meant for its neighbour.
        let other = try refusal("period: 1s\n") { map in
            _ = try map.duration("period")
            _ = try map.duration("periods")
        }
        #expect(other?.code == "schema.missing")
    }

    @Test func `distances between words count swapped neighbours once`() {
        #expect(EditDistance.between("title", "titel") == 1)
        #expect(EditDistance.between("", "abc") == 3)
        #expect(EditDistance.between("kitten", "sitting") == 3)
        #expect(EditDistance.between("a", String(repeating: "a", count: 65)) == nil)
        #expect(EditDistance.nearest(to: "Effect", of: ["kind", "effects"]) == "effects")
        #expect(EditDistance.nearest(to: "x", of: ["y", "title"]) == nil)
    }
}
