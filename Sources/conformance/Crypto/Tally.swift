// Counting cases, and naming those that fail.

import Primitives

/// The outcome of one file's cases.
struct Tally {
    private(set) var score = Score()
    private(set) var failures: [String] = []

    /// Counts a failure under its name.
    mutating func fail(_ name: String) {
        score.failed += 1
        failures.append(name)
    }

    /// Counts a case that holds when `holds` is true; an error is a failure.
    mutating func expect(_ name: String, _ holds: () throws -> Bool) {
        do {
            if try holds() {
                score.passed += 1
            } else {
                fail(name)
            }
        } catch {
            fail("\(name): \(error)")
        }
    }

    /// Counts a case that holds when the body is refused with a typed error.
    mutating func expectRefusal(_ name: String, code: String? = nil, _ body: () throws -> Void) {
        do {
            try body()
            fail("\(name): was accepted")
        } catch let refusal as Refusal where code == nil || refusal.code == code {
            score.passed += 1
        } catch {
            fail("\(name): \(error)")
        }
    }

    /// The rows of a section; a section that is no array counts as failed.
    mutating func rows(_ document: JSON, _ section: String) -> [JSON] {
        guard let value = document[section] else { return [] }
        guard let rows = value.elements else {
            fail("section \(section): not an array")
            return []
        }
        return rows
    }

    /// Counts every section that is neither checked nor known to be a remark.
    mutating func requireKnown(_ document: JSON, _ sections: [String]) {
        let remarks = ["note", "notes", "source", "versions", "schema", "generated_with", "stats"]
        guard let members = document.members else { return fail("the file is not an object") }
        for member in members where !(sections + remarks).contains(member.key) {
            fail("section \(member.key): not covered")
        }
    }
}

extension JSON {
    /// The text of a member; throws when there is none.
    func text(_ key: String) throws -> String {
        guard let text = self[key]?.text else {
            throw Refusal("conformance.form", "the row has no text \(key)")
        }
        return text
    }

    /// The bytes that a member spells, with or without `0x`.
    func bytes(_ key: String) throws -> [UInt8] {
        guard let bytes = Hex.decode(try text(key)) else {
            throw Refusal("conformance.form", "\(key) is not hexadecimal")
        }
        return bytes
    }

    /// The digest that a member spells.
    func digest(_ key: String) throws -> Digest {
        guard let digest = Digest(try bytes(key)) else {
            throw Refusal("conformance.form", "\(key) is not 32 bytes")
        }
        return digest
    }

    /// A member; throws when there is none.
    func member(_ key: String) throws -> JSON {
        guard let value = self[key] else {
            throw Refusal("conformance.form", "the row has no member \(key)")
        }
        return value
    }

    /// A name for a row, for failures.
    func label(_ index: Int) -> String {
        if let name = self["name"]?.text { return name }
        if let identifier = self["id"] { return identifier.text ?? identifier.compact }
        return "row \(index)"
    }
}
