// Hashes, keys, signatures, keystores, trees: vectors from standards and from peers.

import Primitives

/// The suite of `conformance/crypto`. A file is known by its name; each has one function.
enum CryptoSuite: ConformanceSuite {
    static let name = "crypto"

    /// Checks one parsed file and reports each case to the tally.
    typealias Check = @Sendable (JSON, inout Tally) -> Void

    /// What checks which file. Add a line for a new file.
    static let checks: [String: Check] = [
        "keccak256.json": HashCases.keccak256,
        "secp256k1_recover.json": SignatureCases.recover,
        "eip55.json": SignatureCases.checksumAddresses,
        "eip191_personal_sign.json": SignatureCases.personalMessages,
        "eip712_random.json": TypedDataCases.random,
        "eip712_must_reject.json": TypedDataCases.mustReject,
        "eip712_mail_official.json": TypedDataCases.officialMail,
        "keystore_v3.json": KeystoreCases.vectors,
        "keystore_v3_official.json": KeystoreCases.official,
        "bip39_bip44_eth.json": MnemonicCases.ethereum,
        "bip39_trezor.json": MnemonicCases.trezor,
        "bip32_official.json": MnemonicCases.extendedKeys,
        "rlp.json": EthereumCases.rlp,
        "abi.json": ApplicationBinaryInterfaceCases.vectors,
        "eth_transactions.json": EthereumCases.transactions,
        "eip712_vectors.json": GovernanceTypedDataCases.check,
        "oz_standard_merkle_tree.json": TreeCases.standard,
        "uniswap_merkle_distributor.json": TreeCases.distributor,
        "apportionment.json": ApportionmentCases.vectors,
        "rfc6962_proofs.json": TransparencyLogCases.proofs,
        "rfc6962_ct_reference_tree.json": TransparencyLogCases.referenceTree,
        "c2sp_tlog.json": TransparencyLogCases.documents,
        "c2sp_signed_note_example.json": TransparencyLogCases.noteExample,
    ]

    static func run(path: String) throws(Refusal) -> Score {
        var score = Score()
        for file in try Files.all(at: path) {
            var tally = Tally()
            do {
                let document = try JSON.parse(
                    try Files.read(file), limits: JSON.Limits(bytes: 256 << 20, depth: 256))
                if let check = checks[Files.name(file)] {
                    check(document, &tally)
                } else {
                    tally.fail("not covered")
                }
            } catch {
                tally.fail(error.description)
            }
            print("\(Files.name(file)): \(tally.score.passed) passed, \(tally.score.failed) failed")
            for failure in tally.failures.prefix(20) { print("    \(failure)") }
            score += tally.score
        }
        return score
    }
}
