// Chapters 6 to 8: customers pay, the revenue is shared out, a member dies and comes back, and the
// log is audited from the genesis on.

import Client
import Cryptography
import Platform
import Primitives

extension DemoScript {
    // MARK: 6

    mutating func sell() async throws(Refusal) {
        stage.teller.chapter(6, "A provider serves it; a customer pays per use")
        let client = try stage.client()
        let model = try await client.get("/api/v1/models").elements?.first ?? .null
        let name = model["name"]?.text ?? ""
        _ = try await stage.wait(for: "a provider to serve \(name)") {
            () async throws(Refusal) -> Bool? in
            let served = try await client.get("/api/v1/models/\(name)")["served_by"]?.elements
            return (served ?? []).isEmpty ? nil : true
        }
        let keyFile = "\(stage.folder)/api.key"
        let customer = ["--keystore", keystore("customer"), "--yes"]
        try await stage.type(["account", "deposit", "500000"] + customer)
        try await stage.type(
            ["account", "key", "new", "--label", "demo", "--file", keyFile] + customer)
        // curl reads the header from a file, so that the key stands on no screen and in no
        // argument.
        let key = try Files.readText(keyFile).split(separator: "\n").first.map(String.init) ?? ""
        let header = "\(stage.folder)/api.header"
        try Files.create(header, Array("authorization: Bearer \(key)\n".utf8), mode: 0o600)
        let answer = try await stage.typeOther(
            "curl",
            [
                "-sN", "\(stage.origins[0])/v1/chat/completions", "-H",
                "@\(header)", "-d",
                #"{"model":"\#(name)","messages":[{"role":"user","content":"And "}],"#
                    + #""max_tokens":48,"stream":true,"stream_options":{"include_usage":true}}"#,
            ])
        try note(stream: answer)
        let said = try await stage.type([
            "ask", name, "In the beginning", "--api-key-file", keyFile, "--max-tokens", "64",
            "--output", "json",
        ])
        let usage = try JSON.parse(said)["usage"] ?? .null
        summary.requests += 1
        summary.tokens += usage["total_tokens"]?.unsigned ?? 0
        let status = try await stage.typeOther(
            "curl",
            [
                "-s", "-o", "/dev/null", "-w", "%{http_code}",
                "\(stage.origins[1])/v1/completions", "-H", "@\(header)", "-d",
                #"{"model":"\#(name)","prompt":"more than the balance","max_tokens":2048}"#,
            ])
        if status.hasPrefix("402") { summary.refused402 += 1 }
        stage.teller.tell("   a request beyond the balance is answered \(status)")
    }

    private mutating func note(stream: String) throws(Refusal) {
        var text = ""
        for line in stream.split(separator: "\n") where line.hasPrefix("data: {") {
            let chunk = try JSON.parse(String(line.dropFirst(6)))
            text += chunk["choices"]?[0]?["delta"]?["content"]?.text ?? ""
            if let total = chunk["usage"]?["total_tokens"]?.unsigned {
                summary.requests += 1
                summary.tokens += total
            }
        }
        guard !text.isEmpty else {
            throw Refusal(
                "demo.answer", "the model's streamed answer is empty: \(stream.prefix(400))")
        }
        let line = text.split(separator: "\n").joined(separator: " / ")
        stage.teller.tell("   the model says: \(line)")
    }

    // MARK: 7

    mutating func shareRevenue() async throws(Refusal) {
        stage.teller.chapter(7, "The epoch closes and its revenue is shared out")
        let client = try stage.client()
        let revenue = try await stage.wait(for: "the epoch to close", limit: .seconds(60)) {
            () async throws(Refusal) -> JSON? in
            let revenue = try await client.get("/api/v1/revenue")
            let open = revenue["received_so_far"]?.amount ?? .zero
            return open.isZero && revenue["epochs"]?.elements?.isEmpty == false ? revenue : nil
        }
        let epochs = revenue["epochs"]?.elements ?? []
        let epoch = epochs.last ?? .null
        let number = String(epoch["epoch"]?.unsigned ?? 0)
        let statement = try await stage.type(["revenue", "statement", number])
        for line in statement.split(separator: "\n") { stage.teller.tell("   \(line)") }
        try await stage.type(["revenue", "claims", number, "--file", "\(stage.folder)/claims.json"])
        // Requests may have fallen into two epochs: all of them count.
        summary.revenueIn = try DemoScript.sum(epochs, "received").description
        summary.revenuePaid = try DemoScript.sum(epochs, "paid").description
        summary.revenueCarried = epoch["carried"]?.text ?? ""
        try await checkSums(client, epoch: number)
    }

