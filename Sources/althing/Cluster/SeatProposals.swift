// Seats that come and go: a vote decides, these commands write what is voted on.

import ArgumentParser
import ControlPlane
import Cryptography
import Governance
import Node
import Platform
import Primitives
import Terminal

/// A seat that shall be added, and the proposal file to write.
struct NewSeatOptions: ParsableArguments {
    @Option(help: "Where other members shall reach it, host:port.")
    var peerAddress: String

    @Option(help: "Where clients shall reach it, http://host:port.")
    var clientOrigin: String

    @Option(help: "For how many minutes the token is good: as long as the vote may take.")
    var minutes: UInt64 = 60 * 24 * 30

    /// What is voted on must read when it is dialled: a malformed address is wrong usage.
    func validate() throws {
        try SeatPlaceOptions.check(peerAddress: peerAddress, clientOrigin: clientOrigin)
        guard 1...525_600 ~= minutes else {
            throw ValidationError("--minutes is a number from 1 to 525600, a year")
        }
    }

    /// Refuses what no seat can be named.
    static func check(number: UInt64) throws {
        guard 1...Seat.numberLimit ~= number else {
            throw ValidationError("a seat's number is from 1 to \(Seat.numberLimit)")
        }
    }
}

/// Where a drafted proposal goes, and how that is told.
struct SeatProposalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where to write the proposal.", valueName: "file"))
    var file: String

    @OptionGroup var output: OutputOptions
}

/// Drafts of `change-members` proposals.
enum SeatProposal {
    /// Writes the file; refuses one that exists.
    static func write(
        _ path: String, title: String, add: [Seat], remove: [UInt64], why: String
    ) throws(Refusal) {
        var effects = ""
        for (place, seat) in add.enumerated() {
            effects += place == 0 ? "  - add:\n" : ""
            effects += """
                      - name: member-\(seat.id)
                        key: "\(Hex.encode(seat.publicKey))"
                        address: "\(seat.peerAddress)"

                """
        }
        if !remove.isEmpty {
            let names = remove.map { "member-\($0)" }.joined(separator: ", ")
            effects += add.isEmpty ? "  - remove: [\(names)]\n" : "    remove: [\(names)]\n"
        }
        let text = """
            ---
            format: proposal/1
            kind: change-members
            title: \(title)
            effects:
            \(effects)---

            ## What

            \(why)

            ## Why

            Say why this machine and its operator, or why not any more.

            ## Cost and risk

            Who comes learns the log first and votes once it has caught up; who goes does so in the
            same step of consensus. Until then the cluster goes on as it is.

            ## Alternatives

            Say what else was considered.

            """
        _ = try ProposalFile(parsing: text, name: path)
        try Files.create(path, Array(text.utf8))
    }

    /// A seat with a fresh key, and the token that carries it.
    static func seat(
        _ number: UInt64, _ options: NewSeatOptions, _ home: MemberSettings
    ) throws(Refusal) -> (seat: Seat, token: JoinToken) {
        var bytes = try SystemEntropy.bytes(32)
        let seed = SecretBytes(consuming: &bytes)
        let seat = Seat(
            id: number, publicKey: try Ed25519.publicKey(seed: seed),
            peerAddress: options.peerAddress, clientOrigin: options.clientOrigin)
        let expires = SystemClock.now().advanced(by: options.minutes * 60_000)
        let token = JoinToken(
            firstKey: seed, seat: seat, genesis: home.genesis.digest, expires: expires,
            contacts: try home.knownSeats())
        return (seat, token)
    }

    /// Says what was written and what comes next.
    static func show(_ file: String, _ token: JoinToken?, _ printer: Output) {
        var facts = [("written", file)]
        var json: [JSON.Member] = [JSON.Member("file", .string(file))]
        if let token {
            facts += [
                ("token", token.text), ("good until", "\(token.expires)"),
                ("then", "althing node join --token-file FILE --home HOME"),
            ]
            json += [
                JSON.Member("token", .string(token.text)),
                JSON.Member("expires", .string(token.expires.description)),
            ]
        }
        let next = "a vote decides about seats: althing proposal submit \(file)"
        printer.show(Presentation.facts(facts) + [next], json: .object(json))
    }
}

/// `cluster add`.
struct ClusterAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Draft the proposal that adds a seat; print its token.",
        discussion: """
            A new seat takes a vote. This writes the proposal and prints the token with the \
            seat's first key, for the machine that shall hold it: it joins once the proposal has \
            been executed, and not before. The rest goes by itself: the member learns, votes once \
            it has caught up, and takes a key of its own.

            Example:
              althing cluster add 4 --home deployment/member-1 --file Proposals/0009-seat.md \\
                --peer-address d.example:7001 --client-origin http://d.example:7000
            """)

    @Argument(help: "The new seat's number, which no seat ever had.")
    var seat: UInt64

    @OptionGroup var home: MemberHomeOptions
    @OptionGroup var place: NewSeatOptions

    @OptionGroup var draft: SeatProposalOptions

    func validate() throws { try NewSeatOptions.check(number: seat) }

    func run() async throws {
        let (seat, token) = try SeatProposal.seat(seat, place, try home.settings())
        try SeatProposal.write(
            draft.file, title: "Add seat \(seat.id) to the cluster", add: [seat], remove: [],
            why: "Seat \(seat.id) at \(seat.peerAddress) joins the members that keep the log.")
        SeatProposal.show(draft.file, token, draft.output.printer)
    }
}

/// `cluster remove`.
struct ClusterRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Draft the proposal that removes a seat.",
        discussion: """
            A seat that was voted and has yet to join is taken back in the same way: nobody waits \
            for it any more, who was to go in its place stays, and the next change can be voted.

            Example:
              althing cluster remove 3 --file Proposals/0010-seat.md
            """)

    @Argument(help: "The seat's number.")
    var seat: UInt64

    @OptionGroup var draft: SeatProposalOptions

    func run() async throws {
        try SeatProposal.write(
            draft.file, title: "Remove seat \(seat) from the cluster", add: [], remove: [seat],
            why: "Seat \(seat) leaves the members that keep the log, and its member stops.")
        SeatProposal.show(draft.file, nil, draft.output.printer)
    }
}

/// `cluster replace`.
struct ClusterReplace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Draft the proposal that puts one seat in another's place.",
        discussion: """
            For another operator, or for a key that is lost. Another machine of the same operator \
            takes no vote: see `cluster tokens`; and a wiped disk neither: see `node rejoin`.

            Example:
              althing cluster replace 3 --by 4 --home deployment/member-1 \\
                --file Proposals/0011-seat.md --peer-address d.example:7001 \\
                --client-origin http://d.example:7000
            """)

    @Argument(help: "The seat that goes.")
    var seat: UInt64

    @Option(help: "The new seat's number, which no seat ever had.")
    var by: UInt64

    @OptionGroup var home: MemberHomeOptions
    @OptionGroup var place: NewSeatOptions

    @OptionGroup var draft: SeatProposalOptions

    func validate() throws { try NewSeatOptions.check(number: by) }

    func run() async throws {
        let (added, token) = try SeatProposal.seat(by, place, try home.settings())
        try SeatProposal.write(
            draft.file, title: "Put seat \(by) in the place of seat \(seat)", add: [added],
            remove: [seat],
            why: "Seat \(by) at \(added.peerAddress) takes the place of seat \(seat).")
        SeatProposal.show(draft.file, token, draft.output.printer)
    }
}
