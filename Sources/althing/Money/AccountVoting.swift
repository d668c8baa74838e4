// `althing account delegate` and `attest`: who votes with whose power, and who is whom.

import ArgumentParser
import ControlPlane
import Cryptography
import Platform
import Primitives
import Wallet

/// `account delegate`.
struct AccountDelegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delegate", abstract: "Let others vote with your tokens, or take it back.",
        discussion: """
            Parts are of 10,000. Your own vote on a proposal always comes before your delegate's. \
            Without a delegate the delegation is taken back. With --lapses-after it ends by itself.

            Example:
              althing account delegate 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --track signal
              althing account delegate 0x5aAe...:6000 0xfB69...:4000 --lapses-after 90d
            """)

    @Argument(help: "Delegates, each as ADDRESS or ADDRESS:PARTS.")
    var delegates: [String] = []

    @Option(help: "One track; every track otherwise.")
    var track = ""

    @Option(help: ArgumentHelp("After how long it ends, such as 90d.", valueName: "time"))
    var lapsesAfter: LengthOfTime?

    @OptionGroup var options: SigningCommandOptions

    func run() async throws {
        let command = AccountCommand.delegate(
            track: track, parts: try parts(), expires: lapsesAfter?.fromNow)
        try await options.submit(command) { _ in
            [delegates.isEmpty ? "you vote yourself" : "delegated to \(delegates.count)"]
        }
    }

    private func parts() throws(Refusal) -> [DelegationPart] {
        var parts: [DelegationPart] = []
        for text in delegates {
            let halves = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard
                let share = halves.count == 2 ? UInt64(halves[1]) : 10_000 / UInt64(delegates.count)
            else {
                throw Refusal("usage.delegate", "expected ADDRESS or ADDRESS:PARTS, not `\(text)`")
            }
            do {
                let address = try ChecksumAddress.parse(halves.first ?? "")
                parts.append(DelegationPart(delegate: address, parts: share))
            } catch {
                throw Refusal("usage.delegate", "`\(text)`: \(error.message)")
            }
        }
        // In the order in which they are signed, whatever the order in which they were typed.
        return parts.sorted { $0.delegate < $1.delegate }
    }
}

/// `account attest`.
struct AccountAttest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attest", abstract: "Say that an account is one person whom you know.",
        discussion: """
            Tracks on which persons vote name an account whose word they take, and one person has \
            one account with it. The log learns a digest, never a name: with --identifier it is \
            HMAC-SHA-256 of the identifier under the secret in --secret-file, which must stay the \
            same for all persons, and secret, or names could be guessed.

            Example:
              althing account attest 0x5aAe... --identifier "member 12" --secret-file registry.key
            """)

    @Argument(help: "The account.")
    var account: Address

    @Option(help: "The person as a digest that you made yourself.")
    var person: Digest?

    @Option(help: "What tells the person from every other.")
    var identifier: String?

    @Option(
        help: ArgumentHelp("File with your registry's secret, mode 0600.", valueName: "file"))
    var secretFile: String?

    @Flag(help: "Say so no longer.")
    var withdraw = false

    @OptionGroup var options: SigningCommandOptions

    func validate() throws {
        guard (person == nil) == (identifier != nil), (identifier == nil) == (secretFile == nil)
        else {
            throw ValidationError(
                "name the person with --identifier and --secret-file, or --person")
        }
    }

    func run() async throws {
        let command = AccountCommand.attestPerson(
            account: account, person: try digest(), standing: !withdraw)
        try await options.submit(command) { _ in
            [
                withdraw
                    ? "you vouch for \(account.checksummed) no longer"
                    : "you vouch that \(account.checksummed) is one person"
            ]
        }
    }

    private func digest() throws(Refusal) -> Digest {
        if let person { return person }
        let secret = try PasswordOptions.read(secretFile ?? "")
        guard secret.count >= 16 else {
            throw Refusal("identity.secret", "a registry's secret has 16 bytes at least")
        }
        return HMAC.sha256(key: secret, message: Array((identifier ?? "").utf8))
    }
}
