// Signing a command: show the words, ask, open the keystore, sign, send, give back the receipt.

import ArgumentParser
import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Terminal
import Wallet

/// Why somebody stops or holds up what others decided.
struct ReasonOption: ParsableArguments {
    @Option(help: "Why; it is signed and kept.")
    var reason = ""
}

/// With which key a command is signed.
struct SigningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Keystore file to sign with; ALTHING_KEYSTORE otherwise, or the only one of the folder.
            """,
            valueName: "file"))
    var keystore: String?

    @OptionGroup var password: PasswordOptions

    @Flag(name: [.short, .long], help: "Sign without asking for confirmation.")
    var yes = false

    @Flag(help: "Do not wait for what follows from the command.")
    var noWait = false

    @Option(
        help: ArgumentHelp(
            "Sign it to be good for so long only, such as 10m; for good otherwise.",
            valueName: "time"))
    var validFor: LengthOfTime?

    /// The file that holds the signer's key.
    func keystorePath() throws(Refusal) -> String {
        if let path = keystore ?? Environment.value("ALTHING_KEYSTORE") { return path }
        let folder = try KeystoreFolder(nil)
        let entries = try folder.entries()
        guard entries.count == 1, let only = entries.first else {
            throw Refusal(
                "keystore.which",
                "\(folder.path) holds \(entries.count) keystores: name one with --keystore")
        }
        return only.path
    }

    /// The signer's keystore, still closed.
    func sealed() throws(Refusal) -> (path: String, keystore: Keystore) {
        let path = try keystorePath()
        return (path, try KeystoreFolder.read(path))
    }

    /// The account that would sign, without opening the keystore where it names its account.
    func account() throws(Refusal) -> Address {
        let (path, keystore) = try sealed()
        if let address = keystore.address { return address }
        return try keystore.open(password: try password.password(for: path)).address
    }

    /// Signs a command after showing its words, and sends it; gives the receipt.
    ///
    /// Throws `sign.declined` when the person at the terminal says no.
    func submit(
        _ command: AccountCommand, to client: ClusterClient, printer: Output
    ) async throws(Refusal) -> JSON {
        let (path, keystore) = try sealed()
        let genesis = try await client.genesis()
        var opened: Secp256k1PrivateKey?
        if keystore.address == nil {
            opened = try keystore.open(password: try password.password(for: path))
        }
        let account = opened?.address ?? keystore.address ?? .zero
        let nonce = try await client.nextNonce(of: account)
        let validUntil = validFor?.fromNow ?? .zero
        let words = try TypedData(
            CommandSigning.message(
                command, signer: account, nonce: nonce, validUntil: validUntil),
            in: try CommandSigning.domain(genesis, digest: genesis.digest))
        for line in words.lines { printer.errorScreen.line(SigningOptions.shortened(line)) }
        if !yes, TerminalDevice.canAsk, try !TerminalDevice.confirm("Sign this?") {
            throw Refusal("sign.declined", "nothing was signed")
        }
        let key: Secp256k1PrivateKey
        if let opened {
            key = opened
        } else {
            key = try keystore.open(password: try password.password(for: path))
        }
        return try await client.submit(
            try CommandSigning.sign(
                command, nonce: nonce, validUntil: validUntil, genesis: genesis, key: key))
    }

    /// Texts of proposals are long; their beginning is enough where the file lies beside.
    private static func shortened(_ line: String) -> String {
        let limit = 240
        guard line.unicodeScalars.count > limit else { return line }
        return "\(line.prefix(limit))... (\(line.utf8.count) bytes)"
    }
}

/// What a command needs that signs.
struct SigningCommandOptions: ParsableArguments {
    @OptionGroup var read: ReadOptions
    @OptionGroup var signing: SigningOptions

    /// Where results go.
    var printer: Output { read.printer }

    /// Signs, sends, prints what came of it.
    func submit(
        _ command: AccountCommand, _ done: (JSON) -> [String]
    ) async throws(Refusal) {
        let receipt = try await read.ask { (client) throws(Refusal) in
            try await signing.submit(command, to: client, printer: printer)
        }
        printer.show(done(receipt) + [Receipts.line(receipt)], json: ["receipt": receipt])
    }
}
