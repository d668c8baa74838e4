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
        var folders = NewFolders(home)
        var claims = 0
        do throws(Refusal) {
            // The key first: once the seat has it, it must not be lost.
            try folders.make()
            try MemberConfiguration.makeHome(
                home, member: token.seat.id, key: key, genesis: "genesis.althing")
            let joined = try await Joining.join(token, dataFolder: "\(home)/data", key: key) {
                claims += 1
            }
            try Files.create("\(home)/genesis.althing", joined.genesis.encoded)
            return joined.seat
        } catch {
            guard NodeJoin.mayHaveTaken(claims, error) else {
                folders.remove()
                throw claims > 0 ? error : NodeJoin.unclaimed(error, token)
            }
            throw Refusal(
                error.code,
                "\(error.message); \(home) is kept, for its key may be the seat's by now: where"
                    + " `cluster status` shows the seat in the life before, remove the folder and"
                    + " try again")
        }
    }

    /// Whether the seat may be this key's, of which there is one copy only: it was asked for, and
    /// the answer did not come, or came to a question that was asked before.
    private static func mayHaveTaken(_ claims: Int, _ error: Refusal) -> Bool {
        let isAnswer = !["cluster.", "transport.", "file."].contains { error.code.hasPrefix($0) }
        return claims > 1 || claims == 1 && !isAnswer
    }

    /// A token that was used opens no line to any member any more, so none says so.
    private static func unclaimed(_ error: Refusal, _ token: JoinToken) -> Refusal {
        guard error.code == "cluster.unreachable" else { return error }
        return Refusal(
            error.code,
            "\(error.message); a token is good once and until \(token.expires), and nothing is"
                + " left behind here: ask the seat's holder for a fresh one, if it was used")
    }

    private func text() throws(Refusal) -> String {
        if let token { return token }
        guard let tokenFile, tokenFile != "-" else { return readLine() ?? "" }
        return try Files.readText(tokenFile, limit: 1 << 14)
    }
}

/// Folders that a command makes, and takes away again where nothing comes of it. What was there
/// before stays as it was.
private struct NewFolders {
    /// The folder, and those above it that are not there yet; the uppermost last.
    private let missing: [String]
    private var isMade = false

    init(_ folder: String) {
        var missing: [String] = []
        var next = folder
        while !Files.exists(next), missing.last != next {
            missing.append(next)
            next = Files.parent(of: next)
        }
        self.missing = missing
    }

    /// Makes them, for this user only; throws `file.exists` where somebody else was faster.
    mutating func make() throws(Refusal) {
        guard let folder = missing.first else {
            throw Refusal("file.exists", "the folder exists")
        }
        try Files.makeFolders(folder, mode: 0o700)
        isMade = true
    }

    /// Removes them, those above the first only while nobody has put anything there.
    func remove() {
        guard isMade, let folder = missing.first else { return }
        try? Files.removeTree(folder)
        for above in missing.dropFirst() {
            guard (try? Files.list(above))?.isEmpty == true else { return }
            try? Files.removeTree(above)
        }
    }
}
