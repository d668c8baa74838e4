// What only the leader answers, passed on to it over the members' own mutually authenticated lines.

import ControlPlane
import Cryptography
import Primitives
import Transport

/// Passes requests on to the leader.
struct LeaderProxy: Sendable {
    let settings: MemberSettings
    let member: ClusterMember
    let book: SeatBook
    let line: HTTPClient

    static let mark = "x-althing-forwarded"
    /// Where the client called from: believed between members only.
    static let client = "x-althing-client"

    /// Where a request's client called from, through whichever member.
    static func clientAddress(of request: HTTPRequest) -> String {
        request.peer == nil ? request.remoteAddress : request.headers[client] ?? ""
    }

    /// Asks the leader; throws `cluster.no-leader` when there is none, or when it moved on the way.
    func forward(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        guard request.headers[LeaderProxy.mark] == nil else {
            throw Refusal("cluster.not-leader", "the leader moved while this was on its way")
        }
        guard let leader = await member.status().leader, leader != settings.seat.id,
            let seat = book.standing(leader)?.seat
        else { throw Refusal("cluster.no-leader", "no leader is known right now; try again") }
        let query = request.queryText.isEmpty ? "" : "?\(request.queryText)"
        var onward = HTTPClientRequest(
            method: request.method,
            url: try HTTPURL("https://\(seat.peerAddress)\(request.path)\(query)"),
            body: request.body)
        for name in ["authorization", "content-type", "accept"] {
            if let value = request.headers[name] { onward.headers.add(name, value) }
        }
        onward.headers.add(LeaderProxy.mark, "1")
        onward.headers.add(LeaderProxy.client, request.remoteAddress)
        onward.pin = PinnedKey(seat.publicKey)
        onward.idleTimeout = .seconds(120)
        let answer = try await line.stream(onward)
        var headers: HTTPHeaders = [:]
        for name in ["content-type", "cache-control", "retry-after"] {
            if let value = answer.headers[name] { headers.add(name, value) }
        }
        if answer.headers["content-type"]?.hasPrefix("text/event-stream") == true {
            return HTTPResponse(
                status: answer.status, headers: headers,
                body: .stream { writer throws(Refusal) in
                    var pieces = answer.body.makeAsyncIterator()
                    while let piece = try await pieces.next() { try await writer.write(piece) }
                })
        }
        return HTTPResponse(
            status: answer.status, headers: headers,
            body: .bytes(try await answer.body.collect(upTo: 64 << 20)))
    }
}
