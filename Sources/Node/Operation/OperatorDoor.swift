// What a seat's operator asks of the own member: over the members' line, with the seat's own key.

import ControlPlane
import Logging
import Primitives
import Transport

/// Answers operators. Only the holder of this member's key is one here.
struct OperatorDoor: Sendable {
    let member: ClusterMember
    let book: SeatBook
    let settings: MemberSettings
    let logger: Logger
    /// Ends the member in order, after the answer.
    let end: @Sendable () -> Void

    /// The answer, or nil when it is something else.
    func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        guard let segments = request.pathSegments, segments.count == 3, segments[0] == "peer",
            segments[1] == "operator"
        else { return nil }
        do throws(Refusal) {
            guard request.method == "POST" else {
                throw Refusal("route.method", "this path takes POST")
            }
            guard let key = request.peer, book.holder(of: key) == .present(settings.seat.id) else {
                throw Refusal(
                    "operator.key", "only the key of seat \(settings.seat.id) may ask this here")
            }
            logger.notice("operator asks", metadata: ["verb": "\(segments[2])"])
            return .json(try await act(segments[2], request))
        } catch {
            return .refused(error)
        }
    }

    private func act(_ verb: String, _ request: HTTPRequest) async throws(Refusal) -> JSON {
        switch verb {
        case "drain":
            if request.query["anyway"] != "true" { try await member.checkDrain() }
            await member.drain()
            end()
            return [
                "member": .int(settings.seat.id),
                "leader": await member.status().leader.map { .int($0) } ?? .null,
            ]
        case "transfer-leader":
            let target = request.query["to"].flatMap { UInt64($0) }
            return ["leader": .int(try await member.transferLeadership(to: target))]
        default: throw Refusal("route.unknown", "operators cannot ask for `\(verb)`")
        }
    }
}
