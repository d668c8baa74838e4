// From the API's JSON to tables and lines.

import Primitives
import Terminal

extension JSON {
    /// A value as a person reads it; a dash for nothing.
    var shown: String {
        switch self {
        case .null: "-"
        case .bool(let flag): flag ? "yes" : "no"
        case .string(let text): text.isEmpty ? "-" : text
        case .number(let text): text
        case .array(let elements): elements.map(\.shown).joined(separator: ", ")
        case .object(let members):
            members.map { "\($0.key)=\($0.value.shown)" }.joined(separator: " ")
        }
    }
}

/// One column of a table made from JSON objects.
struct ShownColumn {
    /// The column.
    let column: TextTable.Column
    /// The cell of an object.
    let cell: (JSON) -> String

    /// A column of texts.
    static func text(_ heading: String, _ key: String) -> ShownColumn {
        ShownColumn(column: .text(heading)) { $0[key]?.shown ?? "-" }
    }

    /// A column of numbers.
    static func number(_ heading: String, _ key: String) -> ShownColumn {
        ShownColumn(column: .number(heading)) { $0[key]?.shown ?? "-" }
    }

    /// A column of times, to the second.
    static func time(_ heading: String, _ key: String) -> ShownColumn {
        ShownColumn(column: .text(heading)) { Presentation.time($0[key]?.text ?? "") }
    }

    /// A column of amounts.
    static func amount(_ heading: String, _ key: String, _ money: AssetAmounts) -> ShownColumn {
        ShownColumn(column: .number(heading)) { money.text($0[key]) }
    }

    /// A column that is computed.
    static func computed(
        _ heading: String, isNumber: Bool = false, _ cell: @escaping (JSON) -> String
    ) -> ShownColumn {
        ShownColumn(column: isNumber ? .number(heading) : .text(heading), cell: cell)
    }
}

/// Ways to show JSON.
enum Presentation {
    /// A table with a row for each object.
    static func table(_ rows: JSON, _ columns: [ShownColumn]) -> TextTable {
        var table = TextTable(columns.map(\.column))
        for row in rows.elements ?? [] { table.add(columns.map { $0.cell(row) }) }
        return table
    }

    /// Labels and values, aligned, a line each.
    static func facts(_ facts: [(label: String, value: String)]) -> [String] {
        let width = facts.map(\.label.count).max() ?? 0
        return facts.map { label, value in
            label + String(repeating: " ", count: width - label.count + 2)
                + Screen.sanitized(value)
        }
    }

    /// Members of an object as labels and values.
    static func facts(_ json: JSON, _ keys: [(label: String, key: String)]) -> [String] {
        facts(keys.map { ($0.label, json[$0.key]?.shown ?? "-") })
    }

    /// Text of several lines from outside, each line made safe to show.
    static func lines(of text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map {
            Screen.sanitized(String($0))
        }
    }

    /// `107.3 GFLOP/s` for a rate: a thousand of a unit is the next larger one's.
    static func rate(_ perSecond: UInt64, _ unit: String) -> String {
        let prefixes = ["", "k", "M", "G", "T", "P", "E"]
        var (tenths, step) = (UInt128(perSecond) * 10, 0)
        while tenths >= 10_000 {
            tenths /= 1000
            step += 1
        }
        let text = step == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
        return "\(text) \(prefixes[step])\(unit)"
    }

    /// `4.2 %` for a share in millionths; a dash for none.
    static func share(_ millionths: JSON?) -> String {
        guard let value = millionths?.unsigned else { return "-" }
        return "\(value / 10_000).\(value / 1000 % 10) %"
    }

    /// `3d 4h` for milliseconds: the two largest units.
    static func age(_ milliseconds: JSON?) -> String {
        guard let value = milliseconds?.unsigned else { return "-" }
        let seconds = value / 1000
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }
        return shown.isEmpty ? "0 s" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }

    /// `2026-11-21 02:34:00` for a time of the API.
    static func time(_ text: String) -> String {
        guard text.count >= 19 else { return "-" }
        return String(text.prefix(19).replacing("T", with: " "))
    }

    /// The first digits of an address or a digest.
    static func short(_ text: String) -> String {
        let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
        return String(digits.prefix(12))
    }
}
