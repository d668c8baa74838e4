// The road itself, with a release build: only where ALTHING_ROAD=1 asks for it, because it takes a
// minute or two.

import Glibc
import Platform
import Primitives
import Testing

/// The release build, and whether the road is to be walked.
enum Road {
    static let program: String? = {
        guard Environment.value("ALTHING_ROAD") == "1" else {
            print("skipped: the road is walked where ALTHING_ROAD=1, with a release build")
            return nil
        }
        let path =
            Environment.value("ALTHING_PROGRAM") ?? "\(RoadProgram.root)/.build/release/althing"
        guard access(path, X_OK) == 0 else {
            print("skipped: \(path) was not built")
            return nil
        }
        return path
    }()

    /// Processes of this program that run now, by their number.
    static func processes(of program: String) throws -> Set<String> {
        let wanted = try Files.resolved(program)
        return Set(
            try Files.list("/proc").filter { name in
                name.allSatisfy(\.isNumber)
                    && (try? Files.resolved("/proc/\(name)/exe")) == wanted
            })
    }
}

@Suite(.enabled(if: Road.program != nil), .serialized, .timeLimit(.minutes(10)))
struct RoadTests {
    @Test func `the demonstration walks the whole road`() async throws {
        let program = try #require(Road.program)
        let before = try Road.processes(of: program)
        let outcome = try await RoadProgram.run(
            program,
            ["demo", "--once", "--output", "json", "--keep"],
            limit: 400_000_000_000)
        #expect(outcome.status == 0, "\(outcome.error.text.suffix(2000))")
        let line = try #require(outcome.output.text.split(separator: "\n").last)
        let summary = try JSON.parse(String(line))
        #expect(summary["members"]?.unsigned == 3)
        #expect(summary["providers"]?.unsigned == 4)
        #expect(summary["benchmarked"]?.unsigned == 4)
        #expect(summary["proposal"]?["status"]?.text == "executed")
        #expect(summary["cheater"]?["caught"]?.flag == true)
        #expect((summary["cheater"]?["slashed"]?.text).flatMap { UInt64($0) } ?? 0 > 0)
        #expect(summary["release"]?["status"]?.text == "released")
        #expect(summary["usage"]?["requests"]?.unsigned ?? 0 >= 1)
        #expect(summary["usage"]?["refused_402"]?.unsigned ?? 0 >= 1)
        #expect(summary["audit"]?["ok"]?.flag == true)
        #expect(summary["audit"]?["tamper_detected"]?.flag == true)
        #expect(summary["seconds"]?.unsigned ?? .max <= 180)
        #expect(summary["memory_bytes"]?.unsigned ?? .max <= 3 << 29)
        try expectTraining(summary["training"] ?? .null)
        try expectRevenue(summary["revenue"] ?? .null)
        #expect(try Road.processes(of: program).subtracting(before).isEmpty)
        print("the road: \(line)")
        try expectSilence(outcome)
    }

