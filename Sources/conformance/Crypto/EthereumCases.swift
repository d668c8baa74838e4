// Cases of RLP and signed transactions.

import Cryptography
import Primitives
import Wallet

enum EthereumCases {
    static func rlp(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors", "must_reject_strict"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") {
                let value = try nested(try row.member("value"))
                let bytes = try row.bytes("rlp")
                return try value.encoded == bytes && RLP(decoding: bytes) == value
            }
        }
        for row in tally.rows(document, "must_reject_strict") {
            tally.expectRefusal(row.compact, code: "rlp.malformed") {
                _ = try RLP(decoding: Hex.decode(row.text ?? "") ?? [])
            }
        }
    }

    private static func nested(_ json: JSON) throws -> RLP {
        if let elements = json.elements { return .list(try elements.map(nested)) }
        guard let text = json.text, let bytes = Hex.decode(text) else {
            throw Refusal("conformance.form", "a value is neither bytes nor a list")
        }
        return .bytes(bytes)
    }

    static func transactions(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index) \(row["kind"]?.text ?? "")") { try signs(row) }
        }
    }

    private static func signs(_ row: JSON) throws -> Bool {
        let key = try Secp256k1PrivateKey(try row.bytes("priv"))
        let transaction = try transaction(try row.member("tx"), kind: try row.text("kind"))
        let signed = try transaction.sign(key)
        guard case .list(let items) = try RLP(decoding: payload(of: signed.raw)),
            items.count >= 3, case .bytes(let v) = items[items.count - 3]
        else { return false }
        return try signed.raw == row.bytes("raw") && signed.hash == row.digest("hash")
            && key.address.checksummed == row.text("from")
            && signed.signature.r == row.digest("r") && signed.signature.s == row.digest("s")
            && v == number(try row.member("v")).minimalBytes
    }

    private static func payload(of raw: [UInt8]) -> [UInt8] {
        (raw.first ?? 0) < 0x80 ? Array(raw.dropFirst()) : raw
    }

    private static func transaction(_ json: JSON, kind: String) throws -> EthereumTransaction {
        let receiver = json["to"]?.text ?? ""
        return EthereumTransaction(
            chainId: try small(json, "chainId"), nonce: try small(json, "nonce"),
            fee: try fee(json, kind), gas: try small(json, "gas"),
            to: receiver.isEmpty ? nil : try ChecksumAddress.parse(receiver),
            value: try number(try json.member("value")), data: try json.bytes("data"))
    }

    private static func fee(_ json: JSON, _ kind: String) throws -> EthereumTransaction.Fee {
        let list = try (json["accessList"]?.elements ?? []).map { entry in
            EthereumTransaction.Access(
                address: try ChecksumAddress.parse(try entry.text("address")),
                slots: try (entry["storageKeys"]?.elements ?? []).map {
                    guard let slot = Digest(hex: $0.text ?? "") else {
                        throw Refusal("conformance.form", "a slot is not 32 bytes")
                    }
                    return slot
                })
        }
        if json["maxFeePerGas"] != nil {
            return .dynamic(
                tip: try number(try json.member("maxPriorityFeePerGas")),
                cap: try number(try json.member("maxFeePerGas")), list)
        }
        let price = try number(try json.member("gasPrice"))
        let isTyped = json["accessList"] != nil || json["type"]?.integer == 1
        return isTyped ? .accessList(price: price, list) : .legacy(price: price)
    }

    private static func small(_ json: JSON, _ key: String) throws -> UInt64 {
        guard let value = UInt64(try number(try json.member(key)).description) else {
            throw Refusal("conformance.form", "\(key) passes 64 bits")
        }
        return value
    }

    private static func number(_ json: JSON) throws -> Word256 {
        switch json {
        case .number(let text), .string(let text):
            if let value = Word256(decimal: text) { return value }
        default: break
        }
        throw Refusal("conformance.form", "not a whole number")
    }
}
