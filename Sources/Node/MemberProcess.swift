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
        try Expulsion.check(settings.dataFolder)
        guard let begun = try await Rejoin.begin(settings, logger) else { return }
        settings = begun
        try MemberProcess.demandSpace(settings)
        try demandBenchDeployment()
        settings.epoch = try EpochFile.read(settings.dataFolder).epoch
        settings.consensusID =
            try MemberLife.read(settings.dataFolder, seat: settings.seat.id).id
        let genesis = settings.genesis
        let book = SeatBook(genesis: genesis, file: try SeatsFile.read(settings.dataFolder))
        let peerClient = try MemberProcess.peerClient(settings, book)
        defer { peerClient.close() }
        let caller = PeerCaller(client: peerClient, own: settings.seat.id) { book.seats }
        let equipment = MemberEquipment(
            snapshots: try SnapshotStore(dataFolder: settings.dataFolder),
            fetcher: try SnapshotFetcher(
                dataFolder: settings.dataFolder, caller: caller, logger: logger),
            history: try History(dataFolder: settings.dataFolder, genesis: genesis.digest),
            caller: caller, book: book)
        let repair = StateRepair(
            settings: settings, snapshots: equipment.snapshots, fetcher: equipment.fetcher,
            caller: caller, logger: logger)
        var repairs = 0
        while true {
            do throws(Refusal) {
                let end = try await live(settings, equipment, started: started)
                guard end?.code == SeatBook.rekeyed, !Task.isCancelled,
                    let renewed = try settings.withPresentKey(book)
                else { return }
                settings = renewed
            } catch {
                repairs += 1
                guard StateRepair.mayHelp(error), repairs <= 3 else { throw error }
                try await repair.repair(because: error)
            }
        }
    }

    /// One run of the member: until it is told to stop or fails; gives why it ended by itself.
    private func live(
        _ settings: MemberSettings, _ equipment: MemberEquipment, started: @Sendable () -> Void
    ) async throws(Refusal) -> Refusal? {
        let peerClient = equipment.caller.client
        let book = equipment.book
        let metrics = try MemberMetrics(members: equipment.caller.others)
        let member = try ClusterMember(
            settings: settings, equipment: equipment, metrics: metrics, logger: logger)
        remember(settings, book)
        let desk = ProviderDesk()
        let objects = try ObjectStore(
            folder: settings.dataFolder + "/objects",
            peers: { MemberProcess.peerOrigins(settings, book) }, client: peerClient,
            logger: logger)
        let proxy = LeaderProxy(settings: settings, member: member, book: book, line: peerClient)
        let challenges = ChallengeDesk(
            line: VerdictLine(member: member, proxy: proxy), logger: logger)
        let api = ClientAPI(
            settings: settings, member: member, desk: desk, challenges: challenges,
            objects: objects,
            gateway: Gateway(settings: settings, member: member, desk: desk, logger: logger),
            proxy: proxy, book: book, metrics: metrics, logger: logger)
        let routes = api.routes()
        let respond: HTTPResponder = { request in await api.respond(request, routes: routes) }
        let (ends, ask) = AsyncStream.makeStream(of: Void.self)
        await member.whenExpelled { ask.yield() }
        let peers = try await peerNetwork(settings, equipment, member, objects, respond) {
            ask.yield()
        }
        let server = try await MemberProcess.clientServer(settings, api, member, peers, respond)
        logger.info(
            "member started",
            metadata: [
                "member": "\(MemberLife.words(settings.consensusID))",
                "clients": "\(settings.clientPort)",
                "peers": "\(settings.peerPort)",
            ])
        started()
        let duties = LeaderDuties(
            member: member, desk: desk, challenges: challenges,
            planner: ChallengePlanner(
                member: member, desk: desk, challenges: challenges,
                interval: settings.challengeIntervalMilliseconds),
            settings: settings, logger: logger)
        // Clients' requests are answered first; only then the member itself ends.
        let ender = Task {
            for await _ in ends {
                await member.drain()
                await server.shutdown(within: .seconds(1))
                member.stop()
                return
            }
        }
        await work(member, desk, duties, peers) { ask.yield() }
        ask.finish()
        await ender.value
        await server.shutdown(within: .seconds(1))
        await peers.shutdown()
        logger.info("member stopped", metadata: ["member": "\(settings.seat.id)"])
        if let failure = await member.failure { throw failure }
        return await member.expulsion
    }

    /// A key may lie where nothing can be written: then a loss of the data must be said by hand.
    private func remember(_ settings: MemberSettings, _ book: SeatBook) {
        do throws(Refusal) {
            try settings.memory?.note(settings.course, book.file)
        } catch {
            logger.warning(
                "nothing is noted beside the key: should the data be lost, say `node rejoin`",
                metadata: ["code": "\(error.code)", "why": "\(error.message)"])
        }
    }

    /// Where members and seats' holders connect; what they ask beside consensus goes from door to
    /// door.
    private func peerNetwork(
        _ settings: MemberSettings, _ equipment: MemberEquipment, _ member: ClusterMember,
        _ objects: ObjectStore, _ respond: @escaping HTTPResponder,
        end: @escaping @Sendable () -> Void
    ) async throws(Refusal) -> PeerNetwork {
        let book = equipment.book
        let operators = OperatorDoor(
            member: member, book: book, settings: settings, logger: logger, end: end)
        let door = PeerDoor(member: member, objects: objects, settings: settings)
        let seats = SeatDoor(
            member: member, book: book, settings: settings, caller: equipment.caller,
            logger: logger)
        return try await PeerNetwork.start(settings, member: member) { request in
            if let refusal = seats.refusal(of: request) { return .refused(refusal) }
            if let answer = await seats.answer(request) { return answer }
            if let answer = await door.answer(request) { return answer }
            if let answer = await operators.answer(request) { return answer }
            return await respond(request)
        }
    }

    /// Where clients connect.
    private static func clientServer(
        _ settings: MemberSettings, _ api: ClientAPI, _ member: ClusterMember,
        _ peers: PeerNetwork, _ respond: @escaping HTTPResponder
    ) async throws(Refusal) -> HTTPServer {
        do throws(Refusal) {
            var configuration = HTTPServer.Configuration(
                host: settings.clientHost, port: settings.clientPort)
            configuration.direct = api.directResponder()
            configuration.respondsOnLoop = false
            // With few cores another thread would only wait for the one that has the core.
            configuration.loop = Machine.cores > 2 ? nil : member.loop
            return try await HTTPServer.start(configuration, responder: respond)
        } catch {
            await peers.shutdown()
            throw error
        }
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
        _ member: ClusterMember, _ desk: ProviderDesk, _ duties: LeaderDuties,
        _ peers: PeerNetwork, end: @escaping @Sendable () -> Void
    ) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await duties.run() }
                group.addTask {
                    await SeatSettler(
                        member: member, settings: member.settings, logger: logger
                    ).run()
                }
                group.addTask {
                    await MembershipKeeper(
                        member: member, caller: member.caller, settings: member.settings,
                        logger: logger
                    ).run()
                }
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
                end()
            }
        }
    }

    private static func peerClient(_ settings: MemberSettings, _ book: SeatBook)
        throws(Refusal) -> HTTPClient
    {
        var configuration = HTTPClient.Configuration(
            trust: .key { key in
                if case .present = book.holder(of: key) { true } else { false }
            },
            identity: try TLSIdentity(seed: settings.seed.exposed()))
        configuration.connectTimeout = .seconds(3)
        return try HTTPClient(configuration)
    }

    private static func peerOrigins(_ settings: MemberSettings, _ book: SeatBook) -> [HTTPURL] {
        book.seats.filter { $0.id != settings.seat.id }.compactMap { seat in
            try? HTTPURL("https://\(seat.peerAddress)/")
        }
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
