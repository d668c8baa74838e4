// What members ask one another for beside consensus: snapshots, sealed entries, objects.

import ControlPlane
import Glibc
import Platform
import Primitives
import Transport

/// Answers other members' requests.
struct PeerDoor: Sendable {
    let member: ClusterMember
    let objects: ObjectStore
    let settings: MemberSettings

    /// The most bytes of one piece of a snapshot.
    private static let pieceBytes = 256 << 10

    /// The answer, or nil when it is something that clients ask for too.
    func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        if let answer = PeerObjects.answer(request, objects) { return answer }
        if request.method == "POST", request.path == VerdictLine.path {
            return await verdict(request)
        }
        guard let segments = request.pathSegments, segments.first == "peer",
            request.method == "GET"
        else { return nil }
        do throws(Refusal) {
            switch (segments.count, segments.dropFirst().first) {
            case (2, "snapshot"): return try await newest(request)
            case (3, "snapshot"): return try snapshot(segments[2], request)
            case (2, "entries"): return try await entries(request)
            default: return nil
            }
        } catch {
            return .refused(error)
        }
    }

    /// The descriptor of a snapshot that covers an entry; one is made when there is none.
    private func newest(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        let index = request.query["covering"].flatMap { UInt64($0) } ?? 0
        let store = member.snapshots
        if let newest = store.newest, newest.index >= index {
            return PeerDoor.bytes(newest.encoded)
        }
        let made = try await Blocking.run("snapshot") { () throws(Refusal) in try store.make() }
        return PeerDoor.bytes(made.encoded)
    }

    /// A snapshot's bytes from a place on, no faster than the cap.
    private func snapshot(_ name: String, _ request: HTTPRequest) throws(Refusal) -> HTTPResponse {
        guard let index = UInt64(name) else {
            throw Refusal("request.malformed", "a snapshot is named by its entry's number")
        }
        let path = member.snapshots.path(index)
        guard Files.exists(path) else {
            throw Refusal("object.unknown", "there is no snapshot of entry \(index)")
        }
        let file = try FileDescriptor.open(path, O_RDONLY, deed: "read")
        let start = request.query["from"].flatMap { UInt64($0) } ?? 0
        let rate = settings.snapshotBytesPerSecond
        return HTTPResponse(
            status: 200, headers: ["content-type": "application/octet-stream"],
            body: .stream { writer throws(Refusal) in
                var position = start
                let clock = ContinuousClock()
                let begin = clock.now
                while true {
                    let piece = try file.read(at: position, count: PeerDoor.pieceBytes)
                    if piece.isEmpty { return }
                    try await writer.write(piece)
                    position += UInt64(piece.count)
                    let due = Duration.seconds(position - start) / Int(max(1, rate))
                    try? await Task.sleep(until: begin + due, clock: clock)
                }
            })
    }

    /// Entries for a member that lacks them.
    private func entries(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        let first = request.query["from"].flatMap { UInt64($0) } ?? 2
        let entries = try await member.heldEntries(from: max(2, first), limit: 512)
        var encoder = BinaryEncoder()
        encoder.array(entries) { $0.value($1) }
        return PeerDoor.bytes(encoder.bytes)
    }

    private static func bytes(_ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: ["content-type": "application/octet-stream"],
            body: .bytes(bytes))
    }
}
