// The doors of one member: what is documented, what is refused and how.

import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Testing
import Transport
import Wallet

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct InterfaceTests {
    @Test func `the document lists the routes, and those without parameters answer`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let answer = try await deployment.ask("GET", "/api/v1/openapi.json")
            let paths = try #require(try JSON.parse(answer.body)["paths"]?.members)
            #expect(Set(paths.map(\.key)).count == paths.count)
            var documented: [String] = []
            for path in paths {
                for operation in path.value.members ?? [] {
                    documented.append("\(operation.key.uppercased()) \(path.key)")
                    guard operation.key == "get", !path.key.contains("{") else { continue }
                    let found = try await deployment.ask("GET", path.key)
                    #expect(found.status == 200, "GET \(path.key)")
                }
            }
            #expect(documented.sorted() == InterfaceTests.routes.sorted())
        }
    }

    /// What other programs build on. A route is only ever added.
    private static let routes = [
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /api/v1/status", "GET /api/v1/genesis",
        "GET /api/v1/accounts/{address}", "GET /api/v1/accounts/{address}/history",
        "GET /api/v1/accounts/{address}/receipts/{nonce}", "POST /api/v1/commands",
        "POST /api/v1/commands/batch",
        "GET /api/v1/proposals", "GET /api/v1/proposals/{id}", "GET /api/v1/proposals/{id}/votes",
        "GET /api/v1/proposals/{id}/explain", "POST /api/v1/proposals/plan",
        "GET /api/v1/policies", "GET /api/v1/policies/{name}", "GET /api/v1/revenue",
        "GET /api/v1/revenue/preview", "GET /api/v1/revenue/epochs/{epoch}",
        "GET /api/v1/revenue/epochs/{epoch}/claims", "GET /api/v1/providers",
        "GET /api/v1/providers/{agent}", "GET /api/v1/jobs", "GET /api/v1/jobs/{id}",
        "GET /api/v1/jobs/{id}/why", "GET /api/v1/models", "GET /api/v1/models/{name}",
        "GET /api/v1/models/{name}/card", "GET /api/v1/objects/{digest}",
        "PUT /api/v1/objects/{digest}", "GET /api/v1/log/entries", "GET /log/checkpoint",
        "GET /api/v1/events", "POST /api/v1/provider/session", "POST /api/v1/provider/poll",
        "POST /api/v1/provider/challenge", "POST /api/v1/provider/stream/{request}",
        "GET /v1/models", "POST /v1/chat/completions", "POST /v1/completions",
        "GET /api/v1/openapi.json", "GET /", "GET /providers/{agent}",
        "POST /api/v1/policies/{name}/simulate",
    ]

    /// A request that cannot be carried out.
    struct Wrong: Sendable, CustomTestStringConvertible {
        var method = "GET"
        var path: String
        var body = ""
        var token: String?
        var status: Int
        var code: String
        var testDescription: String { "\(method) \(path) \(body)" }
    }

    private static let digest = String(repeating: "0", count: 64)

    static let wrong = [
        Wrong(path: "/nowhere", status: 404, code: "route.unknown"),
        Wrong(path: "/api/v1/%zz", status: 400, code: "request.malformed"),
        Wrong(method: "DELETE", path: "/api/v1/jobs", status: 405, code: "route.method"),
        Wrong(path: "/api/v1/accounts/0x12", status: 400, code: "request.malformed"),
        Wrong(path: "/api/v1/proposals/one", status: 400, code: "request.malformed"),
        Wrong(path: "/api/v1/proposals/1", status: 404, code: "proposal.unknown"),
        Wrong(path: "/api/v1/jobs/1", status: 404, code: "job.unknown"),
        Wrong(path: "/api/v1/models/none", status: 404, code: "model.unknown"),
        Wrong(path: "/api/v1/policies/none", status: 404, code: "policy.unknown"),
        Wrong(path: "/api/v1/objects/\(digest)", status: 404, code: "object.unknown"),
        Wrong(path: "/api/v1/objects/abc", status: 400, code: "request.malformed"),
        Wrong(
            method: "PUT", path: "/api/v1/objects/\(digest)", body: "x", status: 409,
            code: "object.unexpected"),
        Wrong(
            method: "PUT", path: "/api/v1/objects/\(digest)", body: "x", token: "none",
            status: 401, code: "session.unknown"),
        Wrong(
            method: "POST", path: "/api/v1/commands", body: "{", status: 400,
            code: "json.malformed"),
        Wrong(
            method: "POST", path: "/api/v1/commands", body: "{}", status: 400,
            code: "request.malformed"),
        Wrong(
            method: "POST", path: "/api/v1/commands", body: #"{"envelope":"ff"}"#, status: 400,
            code: "codec.malformed"),
        Wrong(
            method: "POST", path: "/api/v1/provider/poll", body: "{}", status: 401,
            code: "session.unknown"),
        Wrong(
            method: "POST", path: "/api/v1/provider/poll", body: "{}", token: "guess", status: 401,
            code: "session.unknown"),
        Wrong(
            method: "POST", path: "/v1/completions", body: #"{"model":"m","prompt":"p"}"#,
            status: 401, code: "key.missing"),
        Wrong(
            method: "POST", path: "/v1/completions", body: #"{"model":"m","prompt":"p"}"#,
            token: "sk-none", status: 401, code: "key.unknown"),
        Wrong(
            method: "POST", path: "/v1/completions", body: #"{"model":"m","prompt":""}"#,
            token: "sk-none", status: 400, code: "request.malformed"),
        Wrong(
            method: "POST", path: "/v1/chat/completions", body: #"{"model":"m","messages":[]}"#,
            token: "sk-none", status: 400, code: "request.malformed"),
    ]

    @Test func `what is wrong is refused with its status and code`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            for wrong in Self.wrong {
                let answer = try await deployment.ask(
                    wrong.method, wrong.path, body: Array(wrong.body.utf8), token: wrong.token)
                #expect(answer.status == wrong.status, "\(wrong.testDescription)")
                #expect(answer.code == wrong.code, "\(wrong.testDescription)")
                let message = try JSON.parse(answer.body)["error"]?["message"]?.text ?? ""
                #expect(!message.isEmpty)
            }
            #expect(try await deployment.ask("GET", "/healthz").text == "ok\n")
        }
    }

    @Test func `a command under another account's name is refused`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let key = try Deployment.key(0)
            let command = AccountCommand.transfer(
                asset: "CREDIT", to: key.address, amount: Amount(1), memo: "")
            guard
                case .account(var envelope) = try CommandSigning.sign(
                    command, nonce: 1, genesis: deployment.genesis, key: key)
            else { return }
            envelope.signer = try Deployment.key(1).address
            let client = try deployment.client(1)
            defer { client.close() }
            #expect(
                await code { try await client.submit(.account(envelope)) }
                    == "signature.wrong-signer")
            // Nor is one of another deployment's, nor a member's.
            var other = deployment.genesis
            other.name = "another"
            let foreign = try CommandSigning.sign(command, nonce: 1, genesis: other, key: key)
            #expect(await code { try await client.submit(foreign) } == "signature.wrong-signer")
            let settings = try deployment.settings(1)
            let tick = try MemberEnvelope(
                member: 1, command: .tick, genesis: deployment.genesis.digest, seed: settings.seed)
            #expect(await code { try await client.submit(.member(tick)) } == "command.member")
        }
    }

    @Test func `figures are in Prometheus' text form`() async throws {
        try await withDeployment(members: 1) { deployment in
            _ = try await deployment.leader(among: [1])
            let answer = try await deployment.ask("GET", "/metrics")
            #expect(answer.headers["content-type"]?.contains("version=0.0.4") == true)
            var typed: Set<Substring> = []
            for line in answer.text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE ") { typed.insert(words[2]) }
                guard !line.hasPrefix("#") else { continue }
                var name = words[0].prefix { $0 != "{" }
                for suffix in ["_bucket", "_sum", "_count"]
                where name.hasSuffix(suffix) && !typed.contains(name) {
                    name = name.dropLast(suffix.count)
                }
                #expect(words.count == 2 && typed.contains(name) && Double(words[1]) != nil)
            }
            #expect(answer.text.contains("\nalthing_raft_is_leader 1\n"))
        }
    }

    @Test func `nothing of the state becomes markup`() async throws {
        try await withDeployment(members: 1, name: "<b>&'\"commons") { deployment in
            let page = try await deployment.ask("GET", "/")
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("<h1>&lt;b&gt;&amp;&#39;&quot;commons</h1>"))
            #expect(!page.text.contains("<b>"))
        }
        #expect(WebPage.escape("<script>") == "&lt;script&gt;")
    }
}
