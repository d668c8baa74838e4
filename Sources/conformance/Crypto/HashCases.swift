// Cases of Keccak-256 and EIP-55 checksums.

import Cryptography
import Primitives

enum HashCases {
    static func keccak256(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["known_ascii", "vectors"])
        for member in document["known_ascii"]?.members ?? [] {
            tally.expect("ascii \(member.key)") {
                Keccak256.hash(Array(member.key.utf8)).hex == member.value.text
            }
        }
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") {
                let message = try row.bytes("msg")
                return try message.count == row["len"]?.integer
                    && Keccak256.hash(message) == row.digest("keccak256")
            }
        }
    }
}
