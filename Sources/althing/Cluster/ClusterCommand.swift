// `althing cluster`: laying a deployment's foundation, and seeing how it does.

import ArgumentParser
import Client
import ControlPlane
import Cryptography
import Node
import Platform
import Primitives
import Terminal

/// The noun `cluster`.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Make a deployment; see to its members.",
        discussion: """
            Example:
              althing cluster status --cluster http://127.0.0.1:7000
            """,
        subcommands: [
            ClusterInit.self, ClusterStatus.self, ClusterDoctor.self, ClusterDrain.self,
            ClusterTransferLeader.self, ClusterBackup.self, ClusterRestore.self,
            ClusterRecover.self, ClusterTokens.self, ClusterAdd.self, ClusterRemove.self,
            ClusterReplace.self, ClusterRotateKey.self,
        ])
}

/// `cluster init`.
struct ClusterInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a deployment's genesis and its members' folders.",
        discussion: """
            Member N listens for clients on BASE-PORT + 2(N-1) and for its peers one port above. \
            The genesis digest that is printed is the deployment's name: keep it where auditors \
            find it. With --tokens only the first member's folder is made; each of the others is \
            a token, good for a quarter of an hour, that carries the seat's first key to its \
            machine: see `node join`.

            Example:
              althing cluster init --genesis genesis.yaml --timings timings.yaml \\
                --policies Policies --members 3 --output deployment
            """)

    @Option(help: ArgumentHelp("First balances and assets.", valueName: "file"))
    var genesis: String

    @Option(help: ArgumentHelp("How long a day lasts.", valueName: "file"))
    var timings: String

    @Option(help: ArgumentHelp("Folder of the first policies.", valueName: "folder"))
    var policies: String

    @Option(help: "How many members: 1, 3 or 5.")
    var members = 3

    @Option(help: "Where members are reached: one host for all, or one for each, with commas.")
    var host = "127.0.0.1"

    @Option(help: "The first member's port for clients.")
    var basePort = 7000

    @Option(
        name: [.long, .customLong("folder")],
        help: ArgumentHelp("Where to make the folders.", valueName: "folder"))
    var output: String

    @Flag(help: "Print tokens for the other members, instead of making their folders.")
    var tokens = false

    @Option(name: [.customShort("f"), .long], help: "How to print: table or json.")
    var format: OutputFormat = .table

    func validate() throws {
        guard [1, 3, 5].contains(members) else {
            throw ValidationError("a cluster has 1, 3 or 5 members")
        }
        guard hosts.count == 1 || hosts.count == members, !hosts.contains("") else {
            throw ValidationError("--host names one host, or as many as there are members")
        }
        guard basePort > 0, basePort + 2 * members <= 65_536 else {
            throw ValidationError("the ports do not fit below 65536")
        }
    }

    func run() async throws { try make() }

    private var hosts: [String] {
        host.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private func make() throws(Refusal) {
        let target = "\(output)/genesis.althing"
        guard !Files.exists(target) else {
            throw Refusal("cluster.exists", "\(target) exists: a deployment is made once")
        }
        var genesis = try readGenesis()
        var seeds: [SecretBytes] = []
        for number in 1...members {
            var bytes = try SystemEntropy.bytes(32)
            let seed = SecretBytes(consuming: &bytes)
            let port = basePort + 2 * (number - 1)
            let host = hosts[hosts.count == 1 ? 0 : number - 1]
            genesis.seats.append(
                Seat(
                    id: UInt64(number), publicKey: try Ed25519.publicKey(seed: seed),
                    peerAddress: "\(host):\(port + 1)", clientOrigin: "http://\(host):\(port)"))
            seeds.append(seed)
        }
        // The first state is built once here, so that a wrong policy or balance is found now and
        // not when the members start.
        _ = try StateMachine(genesis: genesis, database: try StateDatabase(path: ":memory:"))
        try Files.makeFolders(output)
        for (offset, seed) in seeds.enumerated() where offset == 0 || !tokens {
            try MemberConfiguration.makeHome(
                "\(output)/member-\(offset + 1)", member: UInt64(offset + 1), key: seed)
        }
        try Files.create(target, genesis.encoded)
        let others = zip(genesis.seats, seeds).dropFirst(tokens ? 1 : members)
        report(
            genesis,
            others.map { seat, seed in
                JoinToken(
                    firstKey: seed, seat: seat, genesis: genesis.digest,
                    expires: genesis.timestamp.advanced(by: JoinToken.usualLife),
                    contacts: genesis.seats)
            })
    }

    private func readGenesis() throws(Refusal) -> Genesis {
        let timings = try Timings(parsing: try Files.readText(timings), name: timings)
        var genesis = try Genesis(
            parsing: try Files.readText(genesis), name: genesis, timings: timings,
            timestamp: SystemClock.now())
        for name in Genesis.requiredPolicies {
            let path = "\(policies)/\(name).yaml"
            genesis.policies.append(PolicyText(name: name, text: try Files.readText(path)))
        }
        return genesis
    }

    private func report(_ genesis: Genesis, _ joins: [JoinToken]) {
        let origins = genesis.seats.map(\.clientOrigin).joined(separator: ",")
        let facts = [
            ("deployment", genesis.name), ("genesis", genesis.digest.hex), ("cluster", origins),
        ]
        let homes = (1...(tokens ? 1 : members)).map { "\(output)/member-\($0)" }
        var json = [
            JSON.Member("name", .string(genesis.name)),
            JSON.Member("genesis", .string(genesis.digest.hex)),
            JSON.Member("cluster", .string(origins)),
            JSON.Member("file", .string("\(output)/genesis.althing")),
            JSON.Member("members", .array(homes.map { .string($0) })),
        ]
        if !joins.isEmpty {
            json.append(JSON.Member("tokens", .array(joins.map { .string($0.text) })))
        }
        Output(format).show(
            Presentation.facts(facts) + homes.map { "start: althing node run --home \($0)" }
                + joins.map { "seat \($0.seat.id): althing node join \($0.text) --home member" },
            json: .object(json))
    }
}

