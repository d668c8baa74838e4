// Cases of secp256k1 recovery and EIP-191.

import Cryptography
import Primitives
import Wallet

enum SignatureCases {
    static func recover(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["nonce", "n", "vectors", "edge", "private_keys"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") { try recover(row) }
        }
        for (index, row) in tally.rows(document, "edge").enumerated() {
            edge(row, row.label(index), &tally)
        }
        for (index, row) in tally.rows(document, "private_keys").enumerated() {
            tally.expect("private key \(index)") {
                let key = try? Secp256k1PrivateKey(try row.bytes("priv"))
                return (key != nil) == row["valid"]?.flag
            }
        }
    }

    private static func recover(_ row: JSON) throws -> Bool {
        let key = try Secp256k1PrivateKey(try row.bytes("priv"))
        let digest = try row.digest("digest")
        let signature = try key.sign(digest)
        let read = try RecoverableSignature(try row.bytes("sig65_v27"))
        return try signature == read
            && signature == RecoverableSignature(compact: try row.bytes("eip2098"))
            && signature.r == row.digest("r") && signature.s == row.digest("s")
            && (signature.isOdd ? 1 : 0) == row["y_parity"]?.integer
            && signature.bytes == row.bytes("sig65_v27")
            && signature.compactBytes == row.bytes("eip2098")
            && [4] + key.publicKey == row.bytes("pub_uncompressed")
            && key.compressedPublicKey == row.bytes("pub_compressed")
            && key.address.checksummed == row.text("address")
            && Secp256k1.recover(digest, read) == key.address
            && Secp256k1.recoverPublicKey(digest, read) == key.publicKey
    }

    private static func edge(_ row: JSON, _ name: String, _ tally: inout Tally) {
        let read = { () throws -> [UInt8] in
            guard let v = row["v"]?.integer, let byte = UInt8(exactly: v) else {
                throw Refusal("signature.v", "v is not a byte")
            }
            let signature = try RecoverableSignature(
                try row.bytes("r") + row.bytes("s") + [byte])
            return try Secp256k1.recoverPublicKey(try row.digest("digest"), signature)
        }
        switch row["must"]?.text {
        case "reject":
            tally.expectRefusal(name) { _ = try read() }
        case "recover-different-address":
            tally.expect(name) { try [4] + read() == row.bytes("libsecp_recovers") }
        default:
            tally.fail("\(name): an unknown demand")
        }
    }

    static func checksumAddresses(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["official_erc55", "random"])
        for row in tally.rows(document, "official_erc55") {
            tally.expect(row.compact) { try roundTrips(row.text ?? "") }
        }
        for (index, row) in tally.rows(document, "random").enumerated() {
            tally.expect("row \(index)") { try roundTrips(try row.text("address")) }
            tally.expectRefusal("row \(index): bad mixed case", code: "address.checksum") {
                _ = try ChecksumAddress.parse(try row.text("bad_mixed_case"))
            }
        }
    }

    private static func roundTrips(_ text: String) throws -> Bool {
        let address = try ChecksumAddress.parse(text)
        let upper = "0x" + text.dropFirst(2).uppercased()
        return try ChecksumAddress.encode(address) == text
            && ChecksumAddress.parse(text.lowercased()) == address
            && ChecksumAddress.parse(upper) == address
    }

    static func personalMessages(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") {
                let digest = PersonalMessage.digest(try row.bytes("message_hex"))
                let key = try Secp256k1PrivateKey(try row.bytes("priv"))
                let signature = try RecoverableSignature(try row.bytes("signature"))
                return try digest == row.digest("digest") && key.sign(digest) == signature
                    && Secp256k1.recover(digest, signature).checksummed == row.text("address")
            }
        }
    }
}
