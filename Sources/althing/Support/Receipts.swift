// Receipts as people read them.

import Primitives

/// Reads receipts.
enum Receipts {
    /// The first event of a kind that a receipt reports.
    static func event(_ kind: String, in receipt: JSON) -> JSON? {
        receipt["events"]?.elements?.first { $0["kind"]?.text == kind }
    }

    /// A field of an event of a receipt, or a dash.
    static func field(_ name: String, of kind: String, in receipt: JSON) -> String {
        event(kind, in: receipt)?[name]?.shown ?? "-"
    }

    /// Where the command stands in the log.
    static func line(_ receipt: JSON) -> String {
        "entry \(receipt["index"]?.shown ?? "-"), leaf \(receipt["leaf"]?.shown ?? "-")"
            + " of the log; envelope \(receipt["envelope"]?.shown ?? "-")"
    }
}
