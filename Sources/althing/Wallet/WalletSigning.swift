// Messages and typed data, signed and checked with a keystore's key.

import ArgumentParser
import Cryptography
import Platform
import Primitives
import Terminal
import Wallet

/// What is signed.
struct MessageOptions: ParsableArguments {
    @Option(help: "A text, signed as EIP-191 (personal_sign).")
    var message: String?

    @Option(help: ArgumentHelp("A file, signed as EIP-191.", valueName: "file"))
    var messageFile: String?

    @Option(help: ArgumentHelp("A file of EIP-712 typed data in JSON.", valueName: "file"))
    var typedData: String?

    func validate() throws {
        guard [message, messageFile, typedData].compactMap(\.self).count == 1 else {
            throw ValidationError("give one of --message, --message-file and --typed-data")
        }
    }

    /// The digest to sign, and the words it stands for.
    func digest() throws(Refusal) -> (digest: Digest, words: [String]) {
        if let typedData {
            let text = try Files.read(typedData, limit: 1 << 20)
            do {
                let data = try TypedData(parsing: text, rules: .interoperable)
                return (data.digest, data.lines)
            } catch {
                throw error.placed(typedData)
            }
        }
        let bytes =
            if let messageFile {
                try Files.read(messageFile, limit: 1 << 20)
            } else {
                Array((message ?? "").utf8)
            }
        return (PersonalMessage.digest(bytes), [])
    }
}

/// `wallet sign`.
struct WalletSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a message or typed data.",
        discussion: """
            Example:
              althing wallet sign --message "I am here" --keystore key.json
            """)

    @OptionGroup var message: MessageOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try sign() }

    private func sign() throws(Refusal) {
        let printer = output.printer
        let (digest, words) = try message.digest()
        for line in words { printer.errorScreen.line(line) }
        if !words.isEmpty, !signing.yes, TerminalDevice.canAsk,
            try !TerminalDevice.confirm("Sign this?")
        {
            throw Refusal("sign.declined", "nothing was signed")
        }
        let (path, keystore) = try signing.sealed()
        let key = try keystore.open(password: try signing.password.password(for: path))
        let signature = try key.sign(digest)
        printer.show(
            [signature.hex],
            json: [
                "address": .string(key.address.checksummed), "digest": .string(digest.hex),
                "signature": .string(signature.hex),
            ])
    }
}

/// `wallet verify`.
struct WalletVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check who signed a message or typed data.",
        discussion: """
            Exit code 1 when the signature is not the account's.

            Example:
              althing wallet verify --message "I am here" --signature 0x... --account 0x...
            """)

    @OptionGroup var message: MessageOptions

    @Option(help: "The signature in hexadecimal: 65 bytes, or the 64 of EIP-2098.")
    var signature: String

    @Option(name: [.long, .customLong("address")], help: "Who should have signed.")
    var account: Address?

    @OptionGroup var output: OutputOptions

    func run() async throws { try verify() }

    private static func parsed(_ text: String) throws(Refusal) -> RecoverableSignature {
        if text.hasPrefix("0x"), let bytes = Hex.decode(text), bytes.count == 64 {
            return try RecoverableSignature(compact: bytes)
        }
        return try RecoverableSignature(hex: text)
    }

    private func verify() throws(Refusal) {
        let signer = try Secp256k1.recover(
            try message.digest().digest, try WalletVerify.parsed(signature))
        if let account, account != signer {
            throw Refusal(
                "signature.wrong-signer",
                "\(signer.checksummed) signed this, not \(account.checksummed)")
        }
        output.printer.show(
            Presentation.facts([("signed by", signer.checksummed)]),
            json: ["signer": .string(signer.checksummed), "valid": true])
    }
}
