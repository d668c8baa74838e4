import Cryptography
import Primitives
import Testing

@testable import Wallet

@Suite struct MnemonicTests {
    private func mnemonic(_ text: String) throws -> Mnemonic {
        try Mnemonic(sentence: SecretBytes(utf8: text))
    }

    @Test func theListIsTheList() {
        #expect(EnglishWords.list.count == 2048)
        #expect(EnglishWords.list == EnglishWords.list.sorted())
        let text = EnglishWords.list.map { $0 + "\n" }.joined()
        #expect(
            SHA256.hash(Array(text.utf8)).hex
                == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda")
    }

    /// The mnemonic of Hardhat and Anvil.
    @Test func theDevelopersMnemonicLeadsToTheirAccounts() throws {
        let seed = try mnemonic("test test test test test test test test test test test junk")
            .seed()
        let root = try ExtendedKey(seed: seed)
        let addresses = try (0..<2).map { index in
            let path = try #require(DerivationPath.ethereum(index: UInt32(index)))
            return try root.derived(along: path).privateKey.address.checksummed
        }
        #expect(
            addresses == [
                "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
                "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            ])
    }

    @Test(arguments: Mnemonic.entropyCounts)
    func entropyAndWordsAreOne(count: Int) throws {
        var random = SplitMix64(seed: UInt64(count))
        for _ in 0..<20 {
            let entropy = SecretBytes(random.bytes(count))
            let spelt = try Mnemonic(entropy: entropy)
            #expect(try Mnemonic(sentence: spelt.sentence).entropy == entropy)
        }
    }

    @Test(arguments: [
        ("", "mnemonic.count"), ("abandon", "mnemonic.count"),
        (String(repeating: "abandon ", count: 11) + "abandon", "mnemonic.checksum"),
        (String(repeating: "abandon ", count: 11) + "About", "mnemonic.word"),
        (String(repeating: "abandon ", count: 10) + " about", "mnemonic.word"),
        (String(repeating: "abandon ", count: 11) + "aband", "mnemonic.word"),
        (String(repeating: "abandon ", count: 12), "mnemonic.count"),
        (String(repeating: "abandon ", count: 13) + "about", "mnemonic.count"),
    ])
    func wrongSentencesAreRefused(text: String, code: String) {
        #expect(throws: Refusal(code, "")) { try mnemonic(text) }
    }

    @Test func aRefusalNeverNamesAWord() {
        do {
            _ = try mnemonic(String(repeating: "abandon ", count: 11) + "secretword")
            Issue.record("was accepted")
        } catch {
            #expect(!"\(error)".contains("secretword"))
        }
    }

    @Test func composedAndDecomposedPassphrasesAreOne() throws {
        let words = try mnemonic(String(repeating: "abandon ", count: 11) + "about")
        #expect(try words.seed(passphrase: "\u{E9}") == words.seed(passphrase: "e\u{301}"))
        #expect(try words.seed(passphrase: "\u{E9}") != words.seed(passphrase: "e"))
        #expect(
            Hex.encode(try words.seed(passphrase: "TREZOR").exposed().prefix(8))
                == "c55257c360c07c72")
    }

    /// Python's unicodedata gives the same.
    @Test(arguments: [
        ("caf\u{E9}", "cafe\u{301}"), ("\u{FB01}", "fi"), ("\u{2460}", "1"), ("\u{FF21}", "A"),
        ("\u{AC01}", "\u{1100}\u{1161}\u{11A8}"), ("\u{AC00}", "\u{1100}\u{1161}"),
        ("a\u{301}\u{323}", "a\u{323}\u{301}"), ("\u{1E9B}\u{323}", "s\u{323}\u{307}"),
        ("\u{212B}", "A\u{30A}"), ("\u{3000}", " "), ("\u{1D400}", "A"),
        ("\u{439}", "\u{438}\u{306}"),
    ])
    func normalisationIsFormKD(text: String, expected: String) {
        #expect(Normalization.nfkd(text) == Array(expected.utf8))
    }

    @Test func nothingOfAMnemonicIsPrinted() throws {
        let words = try mnemonic(String(repeating: "abandon ", count: 11) + "about")
        let root = try ExtendedKey(seed: try words.seed())
        var dumped = ""
        dump(words, to: &dumped)
        dump(root, to: &dumped)
        #expect("\(words) \(root)" == "<secret> <secret>")
        #expect(!dumped.contains("abandon"))
    }

    @Test(arguments: [
        "", "/", "m/", "m//0", "n/0", "M/0", "m/-1", "m/+1", "m/01", "m/0''", "m/'", "m/2147483648",
        "m/4294967296'", "m/0x1", "m /0", "m/0/",
    ])
    func wrongPathsAreRefused(text: String) {
        #expect(throws: Refusal("path.malformed", "")) { try DerivationPath(text) }
    }

    @Test func pathsRoundTrip() throws {
        for text in ["m", "m/0", "m/44'/60'/0'/0/2147483647", "m/2147483647'/1"] {
            #expect(try DerivationPath(text).description == text)
        }
        #expect(try DerivationPath("m/44h/60h").description == "m/44'/60'")
        #expect(DerivationPath.ethereum(account: 1, index: 2)?.description == "m/44'/60'/1'/0/2")
        #expect(DerivationPath.ethereum(index: 1 << 31) == nil)
    }

    @Test func seedsOfWrongLengthAreRefused() {
        for count in [0, 15, 65] {
            #expect(throws: Refusal("hd.seed", "")) {
                try ExtendedKey(seed: SecretBytes([UInt8](repeating: 1, count: count)))
            }
        }
    }

    /// BIP-32, test vector 1.
    @Test func extendedKeysOfBIP32() throws {
        let root = try ExtendedKey(seed: SecretBytes(Array(0...15)))
        #expect(
            root.extendedPublicKey
                == "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
        )
        let child = try root.derived(along: try DerivationPath("m/0'/1"))
        #expect(
            child.extendedPrivateKey
                == SecretBytes(
                    utf8:
                        "xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53Kw1UmYPxLgboyZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs"
                ))
    }
}
