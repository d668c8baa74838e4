// `althing wallet`: keys under passwords.

import ArgumentParser
import Cryptography
import Platform
import Primitives
import Terminal
import Wallet

/// The noun `wallet`.
struct WalletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet",
        abstract: "Keystores: make, import, show, export; sign and verify messages.",
        discussion: """
            Keystores are Web3 Secret Storage files of version 3: geth and foundry read them, and \
            theirs can be used here.

            Example:
              althing wallet new --password-file password.txt
            """,
        subcommands: [
            WalletNew.self, WalletImport.self, WalletList.self, WalletShow.self,
            WalletExport.self, WalletSign.self, WalletVerify.self, WalletChangePassword.self,
        ])
}

/// Where keystores lie.
struct FolderOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of keystores; ~/.althing/keystores otherwise."))
    var folder: String?

    /// The folder.
    func open() throws(Refusal) -> KeystoreFolder { try KeystoreFolder(folder) }
}

/// What making a keystore needs.
struct NewKeystoreOptions: ParsableArguments {
    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Cheap key derivation, for tests and demonstrations only.")
    var light = false

    @Option(help: ArgumentHelp("Write the keystore here instead of into the folder."))
    var file: String?

    /// Seals a key into the folder, or the file, and prints where it lies.
    func store(_ key: Secp256k1PrivateKey) throws(Refusal) {
        let keystore = try KeystoreFolder.seal(
            key, password: try password.newPassword(), light: light)
        let path: String
        if let file {
            try Files.create(file, Array(keystore.json.pretty.utf8), mode: 0o600)
            path = file
        } else {
            path = try folder.open().add(keystore, account: key.address)
        }
        output.printer.show(
            Presentation.facts([("account", key.address.checksummed), ("keystore", path)]),
            json: ["address": .string(key.address.checksummed), "file": .string(path)])
    }
}

/// `wallet new`.
struct WalletNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key and put it under a password.",
        discussion: """
            With --mnemonic-file the key comes from 24 new words, which are written to that file \
            once, for you to write down on paper and then remove.

            Example:
              althing wallet new --folder keys --password-file password.txt
            """)

    @OptionGroup var options: NewKeystoreOptions

    @Option(help: ArgumentHelp("Write 24 new words here and derive the key.", valueName: "file"))
    var mnemonicFile: String?

    func run() async throws { try make() }

    private func make() throws(Refusal) {
        guard let mnemonicFile else {
            var entropy = try SystemEntropy.bytes(32)
            return try options.store(
                try Secp256k1PrivateKey(SecretBytes(consuming: &entropy)))
        }
        var entropy = try SystemEntropy.bytes(32)
        let mnemonic = try Mnemonic(entropy: SecretBytes(consuming: &entropy))
        try Files.create(mnemonicFile, mnemonic.sentence.exposed() + [0x0A], mode: 0o600)
        try options.store(try WalletKeys.derived(mnemonic, index: 0, passphrase: ""))
    }
}

/// `wallet import`.
struct WalletImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put a key from elsewhere under a password.",
        discussion: """
            A keystore of another wallet is opened with --keystore-password-file and sealed anew, \
            so that its password and its cost are yours.

            Example:
              althing wallet import --mnemonic-file words.txt --index 2
            """)

    @OptionGroup var options: NewKeystoreOptions

    @Option(help: ArgumentHelp("File with 12 to 24 words, mode 0600.", valueName: "file"))
    var mnemonicFile: String?

    @Option(help: "Which account of the words: m/44'/60'/0'/0/INDEX.")
    var index: UInt32 = 0

    @Option(help: ArgumentHelp("File with 64 hexadecimal digits, mode 0600.", valueName: "file"))
    var privateKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "File with the words' passphrase, the `25th word`, mode 0600.", valueName: "file"))
    var passphraseFile: String?

    @Option(help: ArgumentHelp("A keystore of geth, foundry or another wallet.", valueName: "file"))
    var keystoreFile: String?

    @Option(
        help: ArgumentHelp("File with that keystore's password, mode 0600.", valueName: "file"))
    var keystorePasswordFile: String?

    func validate() throws {
        guard [mnemonicFile, privateKeyFile, keystoreFile].compactMap(\.self).count == 1 else {
            throw ValidationError(
                "give one of --mnemonic-file, --private-key-file and --keystore-file")
        }
        guard passphraseFile == nil || mnemonicFile != nil else {
            throw ValidationError("only words have a passphrase")
        }
        guard keystorePasswordFile == nil || keystoreFile != nil else {
            throw ValidationError("--keystore-password-file opens a --keystore-file")
        }
    }

    func run() async throws { try options.store(try key()) }

    private func key() throws(Refusal) -> Secp256k1PrivateKey {
        if let mnemonicFile {
            let sentence = try secret(mnemonicFile)
            let mnemonic: Mnemonic
            do {
                mnemonic = try Mnemonic(sentence: sentence)
            } catch {
                throw error.placed(mnemonicFile)
            }
            return try WalletKeys.derived(mnemonic, index: index, passphrase: try passphrase())
        }
        if let keystoreFile {
            let sealed = try KeystoreFolder.read(keystoreFile)
            let password =
                if let keystorePasswordFile {
                    try PasswordOptions.read(keystorePasswordFile)
                } else {
                    SecretBytes(try TerminalDevice.askSecret("Password of \(keystoreFile): "))
                }
            return try sealed.open(password: password)
        }
        let file = privateKeyFile ?? ""
        let text = try secret(file)
        guard var bytes = Hex.decode(String(decoding: text.exposed(), as: UTF8.self)),
            bytes.count == 32
        else {
            throw Refusal("wallet.key", "this is not one line of 64 hexadecimal digits", at: file)
        }
        do {
            return try Secp256k1PrivateKey(SecretBytes(consuming: &bytes))
        } catch {
            throw error.placed(file)
        }
    }

    /// The words' passphrase; it is text, and another spelling of it is another account.
    private func passphrase() throws(Refusal) -> String {
        guard let passphraseFile else { return "" }
        let bytes = try PasswordOptions.read(passphraseFile).exposed()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal("wallet.passphrase", "\(passphraseFile) is not UTF-8")
        }
        return text
    }

    /// The first line of a file. One that others can read is taken, with a warning: the words of
    /// development deployments are public on purpose.
    private func secret(_ path: String) throws(Refusal) -> SecretBytes {
        do throws(Refusal) {
            try Files.checkPrivate(path)
        } catch  where error.code == "file.not-private" {
            options.output.printer.warn(error.message)
        }
        return PasswordOptions.line(try Files.read(path, limit: 4096))
    }
}