    private static func sum(_ rows: [JSON], _ key: String) throws(Refusal) -> Amount {
        var sum = Amount.zero
        for row in rows { sum = try sum.adding(row[key]?.amount ?? .zero) }
        return sum
    }

    /// The lines add up to what was paid, and paid and carried to what came in, to the unit.
    private func checkSums(_ client: ClusterClient, epoch: String) async throws(Refusal) {
        let statement = try await client.get("/api/v1/revenue/epochs/\(epoch)")
        var paid = Amount.zero
        for line in statement["lines"]?.elements ?? [] {
            paid = try paid.adding(line["amount"]?.amount ?? .zero)
        }
        let received = try (statement["received"]?.amount ?? .zero)
            .adding(statement["carried_in"]?.amount ?? .zero)
        let given = try paid.adding(statement["carried"]?.amount ?? .zero)
        guard received == given else {
            throw Refusal("demo.sums", "\(received) came in, \(given) was given")
        }
        let money = try await AssetAmounts(client)
        stage.teller.tell(
            "   \(money.text(received)) in, \(money.text(paid)) paid, the rest carried: it adds up")
    }

    // MARK: 8

    mutating func surviveAndAudit() async throws(Refusal) {
        stage.teller.chapter(8, "A member dies and comes back; the log is audited")
        let client = try stage.client()
        let before = try await client.get("/api/v1/status")
        let leader = Int(before["leader"]?.unsigned ?? 1)
        stage.teller.tell("   member \(leader), the leader, is killed: SIGKILL")
        await stage.kill("member-\(leader)")
        let after = try await stage.wait(for: "a new leader") { () async throws(Refusal) -> JSON? in
            let status = try await client.get("/api/v1/status")
            let now = status["leader"]?.unsigned
            return now == nil || now == UInt64(leader) ? nil : status
        }
        stage.teller.tell("   member \(after["leader"]?.unsigned ?? 0) leads now")
        try await startMember(leader, shown: true)
        let port = stage.origins[leader - 1]
        let alone = try ClusterClient(origins: [port])
        let agreed = try await stage.wait(for: "the member to catch up") {
            () async throws(Refusal) -> JSON? in
            let mine = try await alone.get("/api/v1/status")
            let theirs = try await client.get("/api/v1/status")
            return mine["applied_index"]?.unsigned == theirs["applied_index"]?.unsigned
                && mine["state_digest"]?.text == theirs["state_digest"]?.text ? mine : nil
        }
        alone.close()
        stage.teller.tell(
            "   it is back at entry \(agreed["applied_index"]?.unsigned ?? 0) with the same state"
                + " \(agreed["state_digest"]?.text?.prefix(16) ?? "")...")
        let status = try await client.get("/api/v1/status")
        // The survivor has seen every leader since the start; the first is no change.
        let survivor = try await stage.wait(for: "a survivor's account") {
            () async throws(Refusal) -> JSON? in
            let answer = try await client.get("/api/v1/status")
            return answer["member"]?.unsigned == UInt64(leader) ? nil : answer
        }
        summary.leaderChanges = (survivor["leader_changes"]?.unsigned ?? 1) - 1
        try await audit(genesis: status["genesis"]?.text ?? "")
    }

    private mutating func audit(genesis: String) async throws(Refusal) {
        let copy = "\(stage.folder)/log.audit"
        try await stage.type(["audit", "fetch", "--file", copy])
        let answer = try await stage.type([
            "audit", "run", "--file", copy, "--genesis", genesis, "--output", "json",
        ])
        let report = try JSON.parse(answer)
        summary.auditEntries = report["entries"]?.unsigned ?? 0
        summary.auditOk = report["ok"]?.flag ?? false
        stage.teller.tell(
            "   \(summary.auditEntries) entries, \(report["commands"]?.unsigned ?? 0) commands,"
                + " \(report["signatures"]?.unsigned ?? 0) signatures hold")
        var bytes = try Files.read(copy)
        let place = bytes.count / 2
        bytes[place] ^= 1
        let forged = "\(stage.folder)/forged.audit"
        try Files.writeAtomically(forged, bytes)
        stage.teller.tell("   one bit of byte \(place) of the copy is flipped")
        let said = try await stage.type(["audit", "run", "--file", forged], expecting: 1)
        summary.tamperDetected = said.contains("entry")
        stage.teller.tell("   \(said.split(separator: "\n").last ?? "")")
    }
}
