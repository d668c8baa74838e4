// The HTTP face of a member: reads from its own state, commands to the leader.

import ControlPlane
import Cryptography
import Logging
import Platform
import Primitives
import Transport

/// Answers clients' requests.
final class ClientAPI: Sendable {
    let settings: MemberSettings
    let member: ClusterMember
    let desk: ProviderDesk
    let challenges: ChallengeDesk
    let objects: ObjectStore
    let gateway: Gateway
    let proxy: LeaderProxy
    let book: SeatBook
    let metrics: MemberMetrics
    let logger: Logger
    let admission: Admission

    init(
        settings: MemberSettings, member: ClusterMember, desk: ProviderDesk,
        challenges: ChallengeDesk, objects: ObjectStore, gateway: Gateway, proxy: LeaderProxy,
        book: SeatBook, metrics: MemberMetrics, logger: Logger
    ) {
        self.settings = settings
        self.member = member
        self.desk = desk
        self.challenges = challenges
        self.objects = objects
        self.gateway = gateway
        self.proxy = proxy
        self.book = book
        self.metrics = metrics
        self.logger = logger
        admission = Admission(genesis: settings.genesis)
    }

    /// Every route, in the order of the OpenAPI document.
    func routes() -> [Route] {
        let parts: [[Route]] = [
            statusRoutes(), accountRoutes(), commandRoutes(), decisionRoutes(), policyRoutes(),
            revenueRoutes(),
            workRoutes(), objectRoutes(), providerRoutes(), gateway.routes(), pageRoutes(),
        ]
        return parts.flatMap { $0 }
    }

    /// Answers one request.
    func respond(_ request: HTTPRequest, routes: [Route]) async -> HTTPResponse {
        let start = metrics.http.begin()
        let response = await answer(request, routes: routes)
        metrics.http.end(since: start, status: response.status)
        return response
    }

    private func answer(_ request: HTTPRequest, routes: [Route]) async -> HTTPResponse {
        do throws(Refusal) {
            guard let segments = request.pathSegments else {
                throw Refusal("request.malformed", "the path is not well encoded")
            }
            var allowed: [String] = []
            for route in routes {
                guard let values = route.match(segments) else { continue }
                guard route.method == request.method else {
                    allowed.append(route.method)
                    continue
                }
                return try await answer(request, route, values)
            }
            guard allowed.isEmpty else {
                throw Refusal(
                    "route.method", "this path takes \(allowed.joined(separator: ", "))")
            }
            if segments.first == "bench" { throw ClientAPI.benchClosed }
            throw Refusal("route.unknown", "there is nothing at \(request.path)")
        } catch {
            return .refused(error)
        }
    }

    /// How long a request waits for leadership to settle, so that a planned move of it costs no
    /// client an error.
    private static let patience = Duration.seconds(3)

