// Typed data in words: what a person reads before signing. Every field is shown, in the order that
// is hashed, and nothing that is not hashed is shown.

import Primitives

extension TypedData {
    /// The message, the domain, and the digest that will be signed, a line each.
    public var lines: [String] {
        var lines = message.map { [$0.name] + $0.lines(indentation: 1) } ?? []
        lines.append("signed for")
        lines += domain.lines(indentation: 1)
        lines.append("digest \(digest.hex)")
        return lines
    }
}

extension TypedStruct {
    /// The struct's name and its fields.
    public var lines: [String] { [name] + lines(indentation: 1) }

    func lines(indentation: Int) -> [String] {
        let width = fields.map(\.name.utf8.count).max() ?? 0
        return fields.flatMap { field in
            let padding = String(repeating: " ", count: width - field.name.utf8.count)
            return TypedStruct.lines(field.value, label: field.name + padding, indentation)
        }
    }

    private static func lines(
        _ value: TypedValue, label: String, _ indentation: Int
    ) -> [String] {
        let margin = String(repeating: "  ", count: indentation)
        switch value {
        case .array(let elements):
            let count = elements.count == 1 ? "1 element" : "\(elements.count) elements"
            return ["\(margin)\(label)  \(count)"]
                + elements.enumerated().flatMap { index, element in
                    lines(element, label: "[\(index)]", indentation + 1)
                }
        case .structure(let structure):
            return ["\(margin)\(label)  \(structure.name)"]
                + structure.lines(indentation: indentation + 1)
        default:
            return ["\(margin)\(label)  \(value.text)"]
        }
    }
}

extension TypedValue {
    /// A value without parts as a person reads it.
    fileprivate var text: String {
        switch self {
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let number): number.description
        case .address(let address): address.checksummed
        case .string(let text): "\"" + DisplayText.visible(text) + "\""
        case .bytes(let bytes): "0x" + Hex.encode(bytes)
        case .absent: "(none)"
        case .array, .structure: ""
        }
    }
}
