// Requests from member to member, over lines on which both sides have proved their keys.

import ControlPlane
import Cryptography
import Primitives
import Transport

/// Asks other members.
struct PeerCaller: Sendable {
    let client: HTTPClient
    let own: UInt64
    /// The cluster's seats, at present.
    let seats: @Sendable () -> [Seat]

    /// The other members.
    var others: [UInt64] { seats().map(\.id).filter { $0 != own } }

    /// A request to a member; throws `member.unknown`.
    func request(_ method: String = "GET", _ member: UInt64, _ path: String)
        throws(Refusal) -> HTTPClientRequest
    {
        guard let seat = seats().first(where: { $0.id == member }) else {
            throw Refusal("member.unknown", "there is no seat \(member)")
        }
        var request = HTTPClientRequest(
            method: method, url: try HTTPURL("https://\(seat.peerAddress)\(path)"))
        request.pin = PinnedKey(seat.publicKey)
        return request
    }

    /// What a member answers, as JSON; throws the refusal that it answers with.
    func json(_ request: HTTPClientRequest) async throws(Refusal) -> JSON {
        let response = try await client.send(request)
        let answer = try JSON.parse(response.body)
        guard response.status == 200 else {
            throw Refusal(
                answer["error"]?["code"]?.text ?? "cluster.answer",
                answer["error"]?["message"]?.text ?? "the member answers \(response.status)")
        }
        return answer
    }

    /// The body of a successful answer; throws `peer.refused` for any other.
    func get(_ member: UInt64, _ path: String) async throws(Refusal) -> [UInt8] {
        var request = try request("GET", member, path)
        request.responseTimeout = .seconds(60)
        let response = try await client.send(request)
        guard response.status == 200 else {
            throw Refusal(
                "peer.refused", "member \(member) answers \(response.status): \(response.text)")
        }
        return response.body
    }
}