/// Keys from words.
enum WalletKeys {
    /// The account of an index, as Ethereum wallets derive it.
    static func derived(_ mnemonic: Mnemonic, index: UInt32, passphrase: String) throws(Refusal)
        -> Secp256k1PrivateKey
    {
        guard let path = DerivationPath.ethereum(index: index) else {
            throw Refusal("wallet.index", "an index is less than 2147483648")
        }
        return try ExtendedKey(seed: try mnemonic.seed(passphrase: passphrase))
            .derived(along: path).privateKey
    }
}

/// `wallet list`.
struct WalletList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keystores of a folder.",
        discussion: """
            Example:
              althing wallet list --output json
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let entries = try folder.open().entries()
        var table = TextTable([.text("ACCOUNT"), .text("FILE")])
        for entry in entries {
            table.add([entry.keystore.address?.checksummed ?? "-", entry.path])
        }
        output.printer.show(
            table, json: ["keystores": .array(entries.map(WalletShow.json))])
    }
}

/// `wallet show`.
struct WalletShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what a keystore says about itself.",
        discussion: """
            Example:
              althing wallet show 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
            """)

    @Argument(help: "A file, or an account of the folder.")
    var keystore: String

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let json = WalletShow.json(try folder.open().entry(keystore))
        output.printer.show(
            Presentation.facts(
                json,
                [
                    ("account", "address"), ("file", "file"), ("id", "id"),
                    ("key derivation", "key_derivation"),
                ]), json: json)
    }

    /// A keystore's open parts.
    static func json(_ entry: KeystoreFolder.Entry) -> JSON {
        let derivation =
            switch entry.keystore.cost {
            case .scrypt(let parameters):
                "scrypt n=\(parameters.n) r=\(parameters.r) p=\(parameters.p)"
            case .pbkdf2(let iterations): "pbkdf2 c=\(iterations)"
            }
        return [
            "address": entry.keystore.address.map { .string($0.checksummed) } ?? .null,
            "file": .string(entry.path), "id": .string(entry.keystore.id),
            "key_derivation": .string(derivation),
        ]
    }
}

/// `wallet export`.
struct WalletExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a keystore's private key to a file.",
        discussion: """
            The file is readable by its owner only. Whoever has it has the account.

            Example:
              althing wallet export 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed \\
                --private-key-file key.hex
            """)

    @Argument(help: "A file, or an account of the folder.")
    var keystore: String

    @Option(help: ArgumentHelp("Where to write 64 hexadecimal digits.", valueName: "file"))
    var privateKeyFile: String

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let entry = try folder.open().entry(keystore)
        let key = try entry.keystore.open(password: try password.password(for: entry.path))
        let text = Hex.encode(key.bytes.exposed()) + "\n"
        try Files.create(privateKeyFile, Array(text.utf8), mode: 0o600)
        output.printer.show(
            Presentation.facts([
                ("account", key.address.checksummed), ("private key", privateKeyFile),
            ]),
            json: [
                "address": .string(key.address.checksummed), "file": .string(privateKeyFile),
            ])
    }
}

/// `wallet change-password`.
struct WalletChangePassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change-password", abstract: "Put a keystore's key under another password.",
        discussion: """
            Example:
              althing wallet change-password 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
            """)

    @Argument(help: "A file, or an account of the folder.")
    var keystore: String

    @Option(help: ArgumentHelp("File with the new password, mode 0600.", valueName: "file"))
    var newPasswordFile: String?

    @Flag(help: "Cheap key derivation, for tests and demonstrations only.")
    var light = false

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try change() }

    private func change() throws(Refusal) {
        let entry = try folder.open().entry(keystore)
        let key = try entry.keystore.open(password: try password.password(for: entry.path))
        let fresh: SecretBytes =
            if let newPasswordFile {
                try PasswordOptions.read(newPasswordFile)
            } else {
                SecretBytes(try TerminalDevice.askNewSecret("New password: "))
            }
        let sealed = try KeystoreFolder.seal(key, password: fresh, light: light)
        try Files.writeAtomically(entry.path, Array(sealed.json.pretty.utf8), mode: 0o600)
        output.printer.show(
            Presentation.facts([("account", key.address.checksummed), ("keystore", entry.path)]),
            json: ["address": .string(key.address.checksummed), "file": .string(entry.path)])
    }
}
