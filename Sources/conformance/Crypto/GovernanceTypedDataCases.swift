// `governance/eip712_vectors.json`: others' ballots, delegations and wallets' snapshots. The
// governance suite calls this; the cryptography is here.

import Cryptography
import Primitives
import Wallet

enum GovernanceTypedDataCases {
    /// Checks the file's `cases`.
    static func check(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["cases"])
        for (index, row) in tally.rows(document, "cases").enumerated() {
            let name = row.label(index)
            switch row["kind"]?.text {
            case "sign_typed_data":
                tally.expect(name) { try orRefused(row) { try signs(row) } }
            case "hash_struct": tally.expect(name) { try orRefused(row) { try hashes(row) } }
            case "recover": tally.expect(name) { try recovers(row) }
            case "reject_typed_data":
                tally.expectRefusal(name) {
                    _ = try TypedData(try row.member("typedData"), rules: .interoperable)
                }
            default: tally.fail("\(name): an unknown kind")
            }
        }
    }

    private static func signs(_ row: JSON) throws -> Bool {
        let expected = try row.member("expected")
        let data = try TypedData(try row.member("typedData"), rules: .interoperable)
        let key = try Secp256k1PrivateKey(try expected.bytes("privateKey"))
        let signature = try key.sign(data.digest)
        if let text = expected["encodeType"]?.text {
            guard try data.types.encodeType(data.message?.name ?? "") == text else { return false }
        }
        if expected["typeHash"] != nil {
            let hash = try data.types.typeHash(data.message?.name ?? "")
            guard try hash == expected.digest("typeHash") else { return false }
        }
        return try data.domainSeparator == expected.digest("domainSeparator")
            && data.structHash == expected.digest("hashStruct")
            && data.digest == expected.digest("digest")
            && signature == RecoverableSignature(try expected.bytes("signature"))
            && Int(signature.v) == expected["v"]?.integer
            && key.address.checksummed == expected.text("address")
    }

    /// A row that is not canonical may be refused, but must never give another hash.
    private static func orRefused(_ row: JSON, _ body: () throws -> Bool) throws -> Bool {
        do {
            return try body()
        } catch {
            if row["canonical"]?.flag == false { return true }
            throw error
        }
    }

    private static func hashes(_ row: JSON) throws -> Bool {
        let hash = try TypedData.hashStruct(
            types: try row.member("types"), primaryType: try row.text("primaryType"),
            message: try row.member("message"), rules: .interoperable)
        return try hash == row.member("expected").digest("hashStruct")
    }

    private static func recovers(_ row: JSON) throws -> Bool {
        let accepted = row["expected"]?["accept"]?.flag
        let recovered = try? Secp256k1.recover(
            try row.digest("digest"), try signature(try row.member("signature")))
        let claimed = try ChecksumAddress.parse(try row.text("claimedSigner"))
        if accepted == true, let address = row["expected"]?["recovered"]?.text {
            guard recovered?.checksummed == address else { return false }
        }
        return (recovered == claimed) == accepted
    }

    private static func signature(_ json: JSON) throws -> RecoverableSignature {
        if let text = json.text {
            let bytes = Hex.decode(text) ?? []
            return bytes.count == 64
                ? try RecoverableSignature(compact: bytes) : try RecoverableSignature(bytes)
        }
        guard let v = json["v"]?.integer, let byte = UInt8(exactly: v) else {
            throw Refusal("signature.v", "v is not a byte")
        }
        return try RecoverableSignature(try json.bytes("r") + json.bytes("s") + [byte])
    }
}
