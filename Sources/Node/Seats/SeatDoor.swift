// What a seat's holder asks of the cluster: how the seat stands, and to put an act of the seat on
// the log. The act is signed, so any member may take it and pass it on to the leader.

import ControlPlane
import Logging
import Primitives
import Transport

/// Answers seats' holders, on the members' port.
struct SeatDoor: Sendable {
    let member: ClusterMember
    let book: SeatBook
    let settings: MemberSettings
    let caller: PeerCaller
    let logger: Logger

    /// Why a key may not ask for a path here; nil when it may.
    func refusal(of request: HTTPRequest) -> Refusal? {
        guard let key = request.peer, let holder = book.holder(of: key) else {
            return Refusal("operator.key", "no seat has the key that was shown")
        }
        switch holder {
        case .present: return nil
        case .former(let seat) where book.standing(seat)?.place == .removed:
            return Refusal(
                "peer.removed",
                "a vote removed seat \(seat), or took back that it was to come: its key and its"
                    + " tokens open nothing any more")
        case .former(let seat):
            return Refusal("peer.replaced", "that is no longer the key of seat \(seat)")
        case .offered(let seat):
            let isForIt =
                request.path.hasPrefix("/peer/seat/") || request.path == "/api/v1/genesis"
            return isForIt
                ? nil
                : Refusal("peer.token", "a token for seat \(seat) is good to take the seat only")
        }
    }

    /// The answer, or nil when it is something else.
    func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        guard let segments = request.pathSegments, segments.first == "peer" else { return nil }
        do throws(Refusal) {
            switch (request.method, segments.dropFirst().joined(separator: "/")) {
            case ("GET", "level"):
                return HTTPResponse(status: 200, text: "\(settings.featureLevel)")
            case ("GET", "seat/course"): return .json(try await course(request))
            case ("POST", "seat/act"): return .json(try await act(request))
            default: return nil
            }
        } catch {
            logger.notice(
                "refused a seat's holder",
                metadata: ["code": "\(error.code)", "why": "\(error.message)"])
            return .refused(error)
        }
    }

    private func course(_ request: HTTPRequest) async throws(Refusal) -> JSON {
        if request.query["stale"] != "true" { try await member.readBarrier() }
        return await news()
    }

    private func news() async -> JSON {
        let file = await member.seatsAsApplied()
        return [
            "epoch": .int(settings.epoch), "index": .int(file.index),
            "seats": .string(Hex.encode(file.encoded)),
        ]
    }

    private static let mark = "x-althing-passed-on"

    private func act(_ request: HTTPRequest) async throws(Refusal) -> JSON {
        let envelope = try Envelope(decoding: request.body)
        guard case .member(let said) = envelope else {
            throw Refusal("command.account", "only seats act here")
        }
        switch said.command {
        case .takeSeat, .offerSeat: break
        default: throw Refusal("command.member", "a seat's holder cannot ask for that")
        }
        if let key = request.peer, case .offered(let seat) = book.holder(of: key),
            seat != said.member
        {
            throw Refusal("peer.token", "the token is for seat \(seat), not \(said.member)")
        }
        guard await member.isLeader else { return try await passOn(request) }
        try await member.admit(envelope)
        try await MembershipKeeper.raiseLevel(member, caller, speaker: said.member)
        let receipt = try await member.submit(envelope)
        guard receipt.accepted else { throw Refusal(receipt.code, receipt.message) }
        return await news()
    }

    private func passOn(_ request: HTTPRequest) async throws(Refusal) -> JSON {
        guard request.headers[SeatDoor.mark] == nil, let leader = await member.status().leader
        else { throw Refusal("cluster.no-leader", "no leader is known right now; try again") }
        var onward = try caller.request("POST", leader, "/peer/seat/act")
        onward.body = request.body
        onward.headers.add(SeatDoor.mark, "1")
        return try await caller.json(onward)
    }
}

extension ClusterMember {
    /// The seats as the state has them now.
    func seatsAsApplied() -> SeatsFile {
        let views = Views(state: engine.machine.state, genesis: settings.genesis)
        return SeatsFile(index: engine.machine.appliedIndex, roll: views.seatRoll())
    }
}
