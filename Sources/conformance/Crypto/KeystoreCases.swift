// Cases of Web3 keystores.

import Cryptography
import Primitives
import Wallet

enum KeystoreCases {
    static func vectors(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors", "negative"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") {
                try opens(row, derivedKey: try row.bytes("derived_key"))
            }
        }
        for (index, row) in tally.rows(document, "negative").enumerated() {
            let isPassword = row["must"]?.text == "mac mismatch"
            tally.expectRefusal(row.label(index), code: isPassword ? "keystore.password" : nil) {
                _ = try keystore(row).open(password: SecretBytes(utf8: try row.text("password")))
            }
        }
    }

    static func official(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["official", "legacy_short_keys"])
        for section in ["official", "legacy_short_keys"] {
            for member in document[section]?.members ?? [] {
                tally.expect(member.key) { try opens(member.value, derivedKey: nil) }
            }
        }
    }

    private static func keystore(_ row: JSON) throws -> Keystore {
        let document = try row.member("json")
        if let text = document.text { return try Keystore(parsing: Array(text.utf8)) }
        return try Keystore(document)
    }

    private static func opens(_ row: JSON, derivedKey: [UInt8]?) throws -> Bool {
        let keystore = try keystore(row)
        let password = SecretBytes(utf8: try row.text("password"))
        if row["password_utf8_hex"] != nil {
            guard try password.exposed() == row.bytes("password_utf8_hex") else { return false }
        }
        let derived = try keystore.derivedKey(password: password)
        if let derivedKey, derived.exposed() != derivedKey { return false }
        let key = try keystore.open(derivedKey: derived).bytes.exposed()
        let expected = try row.bytes("priv")
        guard expected.count <= 32 else { return false }
        let padded = [UInt8](repeating: 0, count: 32 - expected.count) + expected
        return try key == padded && Keystore(keystore.json) == keystore
    }
}
