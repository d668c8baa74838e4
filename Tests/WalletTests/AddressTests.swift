import Cryptography
import Primitives
import Testing
import Wallet

@Suite struct AddressTests {
    /// The examples of EIP-55.
    @Test(arguments: [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ])
    func examplesRoundTrip(text: String) throws {
        let address = try ChecksumAddress.parse(text)
        #expect(address.checksummed == text)
        #expect(try ChecksumAddress.parse(text.lowercased()) == address)
        #expect(try ChecksumAddress.parse("0x" + text.dropFirst(2).uppercased()) == address)
    }

    @Test func everyWrongCaseIsRefused() throws {
        let text = Array("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
        for index in 2..<text.count where text[index].isLetter {
            var wrong = text
            let letter = text[index]
            wrong[index] = Character(
                letter.isUppercase ? letter.lowercased() : letter.uppercased())
            #expect(throws: Refusal("address.checksum", "")) {
                try ChecksumAddress.parse(String(wrong))
            }
        }
    }

    @Test(arguments: [
        "", "0x", "0x10", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed00",
        "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
    ])
    func otherTextIsRefused(text: String) {
        #expect(throws: Refusal("address.malformed", "")) { try ChecksumAddress.parse(text) }
    }

    /// A message signed by a well-known library: `hello` under keccak256("cow").
    @Test func personalMessagesHaveThePrefixAndTheLength() {
        let expected = Keccak256.hash(Array("\u{19}Ethereum Signed Message:\n5hello".utf8))
        #expect(PersonalMessage.digest(Array("hello".utf8)) == expected)
        #expect(
            PersonalMessage.digest([]).hex
                == "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad")
    }
}
