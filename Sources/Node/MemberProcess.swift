// A member as a running program: opens what lies in the data folder, listens, leads when elected,
// stops in order.

import ControlPlane
import Cryptography
public import Logging
import Platform
public import Primitives
import Transport

/// Runs one member until told to stop.
public struct MemberProcess: Sendable {
    private let given: MemberSettings
    private let logger: Logger

    /// Prepares to run.
    public init(settings: MemberSettings, logger: Logger) {
        given = settings
        self.logger = logger
    }

    /// Runs until the surrounding task is cancelled or the member fails.
    ///
    /// - Parameter started: called once clients can connect.
    /// - Throws: `node.already-running`, `transport.port-in-use`, `storage.*`, `state.*`, ...
    public func run(started: @Sendable () -> Void = {}) async throws(Refusal) {
        var settings = given
        try Files.makeFolders(settings.dataFolder)
        let lock = try FileLock.claim(dataFolder: settings.dataFolder)
        defer { withExtendedLifetime(lock) {} }
        try MemberProcess.demandSpace(settings)
        try demandBenchDeployment()
        settings.epoch = try EpochFile.read(settings.dataFolder).epoch
        let peerClient = try MemberProcess.peerClient(settings)
        defer { peerClient.close() }
        let genesis = settings.genesis
        let caller = PeerCaller(client: peerClient, own: settings.seat.id) { genesis.seats }
        let equipment = MemberEquipment(
            snapshots: try SnapshotStore(dataFolder: settings.dataFolder),
            fetcher: try SnapshotFetcher(
                dataFolder: settings.dataFolder, caller: caller, logger: logger),
            history: try History(dataFolder: settings.dataFolder, genesis: genesis.digest),
            caller: caller)
        let repair = StateRepair(
            settings: settings, snapshots: equipment.snapshots, fetcher: equipment.fetcher,
            caller: caller, logger: logger)
        for attempt in 1... {
            do throws(Refusal) {
                return try await live(settings, equipment, started: started)
            } catch {
                guard StateRepair.mayHelp(error), attempt <= 3 else { throw error }
                try await repair.repair(because: error)
            }
        }
    }

    /// One life of the member: until it is told to stop or fails.
    private func live(
        _ settings: MemberSettings, _ equipment: MemberEquipment, started: @Sendable () -> Void
    ) async throws(Refusal) {
        let peerClient = equipment.caller.client
        let others = settings.genesis.seats.map(\.id).filter { $0 != settings.seat.id }
        let metrics = try MemberMetrics(members: others)
        let member = try ClusterMember(
            settings: settings, equipment: equipment, metrics: metrics, logger: logger)
        let desk = ProviderDesk()
        let objects = try ObjectStore(
            folder: settings.dataFolder + "/objects",
            peers: try MemberProcess.peerOrigins(settings), client: peerClient, logger: logger)
        let proxy = LeaderProxy(settings: settings, member: member, line: peerClient)
        let challenges = ChallengeDesk(
            line: VerdictLine(member: member, proxy: proxy), logger: logger)
        let api = ClientAPI(
            settings: settings, member: member, desk: desk, challenges: challenges,
            objects: objects,
            gateway: Gateway(settings: settings, member: member, desk: desk, logger: logger),
            proxy: proxy, metrics: metrics, logger: logger)
        let routes = api.routes()
        let respond: HTTPResponder = { request in await api.respond(request, routes: routes) }
        let operators = OperatorDoor(member: member, settings: settings, logger: logger)
        let door = PeerDoor(member: member, objects: objects, settings: settings)
        let peers = try await PeerNetwork.start(settings, member: member) { request in
            if let answer = await door.answer(request) { return answer }
            if let answer = await operators.answer(request) { return answer }
            return await respond(request)
        }
        let server: HTTPServer
        do throws(Refusal) {
            var configuration = HTTPServer.Configuration(
                host: settings.clientHost, port: settings.clientPort)
            configuration.direct = api.directResponder()
            configuration.respondsOnLoop = false
            // With few cores another thread would only wait for the one that has the core.
            configuration.loop = Machine.cores > 2 ? nil : member.loop
            server = try await HTTPServer.start(configuration, responder: respond)
        } catch {
            await peers.shutdown()
            throw error
        }
        logger.info(
            "member started",
            metadata: [
                "member": "\(settings.seat.id)", "clients": "\(settings.clientPort)",
                "peers": "\(settings.peerPort)",
            ])
        started()
        let duties = LeaderDuties(
            member: member, desk: desk, challenges: challenges,
            planner: ChallengePlanner(
                member: member, desk: desk, challenges: challenges,
                interval: settings.challengeIntervalMilliseconds),
            settings: settings, logger: logger)
        await work(settings, member, desk, duties, peers)
        await server.shutdown(within: .seconds(1))
        await peers.shutdown()
        logger.info("member stopped", metadata: ["member": "\(settings.seat.id)"])
        if let failure = await member.failure { throw failure }
    }

