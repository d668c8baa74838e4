// One real member with its doors open, and machines that register with it: where cheaters are let
// in.
//
// The member runs in this process; everything said to it goes over its HTTP door at 127.0.0.1, as a
// provider's agent would say it.

public import Client
public import ControlPlane
import Cryptography
import Glibc
import Logging
import Node
import Platform
public import Primitives
import Wallet

/// A member, and owners who may register machines.
public final class Arena: Sendable {
    /// The member's client origin.
    public let origin: String
    /// The deployment.
    public let genesis: Genesis
    /// A client of the member.
    public let client: ClusterClient
    private let owners: [Secp256k1PrivateKey]
    /// An owner's commands go one after the other: each takes the account's next nonce.
    private let lines: [WaitingLine]

    private init(
        origin: String, genesis: Genesis, client: ClusterClient, owners: [Secp256k1PrivateKey]
    ) {
        self.origin = origin
        self.genesis = genesis
        self.client = client
        self.owners = owners
        lines = owners.map { _ in WaitingLine() }
    }

    /// Runs `body` in an arena and takes it down afterwards.
    ///
    /// - Parameters:
    ///   - repository: the folder that holds `Deploy` and `Policies`.
    ///   - interval: the mean time between challenges that the member calls for, in milliseconds.
    ///   - kernels: the kernels of its suite, out of `Arena.kernels`; all of them otherwise.
    public static func with<Value: Sendable>(
        repository: String, interval: UInt64? = nil, kernels: [String]? = nil,
        _ body: @Sendable (Arena) async throws -> Value
    ) async throws -> Value {
        let folder = "/tmp/althing-arena-\(getpid())-\(Hex.encode(try SystemEntropy.bytes(6)))"
        try Files.makeFolders(folder)
        defer { try? Files.removeTree(folder) }
        let ports = try PortBlock(2, startingAt: 10_000 + Int(getpid()) &* 61 % 20_000)
        var seed = try SystemEntropy.bytes(32)
        let secret = SecretBytes(consuming: &seed)
        var genesis = try Arena.genesis(repository, kernels)
        genesis.seats = [
            Seat(
                id: 1, publicKey: try Ed25519.publicKey(seed: secret),
                peerAddress: "127.0.0.1:\(ports.first + 1)",
                clientOrigin: "http://127.0.0.1:\(ports.first)")
        ]
        var settings = try MemberSettings(
            genesis: genesis, seat: genesis.seats[0], seed: secret, dataFolder: folder)
        settings.tickMilliseconds = 20
        settings.challengeIntervalMilliseconds = interval
        let process = MemberProcess(
            settings: settings, logger: Logger(label: "arena") { _ in SwiftLogNoOpLogHandler() })
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
        defer { withExtendedLifetime(ports) {} }
        var isUp = false
        for await _ in started {
            isUp = true
            break
        }
        guard isUp else {
            throw await task.value ?? Refusal("arena.member", "the member ended at once")
        }
        let client = try ClusterClient(origins: [settings.seat.clientOrigin])
        let arena = Arena(
            origin: settings.seat.clientOrigin, genesis: genesis, client: client,
            owners: try Arena.owners(repository))
        do {
            try await arena.waitForLeader()
            let value = try await body(arena)
            client.close()
            task.cancel()
            _ = await task.value
            return value
        } catch {
            client.close()
            task.cancel()
            _ = await task.value
            throw error
        }
    }

    private static func genesis(_ repository: String, _ kernels: [String]?) throws(Refusal)
        -> Genesis
    {
        func text(_ path: String) throws(Refusal) -> String {
            try Files.readText("\(repository)/\(path)")
        }
        var genesis = try Genesis(
            parsing: try text("Deploy/genesis.yaml"), name: "genesis.yaml",
            timings: try Timings(
                parsing: try text("Deploy/development.yaml"), name: "development.yaml"),
            timestamp: SystemClock.now())
        genesis.name = "althing-arena"
        // Every trial stakes a machine of its own: more than the development owners can pay.
        for index in genesis.allocations.indices
        where genesis.allocations[index].asset == genesis.currencyAsset {
            genesis.allocations[index].amount = try genesis.allocations[index].amount.scaled(
                100, over: 1)
        }
        for name in Genesis.requiredPolicies {
            let shipped = try text("Policies/\(name).yaml")
            genesis.policies.append(
                PolicyText(
                    name: name, text: name == "benchmarks" ? inArena(shipped, kernels) : shipped))
        }
        return genesis
    }

    /// The shipped policy with small sizes and short deadlines, so that many trials fit in a
    /// minute. What is checked, and what failing costs, stays as it is.
    private static func inArena(_ policy: String, _ kernels: [String]?) -> String {
        var text = policy
        for (from, to) in [
            ("suite: standard", "suite: development"), ("ready-within: 60s", "ready-within: 6s"),
            ("proof-within: 10m", "proof-within: 5s"),
        ] {
            text = text.replacing(from, with: to)
        }
        guard let suites = text.firstRange(of: "\nsuites:\n") else { return text }
        let suite = sized(Arena.suite.filter { kernels?.contains($0.kernel) ?? true })
        return String(text[..<suites.upperBound]) + "  development:\n" + suite
            + "  accelerator:\n" + sized(cards)
    }

