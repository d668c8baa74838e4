// `althing node join`: from a token to a running member.

import ArgumentParser
import ControlPlane
import Cryptography
import Node
import Platform
import Primitives
import Terminal

/// `node join`.
struct NodeJoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Take a seat by its token, and run its member.",
        discussion: """
            Makes the member's folder: the genesis, checked against the token, the seat's key and \
            configuration. Then runs the member, which learns the state and the log, and votes \
            once it has caught up. A token in an argument can be seen by others on this machine: \
            where that matters use --token-file, or - for standard input.

            Example:
              althing node join althing-join-1-AAAA... --home member
              althing node run --home member
            """)

    @Argument(help: "The token's text.")
    var token: String?

    @Option(help: ArgumentHelp("Where the token is; - reads it.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("The folder to make.", valueName: "folder"))
    var home: String

    @Flag(help: "Make the folder and stop.")
    var noRun = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (token == nil) != (tokenFile == nil) else {
            throw ValidationError("name the token, or --token-file, and not both")
        }
    }

    func run() async throws {
        let seat = try await join()
        output.printer.show(
            Presentation.facts([
                ("seat", "\(seat.id)"), ("peers", seat.peerAddress),
                ("clients", seat.clientOrigin), ("home", home),
            ]),
            json: [
                "seat": .int(seat.id), "peer_address": .string(seat.peerAddress),
                "client_origin": .string(seat.clientOrigin), "home": .string(home),
            ])
        guard !noRun else { return }
        try await NodeRun.start(home)
    }

    private func join() async throws(Refusal) -> Seat {
        let token = try JoinToken(try text())
        guard !Files.exists(home) else {
            throw Refusal("file.exists", "\(home) exists: a seat is taken into a folder of its own")
        }
        let key = try Joining.key(for: token)
        // The key first: once the seat has it, it must not be lost.
        try MemberConfiguration.makeHome(
            home, member: token.seat.id, key: key, genesis: "genesis.althing")
        do throws(Refusal) {
            let joined = try await Joining.join(token, dataFolder: "\(home)/data", key: key)
            try Files.create("\(home)/genesis.althing", joined.genesis.encoded)
            return joined.seat
        } catch {
            // Without an answer the seat may be this key's, and of a key there is one copy only.
            let isKeyElsewhere = token.isFirstKey || !error.code.hasPrefix("cluster.")
            guard !isKeyElsewhere else {
                try? Files.removeTree(home)
                throw error
            }
            throw Refusal(
                error.code,
                "\(error.message); \(home) is kept, for its key may be the seat's by now: where"
                    + " `cluster status` shows the seat in the life before, remove the folder and"
                    + " try again")
        }
    }

    private func text() throws(Refusal) -> String {
        if let token { return token }
        guard let tokenFile, tokenFile != "-" else { return readLine() ?? "" }
        return try Files.readText(tokenFile, limit: 1 << 14)
    }
}
