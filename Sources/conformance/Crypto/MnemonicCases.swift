// Cases of BIP-39, BIP-32 and BIP-44.

import Cryptography
import Primitives
import Wallet

enum MnemonicCases {
    static func ethereum(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors", "invalid", "foundry_anvil_default"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") {
                guard try spells(row) else { return false }
                return try (row["accounts"]?.elements ?? []).allSatisfy { try leads(row, to: $0) }
            }
        }
        for (index, row) in tally.rows(document, "invalid").enumerated() {
            tally.expectRefusal(row.label(index)) { _ = try mnemonic(row) }
        }
        if let row = document["foundry_anvil_default"] {
            tally.expect("foundry_anvil_default") {
                let seed = try mnemonic(row).seed()
                let path = try DerivationPath("m/44'/60'/0'/0/0")
                let key = try ExtendedKey(seed: seed).derived(along: path).privateKey
                return try key.address.checksummed == row.text("address0")
            }
        }
    }

    static func trezor(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("row \(index)") {
                let root = try ExtendedKey(seed: SecretBytes(try row.bytes("seed")))
                let expected = SecretBytes(utf8: try row.text("bip32_root_xprv"))
                return try spells(row) && root.extendedPrivateKey == expected
            }
        }
    }

    static func extendedKeys(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            for chain in row["chains"]?.elements ?? [] {
                tally.expect("row \(index) \(chain["path"]?.text ?? "")") {
                    let key = try ExtendedKey(seed: SecretBytes(try row.bytes("seed")))
                        .derived(along: try DerivationPath(try chain.text("path")))
                    return try key.extendedPublicKey == chain.text("xpub")
                        && key.extendedPrivateKey == SecretBytes(utf8: try chain.text("xprv"))
                }
            }
        }
    }

    private static func mnemonic(_ row: JSON) throws -> Mnemonic {
        try Mnemonic(sentence: SecretBytes(utf8: try row.text("mnemonic")))
    }

    private static func spells(_ row: JSON) throws -> Bool {
        let read = try mnemonic(row)
        let spelt = try Mnemonic(entropy: SecretBytes(try row.bytes("entropy")))
        return try read.sentence == spelt.sentence && read.entropy == spelt.entropy
            && read.seed(passphrase: try row.text("passphrase"))
                == SecretBytes(try row.bytes("seed"))
    }

    private static func leads(_ row: JSON, to account: JSON) throws -> Bool {
        let key = try ExtendedKey(seed: SecretBytes(try row.bytes("seed")))
            .derived(along: try DerivationPath(try account.text("path"))).privateKey
        return try key.bytes.exposed() == account.bytes("priv")
            && key.address.checksummed == account.text("address")
    }
}
