// `althing account key`: API keys of customers. The cluster knows only a key's digest.

import ArgumentParser
import ControlPlane
import Cryptography
import Platform
import Primitives
import Terminal

/// The noun `account key`.
struct AccountKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "API keys that may spend your prepaid balance.",
        discussion: """
            Example:
              althing account key new --label laptop --file key.txt
            """,
        subcommands: [AccountKeyNew.self, AccountKeyRevoke.self])
}

/// `account key new`.
struct AccountKeyNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make an API key and register its digest.",
        discussion: """
            The key's text is shown once, or written to a file that only you can read.

            Example:
              althing account key new --label laptop --file key.txt
            """)

    @Option(help: "A name for people.")
    var label = ""

    @Option(help: ArgumentHelp("Write the key here instead of showing it.", valueName: "file"))
    var file: String?

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await make() }

    private func make() async throws(Refusal) {
        let text = "ak_" + Hex.encode(try SystemEntropy.bytes(32))
        let digest = SHA256.hash(Array(text.utf8))
        // The file first: a registered key that nobody could read would be of no use.
        if let file { try Files.create(file, Array((text + "\n").utf8), mode: 0o600) }
        let printer = options.printer
        let receipt: JSON
        do throws(Refusal) {
            receipt = try await options.read.ask { (client) throws(Refusal) in
                try await options.signing.submit(
                    .createKey(keyDigest: digest, label: label), to: client, printer: printer)
            }
        } catch {
            if let file { try Files.remove(file) }
            throw error
        }
        printer.show(
            Presentation.facts([
                ("key", file.map { "written to \($0)" } ?? text), ("digest", digest.hex),
            ]) + [Receipts.line(receipt)],
            json: [
                "key": file == nil ? .string(text) : .null,
                "file": file.map { .string($0) } ?? .null, "digest": .string(digest.hex),
                "receipt": receipt,
            ])
    }
}

/// `account key revoke`.
struct AccountKeyRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Withdraw an API key.",
        discussion: """
            Example:
              althing account key revoke 2f9e0f6f...
            """)

    @Argument(help: "The key's digest, as account show lists it.")
    var digest: Digest

    @OptionGroup var options: SigningCommandOptions

    func run() async throws {
        try await options.submit(.revokeKey(keyDigest: digest)) { _ in
            ["the key is withdrawn"]
        }
    }
}
