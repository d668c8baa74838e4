// A deployment for `benchmarks votes`: a folder, three members as processes, voters with keys.

import Client
import ControlPlane
import Cryptography
import Glibc
import Governance
import Platform
import Primitives
import Wallet

/// Three members and people to vote.
final class VotesStage {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }
    private let program: String
    private let ports: PortBlock
    private var members: [ChildProcess] = []
    private let proposal: ProposalFile
    private let proposer: Secp256k1PrivateKey
    /// The voters' keys.
    let keys: [Secp256k1PrivateKey]

    private static let password = "a password for measuring"

    init(voters: Int) throws(Refusal) {
        temporary = try TemporaryFolder(prefix: "althing-votes")
        program = try Self.besides()
        ports = try sixPorts()
        proposal = try ProposalFile(parsing: Self.proposalText, name: "0001-measure.md")
        proposer = try Self.key("proposer")
        var keys: [Secp256k1PrivateKey] = []
        for number in 0..<voters { keys.append(try Self.key("voter \(number)")) }
        self.keys = keys
    }

    private static func key(_ name: String) throws(Refusal) -> Secp256k1PrivateKey {
        var seed = SHA256.hash(Array(name.utf8)).bytes
        return try Secp256k1PrivateKey(SecretBytes(consuming: &seed))
    }

    /// The program `althing` beside this one.
    private static func besides() throws(Refusal) -> String {
        guard let own = realpath("/proc/self/exe", nil) else {
            throw Refusal("benchmark.program", "this program's own place is unknown")
        }
        defer { free(own) }
        let path = Files.parent(of: String(cString: own)) + "/althing"
        guard Files.exists(path) else {
            throw Refusal(
                "benchmark.program", "build it first: swift build -c release --product althing")
        }
        return path
    }

    static let proposalText = """
        ---
        format: proposal/1
        kind: signal
        title: Measure votes
        effects:
          - text: Votes are fast.
        ---

        To see how many votes three members take.

        """

    // MARK: Members

    func start() async throws(Refusal) {
        try Files.create("\(folder)/genesis.yaml", Array(try genesis().utf8))
        try Files.create(
            "\(folder)/timings.yaml", Array("floors: development\nday: 12s\n".utf8))
        try Files.create(
            "\(folder)/password", Array((Self.password + "\n").utf8), mode: 0o600)
        try await type([
            "cluster", "init", "--genesis", "\(folder)/genesis.yaml", "--timings",
            "\(folder)/timings.yaml", "--policies", "\(packageRoot)/Policies", "--members", "3",
            "--base-port", String(ports.first), "--output", "\(folder)/cluster",
        ])
        for member in 1...3 {
            var command = ChildCommand(
                program, ["node", "run", "--home", "\(folder)/cluster/member-\(member)"])
            command.output = .none
            command.error = .file("\(folder)/member-\(member).log")
            members.append(try await ChildProcess.start(command))
        }
    }

    private func genesis() throws(Refusal) -> String {
        var text = Self.genesisHead
        for key in keys + [proposer] {
            text += Self.holder(key.address, isProposer: key.address == proposer.address)
        }
        return text + Self.genesisTail
    }

    static let genesisHead = """
        name: measuring
        chain-id: 1
        governance-asset: VOTE
        currency-asset: CREDIT
        assets:
          - symbol: VOTE
            scale: 0
          - symbol: CREDIT
            scale: 6
        holders:

        """

    static let genesisTail = "treasury:\n  VOTE: 1000\n  CREDIT: 1_000_000_000\n"

    /// A holder's lines; who proposes has ten times the votes.
    static func holder(_ account: Address, isProposer: Bool) -> String {
        """
          - account: "\(account.checksummed)"
            VOTE: \(isProposer ? 10_000 : 1000)
            CREDIT: 1_000_000_000

        """
    }

    @discardableResult
    private func type(_ words: [String]) async throws(Refusal) -> Double {
        var command = ChildCommand(program, words)
        var variables = Environment.all().filter { !$0.name.hasPrefix("ALTHING_") }
        variables.append(("ALTHING_CLUSTER", origins.joined(separator: ",")))
        variables.append(("ALTHING_PASSWORD_FILE", "\(folder)/password"))
        command.environment = variables
        command.timeLimitNanoseconds = 60_000_000_000
        command.output = .captured(limit: 1 << 20)
        let start = SystemClock.monotonicNanoseconds()
        let outcome = try await ChildProcess.run(command)
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        guard outcome.isSuccess else {
            throw Refusal(
                "benchmark.command",
                "`althing \(words.first ?? "")` ended with \(outcome.ending): \(outcome.error.text)"
            )
        }
        return seconds
    }

    private var origins: [String] { (0..<3).map { "http://127.0.0.1:\(ports.first + 2 * $0)" } }

    /// A client of the member that leads.
    func leader() async throws(Refusal) -> ClusterClient {
        let any = try ClusterClient(origins: origins)
        defer { any.close() }
        for _ in 0..<200 {
            if let origin = (try? await any.get("/api/v1/status"))?["leader_origin"]?.text,
                !origin.isEmpty
            {
                return try ClusterClient(origins: [origin])
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
        throw Refusal("benchmark.leader", "no member leads after twenty seconds")
    }

    /// The processor time of the members so far, in seconds.
    var memberSeconds: Double {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        return members.reduce(0) { sum, member in
            // After the name, which may hold anything, in brackets: the 12th and 13th number.
            let text = (try? Files.readText("/proc/\(member.processIdentifier)/stat")) ?? ""
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
            else { return sum }
            return sum + (user + system) / ticks
        }
    }

    // MARK: The vote

    /// Hands the proposal in and waits until voting is open.
    func open(_ client: ClusterClient) async throws(Refusal) {
        _ = try await client.submit(
            .submitProposal(
                fileName: "0001-measure.md", text: proposal.text, title: proposal.title,
                effects: proposal.effectsDigest), key: proposer)
        for _ in 0..<600 {
            let status = (try? await client.get("/api/v1/proposals/1"))?["status"]?.text
            if status == "voting" { return }
            try? await Task.sleep(for: .milliseconds(100))
        }
        throw Refusal("benchmark.vote", "voting did not open")
    }

    /// A vote on the proposal.
    func vote(_ choice: String) -> AccountCommand {
        .vote(
            proposal: 1, title: proposal.title, choice: choice, effects: proposal.effectsDigest,
            reason: "")
    }

    /// Votes by the command line, as a person types them; without the key derivation.
    func typeVotes(count: Int) async throws(Refusal) {
        guard let key = keys.last else { return }
        let keystore = try Keystore.seal(
            key, password: SecretBytes(utf8: Self.password), cost: .light,
            entropy: try SystemEntropy.bytes(Keystore.entropyCount))
        let path = "\(folder)/voter.json"
        try Files.create(path, Array(keystore.json.pretty.utf8), mode: 0o600)
        let start = SystemClock.monotonicNanoseconds()
        _ = try keystore.open(password: SecretBytes(utf8: Self.password))
        let derivation = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        var times: [Double] = []
        for number in 0..<count {
            let seconds = try await type([
                "vote", "1", number.isMultiple(of: 2) ? "for" : "against", "--keystore", path,
                "--yes",
            ])
            times.append((seconds - derivation) * 1000)
        }
        print(
            "`althing vote`, typed to committed: \(column(median(times), digits: 0, width: 0)) ms"
                + " besides \(column(derivation * 1000, digits: 0, width: 0)) ms of key derivation"
                + " (must: 300 ms)")
    }

    /// What the members say of the vote: the tally must be whole.
    func finish(_ client: ClusterClient) async throws(Refusal) {
        let proposal = try await client.get("/api/v1/proposals/1")
        print(
            "tally: \(proposal["for"]?.text ?? "?") for, \(proposal["against"]?.text ?? "?")"
                + " against, \(proposal["ballots"]?.unsigned ?? 0) ballots")
        client.close()
    }

    /// Ends the members and removes the folder.
    func clear() {
        for member in members { member.terminate() }
        for member in members { _ = member.outcomeBlocking() }
        try? Files.removeTree(folder)
    }
}