    /// Answers by a route. While leadership moves, what certainly did not happen is tried again.
    private func answer(_ request: HTTPRequest, _ route: Route, _ values: [String: String])
        async throws(Refusal) -> HTTPResponse
    {
        let end = ContinuousClock.now + ClientAPI.patience
        while true {
            let failure: Refusal
            do throws(Refusal) {
                guard route.leaderOnly, await !member.isLeader else {
                    return try await route.handler(request, values)
                }
                let answer = try await proxy.forward(request)
                guard answer.status == 421, ContinuousClock.now < end else { return answer }
                failure = Refusal("cluster.not-leader", "the leader moved")
            } catch {
                failure = error
            }
            guard ClientAPI.maySettle(failure), request.headers[LeaderProxy.mark] == nil,
                ContinuousClock.now < end
            else { throw failure }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Whether a request failed for the moment only, and nothing of it happened. A line that broke
    /// is none of these: whether the command was taken is then unknown to this member, but its
    /// nonce makes asking again harmless to whoever sent it.
    private static func maySettle(_ refusal: Refusal) -> Bool {
        ["cluster.not-leader", "cluster.no-leader", "raft.proposal-dropped"].contains(refusal.code)
    }

    /// Reads the state, by default everything decided before now.
    func read(
        _ request: HTTPRequest, _ body: @Sendable @escaping (Views) throws(Refusal) -> JSON
    ) async throws(Refusal) -> HTTPResponse {
        if request.query["stale"] != "true" { try await member.readBarrier() }
        return .json(try await member.read(body))
    }

    // MARK: Status

    private func statusRoutes() -> [Route] {
        [
            Route("GET", "/healthz", "Whether the process answers") { _, _ async throws(Refusal) in
                HTTPResponse(status: 200, text: "ok\n")
            },
            Route("GET", "/readyz", "Whether this member knows a leader") {
                [self] _, _ async throws(Refusal) in
                let status = await member.status()
                guard !status.isDraining else {
                    return HTTPResponse(status: 503, text: "this member is about to stop\n")
                }
                let reason = status.leaderlessReason.map { _ in "no leader is known" }
                return HTTPResponse(
                    status: reason == nil ? 200 : 503, text: "\(reason ?? "ready")\n")
            },
            Route("GET", "/metrics", "Figures for Prometheus") {
                [self] _, _ async throws(Refusal) in
                HTTPResponse(
                    status: 200, contentType: "text/plain; version=0.0.4",
                    text: metrics.text(await member.status()))
            },
            Route("GET", "/api/v1/status", "The cluster as this member sees it") {
                [self] _, _ async throws(Refusal) in .json(statusJSON(await member.status()))
            },
            Route("GET", "/api/v1/genesis", "The deployment's first state") {
                [self] _, _ async throws(Refusal) in
                .json(["genesis": .string(Hex.encode(settings.genesis.encoded))])
            },
        ]
    }

    private func statusJSON(_ status: MemberStatus) -> JSON {
        var members = plainStatusJSON(status).members ?? []
        members.append(JSON.Member("voters", .array(status.voterNames.map { .int($0) })))
        members.append(JSON.Member("learners", .array(status.learnerNames.map { .int($0) })))
        members.append(JSON.Member("seat_change", status.seatChange?.json ?? .null))
        members.append(JSON.Member("feature_level", .int(status.featureLevel)))
        if let puts = status.benchPuts { members.append(JSON.Member("bench_puts", .int(puts))) }
        return .object(members)
    }

    private func plainStatusJSON(_ status: MemberStatus) -> JSON {
        let genesis = settings.genesis
        let leader = book.seats.first { $0.id == status.leader }
        return [
            "name": .string(genesis.name), "genesis": .string(genesis.digest.hex),
            "chain_id": .int(genesis.chainID), "member": .int(status.member),
            "role": .string(status.role), "leader": status.leader.map { .int($0) } ?? .null,
            "leader_origin": leader.map { .string($0.clientOrigin) } ?? .null,
            "leader_changes": .int(status.leaderChanges), "term": .int(status.term),
            "applied_index": .int(status.appliedIndex),
            "commit_index": .int(status.committedIndex), "last_index": .int(status.lastIndex),
            "disk_stalled": .bool(status.isDiskStalled),
            "leaderless_reason": status.leaderlessReason.map { .string($0) } ?? .null,
            "draining": .bool(status.isDraining),
            "clock_milliseconds": .int(SystemClock.now().milliseconds),
            "free_bytes": (try? Machine.freeBytes(at: settings.dataFolder)).map { .int($0) }
                ?? .null,
            "epoch": .int(settings.epoch),
            "first_index": .int(status.firstIndex),
            "snapshot_index": .int(status.snapshotIndex),
            "history_index": .int(status.historyIndex),
            "time": .string(status.now.description),
            "state_digest": .string(status.stateDigest.hex),
            "governance_asset": .string(genesis.governanceAsset),
            "currency_asset": .string(genesis.currencyAsset),
            "assets": .array(
                genesis.assets.map {
                    ["symbol": .string($0.symbol), "scale": .int($0.scale)]
                }),
            "day_milliseconds": .int(genesis.timings.dayMilliseconds),
            "members": .array(
                book.file.roll.filter { $0.place != .removed }.map { standing in
                    [
                        "id": .int(standing.seat.id),
                        "origin": .string(standing.seat.clientOrigin),
                        "public_key": .string(Hex.encode(standing.seat.publicKey)),
                        "standing": .string("\(standing.place)"),
                        "incarnation": .int(book.life(of: standing.seat.id).incarnation),
                        "token_expires": standing.course.offer.map {
                            .string($0.expires.description)
                        } ?? .null,
                    ]
                }),
        ]
    }
}
