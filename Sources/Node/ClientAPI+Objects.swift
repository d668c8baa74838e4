// Routes for content, for the log, and for events.

import ControlPlane
import Cryptography
import Platform
import Primitives
import Transport

extension ClientAPI {
    func objectRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/objects/{digest}", "An object by its SHA-256") {
                [self] _, values async throws(Refusal) in
                let bytes = try await objects.get(try pathDigest(values, "digest"))
                return HTTPResponse(
                    status: 200,
                    headers: [
                        "content-type": "application/octet-stream",
                        "cache-control": "public, max-age=31536000, immutable",
                    ], body: .bytes(bytes))
            },
            Route("PUT", "/api/v1/objects/{digest}", "Upload an object that the state refers to") {
                [self] request, values async throws(Refusal) in
                let digest = try pathDigest(values, "digest")
                if let answer = try await admitUpload(digest, request) { return answer }
                try objects.put(request.body, as: digest)
                let count = await objects.replicate(request.body, as: digest)
                let needed = book.seats.count / 2 + 1
                guard count >= needed else {
                    throw Refusal(
                        "object.not-replicated",
                        "\(count) members have the object, \(needed) must; try again")
                }
                return .json(["object": .string(digest.contentName), "members": .int(count)])
            },
            Route("GET", "/api/v1/log/entries", "Entries of the log, for audit") {
                [self] request, _ async throws(Refusal) in
                let first = request.query["from"].flatMap { UInt64($0) } ?? 2
                let limit = min(512, request.query["limit"].flatMap { Int($0) } ?? 256)
                try await member.readBarrier()
                let entries = try await member.entries(from: max(2, first), limit: limit)
                return .json([
                    "entries": .array(entries.map { .string(Hex.encode($0.encoded)) }),
                    "applied_index": .int(await member.status().appliedIndex),
                ])
            },
            Route("GET", "/log/checkpoint", "The Merkle log's head, signed by this member") {
                [self] _, _ async throws(Refusal) in
                HTTPResponse(status: 200, text: try await checkpoint())
            },
            Route("GET", "/api/v1/events", "Events of the log") {
                [self] request, _ async throws(Refusal) in
                let after = request.query["after_index"].flatMap { UInt64($0) } ?? 0
                if request.headers["accept"]?.contains("text/event-stream") == true {
                    return await eventStream(after: after)
                }
                let limit = min(5000, request.query["limit"].flatMap { Int($0) } ?? 500)
                return try await read(request) { (views) throws(Refusal) in
                    ["events": .array(views.events(after: after, limit: limit).map(\.json))]
                }
            },
        ]
    }

    /// Anybody may upload what the state names; an agent with a session also what it is about to
    /// name. The leader knows the sessions: an unknown object is passed on to it, and its answer
    /// given.
    private func admitUpload(_ digest: Digest, _ request: HTTPRequest) async throws(Refusal)
        -> HTTPResponse?
    {
        if try await member.read({ (views) throws(Refusal) in views.expectsObject(digest) }) {
            return nil
        }
        guard await member.isLeader else { return try await proxy.forward(request) }
        guard request.bearer != nil else {
            throw Refusal("object.unexpected", "nothing refers to the object \(digest)")
        }
        _ = try await desk.agent(token: request.bearer)
        return nil
    }

    private func eventStream(after index: UInt64) async -> HTTPResponse {
        let live = await member.watch()
        let past =
            (try? await member.read { (views) throws(Refusal) in
                views.events(after: index, limit: 5000)
            }) ?? []
        return .events { writer throws(Refusal) in
            var last = index
            for recorded in past {
                last = max(last, recorded.index)
                try await writer.write(
                    ServerSentEvent(
                        id: "\(recorded.index)", name: recorded.event.kind,
                        data: recorded.json.compact))
            }
            for await entry in live where entry.index > last {
                for event in entry.events {
                    let json: JSON = .object(
                        [
                            JSON.Member("index", .int(entry.index)),
                            JSON.Member("time", .string(entry.timestamp.description)),
                        ] + (event.json.members ?? []))
                    try await writer.write(
                        ServerSentEvent(
                            id: "\(entry.index)", name: event.kind, data: json.compact))
                }
            }
        }
    }

    /// The log's head as a signed note (C2SP tlog-checkpoint).
    func checkpoint() async throws(Refusal) -> String {
        let status = await member.status()
        let head = try await member.read { (views) throws(Refusal) in views.treeHead() }
        return try CheckpointNote.signed(
            genesis: settings.genesis, member: settings.seat.id, size: head.size, root: head.root,
            seed: settings.seed, time: status.now)
    }
}
