// A deployment for tests: the repository's genesis and policies, members in this process, their
// files in a folder that goes with it.

import ControlPlane
import Cryptography
import Glibc
import Logging
import Platform
import Primitives
import Wallet

@testable import Node

/// Members that run in this process, on ports of 127.0.0.1.
actor Deployment {
    nonisolated let genesis: Genesis
    nonisolated let folder: TemporaryFolder
    private let seeds: [[UInt8]]
    private nonisolated let ports: PortBlock
    private var running: [UInt64: Task<Refusal?, Never>] = [:]

    /// Lays a deployment's foundation.
    ///
    /// - Parameter day: how long a day of the policies lasts, in milliseconds.
    init(members: Int, name: String = "althing-tests", day: UInt64 = 1000) throws(Refusal) {
        var genesis = try Genesis(
            parsing: try Repository.text("Deploy/genesis.yaml"), name: "genesis.yaml",
            timings: Timings(production: false, dayMilliseconds: day),
            timestamp: SystemClock.now())
        genesis.name = name
        for name in Genesis.requiredPolicies {
            genesis.policies.append(
                PolicyText(name: name, text: try Repository.text("Policies/\(name).yaml")))
        }
        var seeds: [[UInt8]] = []
        // Processes of tests that run at the same time begin to look in different places.
        ports = try PortBlock(2 * (members + 1), startingAt: 10_000 + Int(getpid()) &* 61 % 20_000)
        for number in 1...members {
            let seed = [UInt8](repeating: UInt8(number), count: 32)
            let client = ports.first + 2 * (number - 1)
            let peer = client + 1
            genesis.seats.append(
                Seat(
                    id: UInt64(number), publicKey: try Ed25519.publicKey(seed: Self.secret(seed)),
                    peerAddress: "127.0.0.1:\(peer)", clientOrigin: "http://127.0.0.1:\(client)"))
            seeds.append(seed)
        }
        self.genesis = genesis
        self.seeds = seeds
        folder = try TemporaryFolder(prefix: "althing-node-tests")
    }

    /// A secret of these bytes.
    static func secret(_ bytes: [UInt8]) -> SecretBytes {
        var copy = bytes
        return SecretBytes(consuming: &copy)
    }

    /// The members' numbers.
    nonisolated var members: [UInt64] { genesis.seats.map(\.id) }

    /// Where clients reach a member.
    nonisolated func origin(_ member: UInt64) -> String {
        genesis.seats.first { $0.id == member }?.clientOrigin ?? ""
    }

    /// How a member is set up.
    nonisolated func settings(_ member: UInt64) throws(Refusal) -> MemberSettings {
        guard let seat = genesis.seats.first(where: { $0.id == member }) else {
            throw Refusal("test.member", "there is no member \(member)")
        }
        var settings = try MemberSettings(
            genesis: genesis, seat: seat, seed: Self.secret(seeds[Int(member) - 1]),
            dataFolder: "\(folder.path)/member-\(member)")
        settings.tickMilliseconds = 20
        return settings
    }

    /// How a member is set up whose key lies in a folder that remembers it.
    nonisolated func remembered(_ member: UInt64) throws(Refusal) -> MemberSettings {
        var settings = try settings(member)
        let home = "\(folder.path)/home-\(member)"
        let file = SeatKeyFile("\(home)/seat.key")
        if !file.exists {
            try Files.makeFolders(home)
            try file.create(settings.seed)
        }
        settings.keyFile = file
        return settings
    }

    /// A seat that is not in the genesis yet, with its key's seed and a place of its own.
    nonisolated func newcomer(_ member: UInt64) throws(Refusal) -> (seat: Seat, key: SecretBytes) {
        let key = Self.secret([UInt8](repeating: UInt8(member), count: 32))
        let port = ports.first + 2 * genesis.seats.count
        let seat = Seat(
            id: member, publicKey: try Ed25519.publicKey(seed: key),
            peerAddress: "127.0.0.1:\(port + 1)", clientOrigin: "http://127.0.0.1:\(port)")
        return (seat, key)
    }

    /// Starts a member and waits until clients can connect; throws why it does not start.
    func start(
        _ member: UInt64, logger: Logger = quietLogger,
        _ change: (inout MemberSettings) -> Void = { _ in }
    ) async throws(Refusal) {
        var settings = try settings(member)
        change(&settings)
        try await start(member, settings: settings, logger: logger)
    }

    /// Starts a member that is set up so.
    func start(_ member: UInt64, settings: MemberSettings, logger: Logger = quietLogger)
        async throws(Refusal)
    {
        let process = MemberProcess(settings: settings, logger: logger)
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task { () -> Refusal? in
            defer { signal.finish() }
            do throws(Refusal) {
                try await process.run { signal.yield() }
                return nil
            } catch {
                return error
            }
        }
        for await _ in started {
            running[member] = task
            return
        }
        throw await task.value ?? Refusal("test.member", "the member ended at once")
    }

    /// Starts every member.
    func startAll() async throws(Refusal) {
        for member in members { try await start(member) }
    }

    /// Stops a member in order; gives why it had stopped before, if it had.
    @discardableResult
    func stop(_ member: UInt64) async -> Refusal? {
        guard let task = running.removeValue(forKey: member) else { return nil }
        task.cancel()
        return await task.value
    }

    /// Waits until a member ends by itself; gives why, nil for an end in order.
    func outcome(of member: UInt64) async -> Refusal? {
        guard let task = running.removeValue(forKey: member) else { return nil }
        return await task.value
    }

    /// Stops every member.
    func stopAll() async {
        for member in running.keys.sorted() { await stop(member) }
    }

    /// A key of the genesis' holders, by its index in the development mnemonic.
    static func key(_ index: UInt32) throws(Refusal) -> Secp256k1PrivateKey {
        let words = try Repository.text("Deploy/development.mnemonic").split(separator: "\n")[0]
        let mnemonic = try Mnemonic(sentence: SecretBytes(utf8: String(words)))
        guard let path = DerivationPath.ethereum(index: index) else {
            throw Refusal("test.key", "there is no index \(index)")
        }
        return try ExtendedKey(seed: try mnemonic.seed()).derived(along: path).privateKey
    }
}

/// Says nothing, unless one wants to hear it: refusals are what these tests look at.
let quietLogger = Logger(label: "tests") { label in
    getenv("ALTHING_TEST_LOG") == nil
        ? SwiftLogNoOpLogHandler() as any LogHandler : StreamLogHandler.standardError(label: label)
}

/// Runs `body` on a deployment whose members run, and stops them whatever happens.
func withDeployment<Value: Sendable>(
    members: Int, name: String = "althing-tests",
    _ body: @Sendable (Deployment) async throws -> Value
) async throws -> Value {
    let deployment = try Deployment(members: members, name: name)
    do {
        try await deployment.startAll()
        let value = try await body(deployment)
        await deployment.stopAll()
        return value
    } catch {
        await deployment.stopAll()
        throw error
    }
}

/// Files of the repository.
enum Repository {
    /// The package's root, found upwards from this file.
    static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    static func text(_ path: String) throws(Refusal) -> String {
        try Files.readText("\(root)/\(path)")
    }
}