    private static func sized(_ suite: [(kernel: String, rounds: Int, lines: [String])]) -> String {
        suite.map { kernel, rounds, lines in
            let all = [
                "first-rounds: \(rounds)", "most-rounds: \(rounds)", "target: 10s", "within: 5s",
            ]
            return "    \(kernel):\n" + (lines + all).map { "      \($0)\n" }.joined()
        }.joined()
    }

    /// The kernels of the arena, and their sizes.
    private static let suite: [(kernel: String, rounds: Int, lines: [String])] = [
        ("cpu.sgemm.1t", 4, ["size: 64"]), ("cpu.sgemm.mt", 4, ["size: 64"]),
        ("cpu.dgemm.mt", 4, ["size: 64", "openings: 64"]),
        ("cpu.igemm8.mt", 4, ["size: 64"]), ("cpu.bf16gemm.mt", 4, ["size: 64"]),
        ("cpu.fma-chain.1t", 4, ["size: 64", "steps: 64", "openings: 64"]),
        ("cpu.int-mix.1t", 4, ["size: 16", "steps: 64", "openings: 16"]),
        ("mem.stream-chain.mt", 4, ["size: 32", "openings: 64"]),
        ("cpu.sha256.mt", 4, ["size: 256", "steps: 16", "openings: 64"]),
        ("cpu.ntt.mt", 2, ["size: 16", "steps: 2", "openings: 8"]),
        ("cpu.attention.mt", 2, ["size: 16", "steps: 1", "openings: 4"]),
        ("cpu.conv2d.mt", 2, ["size: 16", "steps: 1", "openings: 4"]),
        ("mem.chase.1t", 4, ["size: 64", "chains: 1", "steps: 2", "openings: 256"]),
        ("mem.fill.mt", 4, ["size: 64", "chains: 2", "steps: 2", "openings: 64"]),
    ]

    /// The kernels for cards: nobody has one here, and nobody can tell by the answers.
    private static let cards: [(kernel: String, rounds: Int, lines: [String])] = [
        ("gpu.bf16gemm", 4, ["size: 64", "openings: 32"]),
        ("gpu.igemm8", 4, ["size: 64", "openings: 32"]),
        ("gpu.stream-chain", 4, ["size: 32", "openings: 64"]),
        ("gpu.mem-fill", 2, ["size: 64", "chains: 4", "steps: 4", "openings: 32"]),
    ]

    /// The names of the arena's kernels for processors.
    public static let kernels = suite.map(\.kernel)
    /// The names of its kernels for cards.
    public static let cardKernels = cards.map(\.kernel)

    /// Keys of holders of the development genesis who can pay stakes.
    private static func owners(_ repository: String) throws(Refusal) -> [Secp256k1PrivateKey] {
        let words = try Files.readText("\(repository)/Deploy/development.mnemonic")
        let sentence = words.split(separator: "\n").first.map(String.init) ?? ""
        let mnemonic = try Mnemonic(sentence: SecretBytes(utf8: sentence))
        var keys: [Secp256k1PrivateKey] = []
        for index: UInt32 in [0, 5, 6] {
            guard let path = DerivationPath.ethereum(index: index) else { continue }
            keys.append(try ExtendedKey(seed: try mnemonic.seed()).derived(along: path).privateKey)
        }
        return keys
    }

    private func waitForLeader() async throws {
        for _ in 0..<500 {
            if (try? await client.get("/api/v1/status")["leader"]?.unsigned) != nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Refusal("arena.member", "no leader came up")
    }

    /// Registers a new machine and signs its agent in.
    ///
    /// - Parameters:
    ///   - owner: which of the owners pays for it.
    ///   - memoryBytes: what it is said to have.
    public func machine(owner: Int = 0, memoryBytes: UInt64 = 1 << 30) async throws(Refusal)
        -> Contestant
    {
        var secret = try SystemEntropy.bytes(32)
        let key = try Secp256k1PrivateKey(SecretBytes(consuming: &secret))
        let owner = owner % owners.count
        await lines[owner].enter()
        do throws(Refusal) {
            _ = try await client.submit(
                .registerProvider(
                    machine: MachineDescription(
                        name: "machine", agent: key.address, cores: 2, memoryBytes: memoryBytes,
                        isolation: "process"), stake: Amount(1_000_000)),
                key: owners[owner])
            await lines[owner].leave()
        } catch {
            await lines[owner].leave()
            throw error
        }
        return try await Contestant(arena: self, key: key)
    }

    /// A machine as the state knows it.
    public func record(of agent: Address) async throws(Refusal) -> JSON {
        try await client.get("/api/v1/providers/\(agent.hex)")
    }
}