    /// The least free space to start with, in bytes: four segments of the log.
    private static let leastFreeBytes: UInt64 = 64 << 20

    /// A disk that is nearly full is named now, and not by whatever fails first.
    private static func demandSpace(_ settings: MemberSettings) throws(Refusal) {
        let free = try Machine.freeBytes(at: settings.dataFolder)
        guard free >= MemberProcess.leastFreeBytes else {
            throw Refusal(
                "file.no-space",
                "\(settings.dataFolder) has \(free >> 20) MiB left, a member needs"
                    + " \(MemberProcess.leastFreeBytes >> 20) MiB to start")
        }
    }

    /// Opaque puts are taken by no deployment that was made for anything else.
    private func demandBenchDeployment() throws(Refusal) {
        guard given.takesBenchPuts, given.genesis.name != BenchEntry.deploymentName else {
            return
        }
        throw Refusal(
            "bench.other-deployment",
            "the bench route is only for a deployment whose genesis has the name"
                + " \(BenchEntry.deploymentName), not \(given.genesis.name)")
    }

    private func work(
        _ settings: MemberSettings, _ member: ClusterMember, _ desk: ProviderDesk,
        _ duties: LeaderDuties, _ peers: PeerNetwork
    ) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await duties.run() }
                group.addTask {
                    await HistoryFiller(member: member, caller: member.caller, logger: logger).run()
                }
                group.addTask {
                    for await _ in await member.watch() { await desk.wakeAll() }
                }
                // Not a child: it goes on while the member hands over what it leads.
                await Task { await member.run(peers: peers) }.value
                group.cancelAll()
            }
        } onCancel: {
            Task {
                await member.drain()
                member.stop()
            }
        }
    }

    private static func peerClient(_ settings: MemberSettings) throws(Refusal) -> HTTPClient {
        let seats = settings.genesis.seats
        var configuration = HTTPClient.Configuration(
            trust: .key { key in seats.contains { $0.publicKey == key.bytes } },
            identity: try TLSIdentity(seed: settings.seed.exposed()))
        configuration.connectTimeout = .seconds(3)
        return try HTTPClient(configuration)
    }

    private static func peerOrigins(_ settings: MemberSettings) throws(Refusal) -> [HTTPURL] {
        var origins: [HTTPURL] = []
        for seat in settings.genesis.seats where seat.id != settings.seat.id {
            origins.append(try HTTPURL("https://\(seat.peerAddress)/"))
        }
        return origins
    }
}

/// Objects between members.
enum PeerObjects {
    /// Answers a peer's request for or with an object; nil when it is something else.
    static func answer(_ request: HTTPRequest, _ objects: ObjectStore) -> HTTPResponse? {
        guard let segments = request.pathSegments, segments.count == 3,
            segments[0] == "peer", segments[1] == "objects", let digest = Digest(hex: segments[2])
        else { return nil }
        switch request.method {
        case "GET":
            guard let bytes = objects.local(digest) else {
                return HTTPResponse(status: 404, text: "no such object\n")
            }
            return HTTPResponse(
                status: 200, headers: ["content-type": "application/octet-stream"],
                body: .bytes(bytes))
        case "PUT":
            do throws(Refusal) {
                try objects.put(request.body, as: digest)
                return HTTPResponse(status: 200, text: "stored\n")
            } catch {
                return .refused(error)
            }
        default: return HTTPResponse(status: 405, text: "GET or PUT\n")
        }
    }
}
