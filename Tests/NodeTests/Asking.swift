// Asking members over their own doors.

import Client
import ControlPlane
import Cryptography
import Primitives
import Testing
import Transport

@testable import Node

/// Asks until `ready` gives something; fails the test after `limit`.
func eventually<Value>(
    _ what: String, limit: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ ready: () async throws(Refusal) -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    var last: Refusal?
    while ContinuousClock.now < end {
        do throws(Refusal) {
            if let value = try await ready() { return value }
        } catch {
            last = error
        }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(
        "waited in vain for \(what) \(last?.description ?? "")", sourceLocation: sourceLocation)
    throw Refusal("test.timeout", what)
}

/// The code of the refusal that `work` ends with; "none" when it succeeds.
func code<Value>(_ work: () async throws -> Value) async -> String {
    do {
        _ = try await work()
        return "none"
    } catch let refusal as Refusal {
        return refusal.code
    } catch {
        return "\(error)"
    }
}

extension Deployment {
    /// A client that asks one member only.
    nonisolated func client(_ member: UInt64) throws(Refusal) -> ClusterClient {
        try ClusterClient(origins: [origin(member)])
    }

    /// The leader that all of `members` know.
    nonisolated func leader(among members: [UInt64]) async throws -> UInt64 {
        try await eventually("a leader") { () async throws(Refusal) -> UInt64? in
            var leaders: Set<UInt64> = []
            for member in members {
                let client = try client(member)
                defer { client.close() }
                guard let leader = try await client.get("/api/v1/status")["leader"]?.unsigned
                else { return nil }
                leaders.insert(leader)
            }
            guard leaders.count == 1, let leader = leaders.first, members.contains(leader) else {
                return nil
            }
            return leader
        }
    }

    /// One state digest that all of `members` reached, at one index.
    nonisolated func agreement(of members: [UInt64]) async throws -> String {
        try await eventually("the members to agree") { () async throws(Refusal) -> String? in
            var states: Set<String> = []
            for member in members {
                let client = try client(member)
                defer { client.close() }
                let status = try await client.get("/api/v1/status")
                states.insert(
                    "\(status["applied_index"]?.unsigned ?? 0)"
                        + " \(status["state_digest"]?.text ?? "")"
                )
            }
            return states.count == 1 ? states.first : nil
        }
    }

    /// One request to the first member, whatever the answer.
    nonisolated func ask(
        _ method: String, _ path: String, body: [UInt8] = [], token: String? = nil
    ) async throws(Refusal) -> HTTPClientResponse {
        try await ask(1, method, path, body: body, token: token)
    }

    /// One request to a member, whatever the answer.
    nonisolated func ask(
        _ member: UInt64, _ method: String, _ path: String, body: [UInt8] = [],
        token: String? = nil
    ) async throws(Refusal) -> HTTPClientResponse {
        let client = try HTTPClient()
        defer { client.close() }
        var request = try HTTPClientRequest(method, origin(member) + path, body: body)
        if let token { request.headers.add("authorization", "Bearer \(token)") }
        return try await client.send(request)
    }
}

extension HTTPClientResponse {
    /// The refusal's code in the answer's body.
    var code: String? { (try? JSON.parse(body))?["error"]?["code"]?.text }
}

extension Deployment {
    /// What a member answers to whoever shows a seat's key and says that it is this life of it:
    /// nil when the greeting is accepted.
    nonisolated func greeting(to member: UInt64, as seat: UInt64, incarnation: UInt64)
        async throws -> Refusal?
    {
        let settings = try settings(member)
        let speaker = try self.settings(seat)
        let own = PeerIdentity(
            cluster: genesis.digest, epoch: 1, member: seat, incarnation: incarnation)
        let (states, signal) = AsyncStream.makeStream(of: PeerLinkState.self)
        let link = try PeerLink(
            PeerLink.Configuration(
                member: member, key: try #require(PinnedKey(settings.ownKey)),
                host: settings.peerHost, port: settings.peerPort,
                identity: try TLSIdentity(seed: speaker.seed.exposed())),
            own: { own }, onChange: { signal.yield($0) })
        defer { link.close() }
        for await state in states {
            switch state {
            case .connected: return nil
            case .unreachable(let refusal): return refusal
            }
        }
        return nil
    }
}
