// Cases of Solidity's ABI encoding.

import Primitives
import Transparency

enum ApplicationBinaryInterfaceCases {
    static func vectors(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors", "events"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("vector \(index)") {
                let call = try ABIEncoder.call(
                    try row.text("signature"), try row.member("args").elements ?? [])
                return try call == row.bytes("calldata")
                    && Array(call.prefix(4)) == row.bytes("selector")
            }
        }
        for row in tally.rows(document, "events") {
            tally.expect("event \(row["event"]?.text ?? "?")") {
                try ABIEncoder.topic(try row.text("event")) == row.digest("topic0")
            }
        }
    }
}
