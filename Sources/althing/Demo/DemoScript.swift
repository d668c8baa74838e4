// The road in eight chapters. What is shown and what the summary says is taken from the cluster's
// answers, never from this file.

import Client
import Cryptography
import Platform
import Primitives

/// The demonstration.
struct DemoScript {
    let stage: DemoStage
    var summary = DemoSummary()
    /// Names of the demonstration's people, by index in the development mnemonic.
    static let people = [
        "maintainer", "holder-1", "holder-2", "holder-3", "delegator", "owner-a", "owner-b",
        "customer",
    ]
    /// The providers: name and owner. The last one cheats.
    static let providers = [
        ("a-1", "owner-a"), ("a-2", "owner-a"), ("b-1", "owner-b"), ("b-2", "owner-b"),
    ]

    init(stage: DemoStage) { self.stage = stage }

    private var teller: DemoTeller { stage.teller }

    func keystore(_ person: String) -> String { "\(stage.folder)/keys/\(person).json" }

    private func signing(_ person: String) -> [String] {
        ["--keystore", keystore(person), "--yes"]
    }

    /// Walks the whole road.
    mutating func run(basePort: Int) async throws(Refusal) {
        let started = SystemClock.monotonicNanoseconds()
        try await foundCluster(basePort: basePort)
        try await bringProviders()
        try await decideToTrain()
        try await train()
        try await release()
        try await sell()
        try await shareRevenue()
        try await surviveAndAudit()
        summary.memoryBytes = stage.memoryPeak()
        summary.seconds = (SystemClock.monotonicNanoseconds() - started) / 1_000_000_000
    }

    // MARK: 1

    private mutating func foundCluster(basePort: Int) async throws(Refusal) {
        teller.chapter(1, "A genesis, three members, a leader")
        let folder = stage.folder
        try Files.makeFolders("\(folder)/keys", mode: 0o700)
        try Files.create(
            "\(folder)/password",
            Array((Hex.encode(try SystemEntropy.bytes(16)) + "\n").utf8), mode: 0o600)
        for (index, person) in DemoScript.people.enumerated() {
            try await stage.type(
                [
                    "wallet", "import", "--mnemonic-file", "Deploy/development.mnemonic", "--index",
                    String(index), "--light", "--file", keystore(person),
                ], shown: index == 0)
        }
        teller.tell("   ... and seven more keystores, one a person")
        try await stage.type([
            "cluster", "init", "--genesis", "Deploy/genesis.yaml", "--timings",
            "Deploy/development.yaml", "--policies", "Policies", "--members", "3", "--host",
            "127.0.0.1", "--base-port", String(basePort), "--output", "\(folder)/cluster",
        ])
        stage.use(origins: (0..<3).map { "http://127.0.0.1:\(basePort + 2 * $0)" })
        for member in 1...3 { try await startMember(member, shown: member == 1) }
        let client = try stage.client()
        let status = try await stage.wait(for: "a leader") { () async throws(Refusal) -> JSON? in
            let status = try await client.get("/api/v1/status")
            return status["leader"]?.unsigned == nil ? nil : status
        }
        summary.members = status["members"]?.elements?.count ?? 0
        teller.tell(
            "   member \(status["leader"]?.unsigned ?? 0) leads; genesis"
                + " \(status["genesis"]?.text?.prefix(16) ?? "")...")
    }

    func startMember(_ number: Int, shown: Bool) async throws(Refusal) {
        try await stage.start(
            "member-\(number)",
            ["node", "run", "--home", "\(stage.folder)/cluster/member-\(number)"], shown: shown)
    }

    // MARK: 2

    private mutating func bringProviders() async throws(Refusal) {
        teller.chapter(2, "Four machines of two owners register and prove their speed")
        for (index, (name, owner)) in DemoScript.providers.enumerated() {
            let home = "\(stage.folder)/\(name)"
            let shown = index == 0
            try await stage.type(["provider", "init", "--home", home], shown: shown)
            try await stage.type(
                [
                    "provider", "register", "--home", home, "--name", name, "--stake", "100000000",
                ] + signing(owner), shown: shown)
        }
        for (index, (name, _)) in DemoScript.providers.enumerated() {
            try await stage.type(
                ["provider", "bench", "--home", "\(stage.folder)/\(name)"], shown: index == 0)
        }
        for (index, (name, _)) in DemoScript.providers.enumerated() {
            var words = ["provider", "run", "--home", "\(stage.folder)/\(name)"]
            if index == DemoScript.providers.count - 1 { words += ["--drill", "wrong-results"] }
            try await stage.start(name, words)
        }
        let providers = try await stage.client().get("/api/v1/providers").elements ?? []
        summary.providers = providers.count
        for provider in providers {
            let scores = provider["scores"]?.elements ?? []
            if !scores.isEmpty { summary.benchmarked += 1 }
            let words = scores.map { score in
                let tenths = (score["rate"]?.unsigned ?? 0) / 100_000_000
                return "\(score["kernel"]?.text ?? "") \(tenths / 10).\(tenths % 10) G/s"
            }
            teller.tell("   \(provider["name"]?.text ?? ""): \(words.joined(separator: ", "))")
        }
    }

    // MARK: 3

    private mutating func decideToTrain() async throws(Refusal) {
        teller.chapter(3, "A proposal is checked, planned, submitted, voted and executed")
        let file = try DemoFiles.trainingProposal(in: stage.root)
        try await stage.type(["proposal", "check", file])
        try await stage.type(["proposal", "plan", file])
        try await stage.type(
            ["account", "delegate", address(of: "holder-1")] + signing("delegator"))
        try await stage.type(["proposal", "submit", file] + signing("maintainer"))
        let proposal = try await vote(
            "1", choices: [("holder-1", "for"), ("holder-2", "for"), ("holder-3", "against")])
        summary.proposal = proposal
        teller.tell(
            "   executed: \(proposal["for"]?.text ?? "") for, \(proposal["against"]?.text ?? "")"
                + " against, quorum \(proposal["quorum"]?.text ?? "")")
    }

    func address(of person: String) throws(Refusal) -> String {
        let keystore = try JSON.parse(try Files.read(keystore(person)))
        guard let address = keystore["address"]?.text else {
            throw Refusal("demo.keystore", "the keystore of \(person) has no address")
        }
        return address.hasPrefix("0x") ? address : "0x" + address
    }

    /// Votes once voting is open and waits until the proposal is executed.
    func vote(_ id: String, choices: [(String, String)]) async throws(Refusal) -> JSON {
        let client = try stage.client()
        let path = "/api/v1/proposals/\(id)"
        _ = try await stage.wait(for: "voting to open") { () async throws(Refusal) -> Bool? in
            try await client.get(path)["status"]?.text == "voting" ? true : nil
        }
        for (person, choice) in choices {
            try await stage.type(
                ["vote", id, choice, "--reason", "as \(person) sees it"] + signing(person))
        }
        return try await stage.wait(for: "proposal \(id) to be executed") {
            () async throws(Refusal) -> JSON? in
            let proposal = try await client.get(path)
            let status = proposal["status"]?.text ?? ""
            let final = ["defeated", "vetoed", "expired", "execution-failed", "cancelled"]
            guard !final.contains(status) else {
                throw Refusal(
                    "demo.proposal",
                    "proposal \(id) is \(status): \(proposal["last_refusal"]?.text ?? "")")
            }
            return status == "executed" ? proposal : nil
        }
    }
}
