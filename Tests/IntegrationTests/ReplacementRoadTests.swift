// Every member of a cluster replaced by another, one after the other, by vote, while clients write
// all the time: nothing acknowledged is lost, and clients see no error but "try again".

import Platform
import Primitives
import Testing
import Transport

/// A client that puts one key after the other, each until it is acknowledged.
private actor PersistentWriter {
    private let client: HTTPClient
    private var origins: [String]
    private(set) var acknowledged: [String] = []
    /// How often each refusal was met.
    private(set) var refusals: [String: Int] = [:]

    init(origins: [String]) throws {
        client = try HTTPClient()
        self.origins = origins
    }

    func follow(_ origins: [String]) { self.origins = origins }

    /// Writes until cancelled.
    func run() async {
        var number = 10_000_000
        while !Task.isCancelled {
            let key = "\(number)"
            var turn = 0
            while !Task.isCancelled {
                let refusal = await put(key, to: origins[turn % origins.count])
                guard let refusal else {
                    acknowledged.append(key)
                    break
                }
                // The last one is called off by the test itself.
                if Task.isCancelled { return }
                refusals[refusal, default: 0] += 1
                turn += 1
                if turn % origins.count == 0 { try? await Task.sleep(for: .milliseconds(20)) }
            }
            // The leader first, from now on.
            if turn % origins.count > 0 { origins.swapAt(0, turn % origins.count) }
            number += 1
            // Every value is read back at the end.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The code of the refusal, or nil.
    private func put(_ key: String, to origin: String) async -> String? {
        do throws(Refusal) {
            var request = try HTTPClientRequest("POST", "\(origin)/bench")
            request.body = Array("\(key)value of \(key)".utf8)
            request.responseTimeout = .seconds(5)
            return ReplacementRoadTests.code(try await client.send(request))
        } catch {
            return error.code
        }
    }

    func value(of key: String, from origin: String) async throws -> String {
        var request = try HTTPClientRequest("POST", "\(origin)/bench/get")
        request.body = Array(key.utf8)
        return try await client.send(request).text
    }

    func close() { client.close() }
}

@Suite(.enabled(if: Road.program != nil), .serialized, .timeLimit(.minutes(10)))
struct ReplacementRoadTests {
    /// What a client is to answer by trying again, here or at another member.
    private static let retryable: Set<String> = [
        "cluster.not-leader", "cluster.no-leader", "cluster.timeout", "cluster.overloaded",
        "raft.proposal-dropped", "member.stopped", "transport.unreachable", "transport.timeout",
        "transport.closed", "transport.protocol",
    ]

    static func code(_ answer: HTTPClientResponse) -> String? {
        guard answer.status != 200 else { return nil }
        return (try? JSON.parse(answer.body))?["error"]?["code"]?.text ?? "\(answer.status)"
    }

    @Test func `every member is replaced under load, and no write is lost`() async throws {
        let program = try #require(Road.program)
        let group = try await ReplacedGroup(program)
        do {
            try await replaceAll(group)
        } catch {
            await group.clear()
            throw error
        }
        await group.clear()
    }

    private func replaceAll(_ group: ReplacedGroup) async throws {
        try await group.startAll()
        let writer = try PersistentWriter(origins: [1, 2, 3].map(group.origin))
        let work = Task { await writer.run() }
        defer { work.cancel() }
        for old in 1...3 {
            // Votes count once the power has been held for thirty days of this deployment, and so
            // long the constitution has one change of seats wait for the next.
            try await Task.sleep(for: .seconds(31))
            try await group.replace(old, by: old + 3)
            let present = (old + 1...old + 3).map(group.origin)
            await writer.follow(present)
            let count = await writer.acknowledged.count
            _ = try await RoadProgram.eventually("writes to go on without seat \(old)") {
                await writer.acknowledged.count > count + 50 ? true : nil
            }
        }
        work.cancel()
        await work.value
        let refusals = await writer.refusals
        let keys = await writer.acknowledged
        print("\(keys.count) writes acknowledged; met on the way: \(refusals)")
        #expect(Set(refusals.keys).subtracting(Self.retryable).isEmpty, "\(refusals)")
        #expect(keys.count > 1000)
        for (place, key) in keys.enumerated() {
            let origin = group.origin(4 + place % 3)
            #expect(try await writer.value(of: key, from: origin) == "value of \(key)")
        }
        await writer.close()
    }
}

/// Six seats, three of them at a time.
private actor ReplacedGroup {
    private let program: String
    private let folder: TemporaryFolder
    private let ports: PortBlock
    private var children: [Int: ChildProcess] = [:]
    private var present = [1, 2, 3]

    private var path: String { folder.path }

    init(_ program: String) async throws {
        self.program = program
        folder = try TemporaryFolder(prefix: "althing-replacement")
        ports = try RoadProgram.freePorts(12)
        try Files.create("\(path)/password", Array("secret-canary\n".utf8), mode: 0o600)
        try Files.create("\(path)/timings.yaml", Array("floors: development\nday: 1s\n".utf8))
        let genesis = try Files.readText("\(RoadProgram.root)/Deploy/genesis.yaml")
            .replacing("name: althing-development", with: "name: althing-bench")
        try Files.create("\(path)/genesis.yaml", Array(genesis.utf8))
        try await run([
            "cluster", "init", "--genesis", "\(path)/genesis.yaml", "--timings",
            "\(path)/timings.yaml", "--policies", "Policies", "--members", "3", "--base-port",
            "\(ports.first)", "--output", "\(path)/cluster",
        ])
        for person in 0...2 {
            try await run([
                "wallet", "import", "--mnemonic-file", "Deploy/development.mnemonic", "--index",
                "\(person)", "--light", "--file", "\(path)/\(person).json",
            ])
        }
    }

    nonisolated func origin(_ seat: Int) -> String {
        "http://127.0.0.1:\(ports.first + 2 * (seat - 1))"
    }

    private func home(_ seat: Int) -> String { "\(path)/cluster/member-\(seat)" }

    @discardableResult
    private func run(_ words: [String], as person: Int? = nil) async throws -> String {
        let signing = person.map { ["--keystore", "\(path)/\($0).json", "--yes"] } ?? []
        let outcome = try await RoadProgram.run(
            program, words + signing,
            environment: [
                ("ALTHING_CLUSTER", present.map(origin).joined(separator: ",")),
                ("ALTHING_PASSWORD_FILE", "\(path)/password"),
            ])
        guard outcome.status == 0 else {
            throw Refusal("test.command", "\(words.joined(separator: " ")): \(outcome.error.text)")
        }
        return outcome.output.text
    }

    private func start(_ seat: Int) async throws {
        children[seat] = try await RoadProgram.start(
            program, ["node", "run", "--home", home(seat), "--bench-route"],
            log: "\(path)/member-\(seat).log")
    }

    func startAll() async throws {
        for seat in present { try await start(seat) }
        _ = try await RoadProgram.eventually("a leader") {
            try await run(["proposal", "list"]) as String?
        }
    }

    /// Puts a new seat in an old one's place by vote; until it votes and the other has ended.
    func replace(_ old: Int, by new: Int) async throws {
        let helper = present.last ?? old
        let file = "\(path)/replace-\(old).md"
        let peer = "127.0.0.1:\(ports.first + 2 * (new - 1) + 1)"
        let drafted = try JSON.parse(
            try await run([
                "cluster", "replace", "\(old)", "--by", "\(new)", "--home", home(helper), "--file",
                file, "--peer-address", peer, "--client-origin", origin(new), "--output", "json",
            ]))
        let token = try #require(drafted["token"]?.text)
        try await run(["proposal", "submit", file, "--output", "json"], as: 0)
        let number = try await newest()
        try await reach("voting", number)
        for voter in 1...2 { try await run(["vote", number, "for"], as: voter) }
        try await reach("executed", number)
        try Files.create("\(path)/token-\(new)", Array("\(token)\n".utf8), mode: 0o600)
        try await run([
            "node", "join", "--token-file", "\(path)/token-\(new)", "--home", home(new), "--no-run",
        ])
        try await start(new)
        present = present.filter { $0 != old } + [new]
        let leaver = children.removeValue(forKey: old)
        let ended = await leaver?.outcome()
        #expect(ended?.status == 0, "seat \(old) did not end in order")
    }

    private func newest() async throws -> String {
        let list = try JSON.parse(try await run(["proposal", "list", "--output", "json"]))
        let proposals = list["proposals"]?.elements ?? list.elements ?? []
        let numbers = proposals.compactMap { $0["id"]?.unsigned ?? $0["number"]?.unsigned }
        return "\(try #require(numbers.max(), "\(list.compact.prefix(500))"))"
    }

    private func reach(_ status: String, _ number: String) async throws {
        _ = try await RoadProgram.eventually("\(number) to be \(status)", limit: .seconds(90)) {
            let shown = try JSON.parse(try await run(["proposal", "show", number, "-o", "json"]))
            return shown["status"]?.text == status ? true : nil
        }
    }

    func clear() async {
        for child in children.values { child.terminate() }
        for child in children.values { _ = await child.outcome() }
        children = [:]
    }
}