    /// No secret and no prompt in what was printed and logged; the folder that was kept goes.
    private func expectSilence(_ outcome: ChildOutcome) throws {
        let kept = try #require(
            outcome.error.text.split(separator: "\n").first { $0.hasPrefix("kept: ") })
        let folder = String(kept.dropFirst("kept: ".count))
        let canaries = try RoadSecrets.canaries(below: folder)
        #expect(canaries.count >= 12)
        var texts = [("standard output", outcome.output.text), ("the story", outcome.error.text)]
        for name in try Files.list(folder) where name.hasSuffix(".log") {
            texts.append((name, try Files.readText("\(folder)/\(name)")))
        }
        #expect(texts.count >= 9)
        for (name, text) in texts {
            for (place, secret) in canaries {
                #expect(!text.contains(secret), "\(name) has what is in \(place)")
            }
            guard name.hasSuffix(".log") else { continue }
            for prompt in ["In the beginning", "more than the balance", "\"And \""] {
                #expect(!text.contains(prompt), "\(name) has a prompt")
            }
        }
        try Files.removeTree(folder)
    }

    private func expectTraining(_ training: JSON) throws {
        let segments = try #require(training["segments"]?.unsigned)
        #expect(segments >= training["rounds"]?.unsigned ?? .max)
        #expect(training["compared"]?.unsigned ?? 0 >= 1)
        let digest = try #require(training["model_digest"]?.text)
        #expect(digest.utf8.count >= 64 && digest == training["calm_run_digest"]?.text)
        func millionths(_ key: String) throws -> UInt64 {
            guard case .number(let text)? = training[key] else { throw Refusal("test.number", key) }
            let parts = text.split(separator: ".")
            let fraction = (parts.count > 1 ? String(parts[1]) : "") + "000000"
            return (UInt64(parts[0]) ?? 0) * 1_000_000 + (UInt64(fraction.prefix(6)) ?? 0)
        }
        let end = try millionths("bits_per_byte_end")
        #expect(end > 0)
        #expect(try end < millionths("bits_per_byte_start"))
        #expect(try end < millionths("bigram_bits_per_byte"))
    }

    /// What came in is what was paid and what is carried to the next epoch, to the unit.
    private func expectRevenue(_ revenue: JSON) throws {
        func amount(_ key: String) throws -> UInt64 {
            try #require(revenue[key]?.text.flatMap { UInt64($0) }, "\(key)")
        }
        #expect(try amount("in") > 0)
        #expect(try amount("in") == amount("paid") + amount("carried"))
    }

    @Test
    func `a task whose program fails is reported, and the cluster goes on`() async throws {
        let program = try #require(Road.program)
        let deployment = try await RoadDeployment(program: program)
        do {
            try await walkToFailure(deployment)
        } catch {
            await deployment.clear()
            throw error
        }
        await deployment.clear()
    }

    private func walkToFailure(_ deployment: RoadDeployment) async throws {
        func succeed(_ words: [String], as person: String? = nil) async throws {
            let outcome =
                if let person {
                    try await deployment.run(words, as: person)
                } else { try await deployment.run(words) }
            #expect(outcome.status == 0, "\(words) \(outcome.error.text)")
        }
        try await deployment.startMember()
        let home = "\(deployment.path)/machine"
        try await succeed(["provider", "init", "--home", home, "--cluster", deployment.origin])
        try await succeed(
            [
                "provider", "register", "--home", home, "--name", "small", "--stake", "100 CREDIT",
            ], as: "owner")
        try await succeed(["provider", "bench", "--home", home])
        try await succeed(
            ["proposal", "submit", "Proposals/0001-train-kings.md"], as: "maintainer")
        // Far too little memory to start the program in: a file's pages can be given back, what it
        // writes to cannot.
        try await deployment.start(
            "machine",
            ["provider", "run", "--home", home, "--no-serve", "--task-memory", "4000000"])
        _ = try await RoadProgram.eventually("voting to open") {
            try await deployment.json(["proposal", "show", "1"])["status"]?.text == "voting"
                ? true : nil
        }
        for person in ["voter", "second"] { try await succeed(["vote", "1", "for"], as: person) }
        let attempts = try await RoadProgram.eventually("the task to fail", limit: .seconds(60)) {
            let tasks = try await deployment.json(["job", "show", "1"])["tasks"]?.elements ?? []
            return tasks.compactMap { $0["attempts"]?.unsigned }.first { $0 >= 2 }
        }
        #expect(attempts >= 2)
        let screen = try await deployment.run(["job", "show", "1"]).output.text
        #expect(screen.contains("needs more memory than it may have"), "\(screen)")
        #expect(deployment.log("machine").contains("task.failed"))
        #expect(try await deployment.answers())
        #expect(await deployment.end("machine") == 0)
        #expect(await deployment.end("member") == 0)
    }
}
