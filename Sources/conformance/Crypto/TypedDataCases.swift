// Cases of EIP-712.

import Cryptography
import Primitives
import Wallet

enum TypedDataCases {
    static func random(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect(row.label(index)) {
                try holds(row, key: try Secp256k1PrivateKey(try row.bytes("priv")))
            }
        }
    }

    static func officialMail(_ document: JSON, _ tally: inout Tally) {
        tally.expect("mail") {
            // "keccak256('cow') = c85e..."
            let digits = try document.text("private_key").split(separator: " ").last ?? ""
            let key = try Secp256k1PrivateKey(Hex.decode(digits) ?? [])
            let data = try TypedData(try document.member("typed_data"))
            return try holds(document, key: key)
                && data.types.typeHash("Mail") == document.digest("type_hash")
        }
    }

    private static func holds(_ row: JSON, key: Secp256k1PrivateKey) throws -> Bool {
        let data = try TypedData(try row.member("typed_data"))
        let signature = try RecoverableSignature(try row.bytes("signature"))
        return try data.types.encodeType(data.message?.name ?? "") == row.text("encode_type")
            && data.domainSeparator == row.digest("domain_separator")
            && data.structHash == row.digest("struct_hash")
            && data.digest == row.digest("digest")
            && key.sign(data.digest) == signature
            && Secp256k1.recover(data.digest, signature).checksummed == row.text("address")
            // What we write for a wallet must mean the same.
            && TypedData(data.json).digest == data.digest
    }

    static func mustReject(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expectRefusal(row.label(index)) {
                _ = try TypedData(try row.member("typed_data"))
            }
        }
    }
}