/// `cluster status`.
struct ClusterStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show every member as it sees the cluster.",
        discussion: """
            Asks each member that the first answering one knows, and says in one line why there \
            is no leader when there is none. Exit code 2 when none answers.

            Example:
              althing cluster status --cluster http://127.0.0.1:7000
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let first = try await read.get("/api/v1/status")
        var rows: [JSON] = []
        for member in first["members"]?.elements ?? [] {
            rows.append(await ClusterStatus.row(member))
        }
        let facts = Presentation.facts(
            first,
            [
                ("deployment", "name"), ("genesis", "genesis"), ("leader", "leader_origin"),
                ("log time", "time"), ("applied", "applied_index"), ("epoch", "epoch"),
            ])
        let table = Presentation.table(
            .array(rows),
            [
                .number("MEMBER", "id"), .text("ORIGIN", "origin"), .text("ROLE", "role"),
                .number("TERM", "term"), .number("APPLIED", "applied_index"),
                .number("SNAPSHOT", "snapshot_index"),
                .computed("STATE") { Presentation.short($0["state_digest"]?.shown ?? "-") },
            ])
        let printer = read.printer
        var lines = facts + [""] + table.lines(for: printer.screen)
        if let reason = first["leaderless_reason"]?.text { lines += ["", reason] }
        if let change = first["seat_change"], change != .null {
            lines += ["", ClusterStatus.words(of: change)]
        }
        let members = (first.members ?? []).filter { $0.key != "members" }
        printer.show(
            lines, json: .object(members + [JSON.Member("members", .array(rows))]))
    }

    /// What was voted about the seats and is not carried out, and why.
    private static func words(of change: JSON) -> String {
        func seats(_ key: String, _ verb: String) -> String? {
            let numbers = (change[key]?.elements ?? []).map(\.shown).joined(separator: " and ")
            return numbers.isEmpty ? nil : "\(verb) seat \(numbers)"
        }
        let deeds = [seats("add", "adds"), seats("remove", "removes")].compactMap(\.self)
        return "proposal \(change["proposal"]?.shown ?? "-") "
            + "\(deeds.joined(separator: " and ")): \(change["waits_for"]?.shown ?? "-")"
    }

    /// A member's own answer, or that it does not answer.
    private static func row(_ member: JSON) async -> JSON {
        var row = member.members ?? []
        guard let status = await MemberQuestion.status(member["origin"]?.text ?? "") else {
            row.append(JSON.Member("role", "unreachable"))
            return .object(row)
        }
        for key in [
            "role", "term", "applied_index", "commit_index", "state_digest", "snapshot_index",
            "draining", "leaderless_reason",
        ] {
            row.append(JSON.Member(key, status[key] ?? .null))
        }
        return .object(row)
    }
}
