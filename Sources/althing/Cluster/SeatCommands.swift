// Holding a seat out to another machine, and going on under another key: what a seat's holder
// decides alone. Which seats there are is voted; see `cluster add`.

import ArgumentParser
import ControlPlane
import Cryptography
import Node
import Platform
import Primitives
import Terminal

/// `cluster tokens`.
struct ClusterTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Hold a seat out to another machine.",
        discussion: """
            Asked by the seat's holder, with the seat's key, of a running cluster. Prints a token \
            that is good for this seat, once, and for a quarter of an hour by the log's time; the \
            offer and its use are on the log. Until the token is used, the member that holds the \
            seat goes on. Who has the token can take the seat: hand it over like a key.

            Example:
              althing cluster tokens --home deployment/member-2
              althing node join --token-file token.txt --home member
            """)

    @OptionGroup var home: MemberHomeOptions

    @Option(help: "For how many minutes the token is good, at most 1440.")
    var minutes: UInt64 = 15

    @OptionGroup var place: SeatPlaceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard 1...1440 ~= minutes else {
            throw ValidationError("--minutes is a number from 1 to 1440")
        }
    }

    func run() async throws {
        let settings = try home.settings()
        let token = try await Joining.offer(
            settings, at: place.moved(settings.seat), for: minutes * 60_000)
        output.printer.show(
            Presentation.facts([
                ("seat", "\(token.seat.id)"), ("good until", "\(token.expires)"),
                ("token", token.text), ("join", "althing node join --token-file FILE --home HOME"),
            ]),
            json: [
                "seat": .int(token.seat.id), "expires": .string(token.expires.description),
                "token": .string(token.text),
            ])
    }
}

/// Where a seat shall be reached.
struct SeatPlaceOptions: ParsableArguments {
    @Option(help: "Where other members shall reach the seat, host:port; where it is otherwise.")
    var peerAddress: String?

    @Option(help: "Where clients shall reach the seat, http://host:port; where it is otherwise.")
    var clientOrigin: String?

    func validate() throws {
        try SeatPlaceOptions.check(peerAddress: peerAddress, clientOrigin: clientOrigin)
    }

    /// Refuses addresses that nobody could call, as wrong usage; nil is not looked at.
    static func check(peerAddress: String?, clientOrigin: String?) throws {
        do throws(Refusal) {
            if let peerAddress { _ = try HostPort(peerAddress) }
        } catch {
            throw ValidationError("--peer-address: \(error.message)")
        }
        do throws(Refusal) {
            if let clientOrigin { _ = try HostPort(origin: clientOrigin) }
        } catch {
            throw ValidationError("--client-origin: \(error.message)")
        }
    }

    /// The seat at that place.
    func moved(_ seat: Seat) -> Seat {
        var moved = seat
        moved.peerAddress = peerAddress ?? seat.peerAddress
        moved.clientOrigin = clientOrigin ?? seat.clientOrigin
        return moved
    }
}

/// `cluster rotate-key`.
struct ClusterRotateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key", abstract: "Put another key in the place of a seat's.",
        discussion: """
            Makes a key, puts its public half on the log, signed with the present one, and \
            replaces the file. A running member changes over by itself: it hands over what it \
            leads and goes on with the new key in the same process. The old key signs what was \
            under way for one minute, then it opens nothing any more.

            Example:
              althing cluster rotate-key --home deployment/member-2
            """)

    @OptionGroup var home: MemberHomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await rotate() }

    private func rotate() async throws(Refusal) {
        let settings = try home.settings()
        let seat = try await Joining.rotateKey(
            settings, file: MemberConfiguration.keyFile(home.home))
        output.printer.show(
            Presentation.facts([
                ("seat", "\(seat.id)"), ("key", Hex.encode(seat.publicKey)),
            ]),
            json: ["seat": .int(seat.id), "public_key": .string(Hex.encode(seat.publicKey))])
    }
}
