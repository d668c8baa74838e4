// Chapters 4 and 5: the model is trained by machines of which one dies and one lies, measured, and
// released.

import Client
import Cryptography
import Platform
import Primitives

extension DemoScript {
    // MARK: 4

    mutating func train() async throws(Refusal) {
        stage.teller.chapter(4, "Strangers train the model; one machine dies, one lies")
        let client = try stage.client()
        var shownRound: UInt64?
        var killed = false
        var revived = false
        var caught = false
        let job = try await stage.wait(for: "the job", limit: .seconds(300)) {
            () async throws(Refusal) -> JSON? in
            let job = try await client.get("/api/v1/jobs/1")
            let round = job["round"]?.unsigned ?? 0
            let rounds = job["rounds"]?.unsigned ?? 1
            if shownRound != round, job["status"]?.text == "training" {
                shownRound = round
                // Nothing was trained on before the first round is over.
                let bits = round == 0 ? "bits_per_byte_start" : "training_bits_per_byte"
                stage.teller.tell(
                    "   round \(round) of \(rounds): \(round == 0 ? "held out" : "training")"
                        + " \(job[bits]?.text ?? "") bits per byte")
            }
            if !killed, round >= max(1, rounds / 3) {
                killed = true
                stage.teller.tell("   machine a-2 loses its power: SIGKILL")
                await stage.kill("a-2")
            }
            if killed, !revived, round >= max(2, rounds / 2) {
                revived = true
                try await stage.start(
                    "a-2", ["provider", "run", "--home", "\(stage.folder)/a-2"], shown: false)
                stage.teller.tell("   machine a-2 is back")
            }
            if !caught, try await cheaterWasCaught(client) {
                caught = true
                await stage.end("b-2")
            }
            switch job["status"]?.text {
            case "finished": return job
            case "failed":
                throw Refusal("demo.job", "the job failed: \(job["failure"]?.text ?? "")")
            default: return nil
            }
        }
        summary.note(job: job)
        try await noteCheater(client)
        stage.teller.tell(
            "   held-out bits per byte \(summary.bitsPerByteStart) -> \(summary.bitsPerByteEnd),"
                + " bigram baseline \(summary.bigram)")
        let model = job["model"]?.text ?? ""
        let answer = try await stage.type([
            "model", "rederive", model, "--threads", "2", "--output", "json",
        ])
        let calm = try JSON.parse(answer)
        summary.calmDigest = calm["rederived"]?.text ?? ""
        summary.modelDigest = try await client.get("/api/v1/models/\(model)")["digest"]?.text ?? ""
        stage.teller.tell("   a calm run on one machine gives \(summary.calmDigest.prefix(23))...")
        guard summary.calmDigest == summary.modelDigest else {
            throw Refusal(
                "demo.digest",
                "the calm run gave \(summary.calmDigest), the cluster \(summary.modelDigest)")
        }
    }

    private func events(_ client: ClusterClient, _ kind: String) async throws(Refusal) -> [JSON] {
        var found: [JSON] = []
        var after: UInt64 = 0
        while true {
            let page =
                try await client.get(
                    "/api/v1/events?after_index=\(after)&limit=2000")["events"]?.elements ?? []
            found += page.filter { $0["kind"]?.text == kind }
            guard page.count >= 2000, let last = page.last?["index"]?.unsigned else { return found }
            // The last entry may have been cut: it is asked for again.
            found.removeAll { $0["index"]?.unsigned == last }
            after = last - 1
        }
    }

    private func cheaterWasCaught(_ client: ClusterClient) async throws(Refusal) -> Bool {
        let providers = try await client.get("/api/v1/providers").elements ?? []
        return providers.contains { ($0["wrong_results"]?.unsigned ?? 0) > 0 }
    }

    private mutating func noteCheater(_ client: ClusterClient) async throws(Refusal) {
        let slashed = try await events(client, "provider.slashed")
        summary.cheaterCaught = try await !events(client, "provider.caught").isEmpty
        var sum = Amount.zero
        for event in slashed {
            sum = try sum.adding(event["amount"]?.amount ?? .zero)
        }
        summary.slashed = sum.description
        let paid = try await AssetAmounts(client).text(sum)
        stage.teller.tell(
            "   the liar was refuted by other owners' machines and paid \(paid) of its stake")
    }

    // MARK: 5

    mutating func release() async throws(Refusal) {
        stage.teller.chapter(5, "The release gate, then a vote, publishes the model")
        let client = try stage.client()
        let model = try await client.get("/api/v1/models").elements?.first ?? .null
        let name = model["name"]?.text ?? ""
        let digest = model["digest"]?.text ?? ""
        let file = "\(stage.folder)/release.md"
        try Files.writeAtomically(file, Array(DemoFiles.releaseProposal(name, digest).utf8))
        try await stage.type(["proposal", "check", file])
        try await stage.type(
            ["proposal", "submit", file, "--keystore", keystore("maintainer"), "--yes"])
        _ = try await vote("2", choices: [("holder-1", "for"), ("holder-2", "for")])
        let released = try await client.get("/api/v1/models/\(name)")
        summary.releaseStatus = released["status"]?.text ?? ""
        try await stage.type(["model", "card", name])
        stage.teller.tell("   \(name) is \(summary.releaseStatus)")
    }
}
