// Routes that show the state: accounts, decisions, work, money, the log.

import ControlPlane
import Cryptography
import Platform
import Primitives
import Transport

extension ClientAPI {
    func accountRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/accounts/{address}", "Balances, power and keys of an account") {
                [self] request, values async throws(Refusal) in
                let address = try pathAddress(values, "address")
                return try await read(request) { $0.account(address) }
            },
            Route("GET", "/api/v1/accounts/{address}/history", "Transfers of an account") {
                [self] request, values async throws(Refusal) in
                let address = try pathAddress(values, "address")
                let limit = min(1000, request.query["limit"].flatMap { Int($0) } ?? 100)
                return try await read(request) { $0.history(of: address, limit: limit) }
            },
            Route(
                "GET", "/api/v1/accounts/{address}/receipts/{nonce}",
                "The answer to an account's command, with its proof of inclusion"
            ) { [self] request, values async throws(Refusal) in
                let address = try pathAddress(values, "address")
                let nonce = try pathNumber(values, "nonce")
                return try await read(request) { views throws(Refusal) in
                    guard let receipt = views.receipt(of: address, nonce: nonce) else {
                        throw Refusal("receipt.unknown", "nothing was asked under this nonce")
                    }
                    let head = views.treeHead()
                    let proof = views.inclusionProof(of: receipt.leaf) ?? []
                    return [
                        "receipt": receipt.json, "tree_size": .int(head.size),
                        "root": .string(head.root.hex),
                        "proof": .array(proof.map { .string($0.hex) }),
                    ]
                }
            },
        ]
    }

    func decisionRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/proposals", "Every proposal") {
                [self] request, _ async throws(Refusal) in
                try await read(request) { $0.proposals() }
            },
            Route("GET", "/api/v1/proposals/{id}", "One proposal with its text") {
                [self] request, values async throws(Refusal) in
                let id = try pathNumber(values, "id")
                let brief = request.query["brief"] == "true"
                return try await read(request) { views throws(Refusal) in
                    try views.proposal(id, brief: brief)
                }
            },
            Route("GET", "/api/v1/proposals/{id}/votes", "Every ballot on a proposal") {
                [self] request, values async throws(Refusal) in
                let id = try pathNumber(values, "id")
                return try await read(request) { views throws(Refusal) in try views.votes(on: id) }
            },
            Route("GET", "/api/v1/proposals/{id}/explain", "What decides a proposal") {
                [self] request, values async throws(Refusal) in
                let id = try pathNumber(values, "id")
                return try await read(request) { views throws(Refusal) in
                    try views.explanation(of: id)
                }
            },
            Route(
                "POST", "/api/v1/proposals/plan", "What a proposal would do, on a copy of the state"
            ) { [self] request, _ async throws(Refusal) in
                let body = try request.json()
                let text = try body.requiredText("text")
                let name = try body.requiredText("file_name")
                return try await read(request) { views throws(Refusal) in
                    try views.plan(proposal: text, name: name)
                }
            },
        ]
    }

    func policyRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/policies", "The policies in force") {
                [self] request, _ async throws(Refusal) in
                try await read(request) { $0.policies() }
            },
            Route("GET", "/api/v1/policies/{name}", "A policy's text and history") {
                [self] request, values async throws(Refusal) in
                let name = values["name"] ?? ""
                return try await read(request) { views throws(Refusal) in try views.policy(name) }
            },
            Route(
                "POST", "/api/v1/policies/{name}/simulate",
                "What a policy's text would have changed, on a copy of the state"
            ) { [self] request, values async throws(Refusal) in
                let body = try request.json()
                let text = try body.requiredText("text")
                let name = values["name"] ?? ""
                let limit = body["limit"]?.integer ?? 4
                return try await read(request) { views throws(Refusal) in
                    try views.simulation(policy: name, text: text, limit: limit)
                }
            },
        ]
    }

    func revenueRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/revenue", "Revenue epochs") {
                [self] request, _ async throws(Refusal) in
                try await read(request) { $0.revenue() }
            },
            Route("GET", "/api/v1/revenue/epochs/{epoch}", "An epoch's statement") {
                [self] request, values async throws(Refusal) in
                let epoch = try pathNumber(values, "epoch")
                return try await read(request) { views throws(Refusal) in
                    try views.statement(epoch: epoch)
                }
            },
            Route("GET", "/api/v1/revenue/epochs/{epoch}/claims", "An epoch's claims tree") {
                [self] request, values async throws(Refusal) in
                let epoch = try pathNumber(values, "epoch")
                return try await read(request) { views throws(Refusal) in
                    try views.claims(epoch: epoch)
                }
            },
            Route("GET", "/api/v1/revenue/preview", "What the running epoch would pay now") {
                [self] request, _ async throws(Refusal) in
                let status = await member.status()
                return try await read(request) { views throws(Refusal) in
                    try views.revenuePreview(now: status.now, index: status.appliedIndex + 1)
                }
            },
        ]
    }

    func workRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/providers", "Every machine") {
                [self] request, _ async throws(Refusal) in
                try await read(request) { $0.providers() }
            },
            Route("GET", "/api/v1/providers/{agent}", "One machine with its samples") {
                [self] request, values async throws(Refusal) in
                let agent = try pathAddress(values, "agent")
                return try await read(request) { views throws(Refusal) in
                    try views.provider(agent)
                }
            },
            Route("GET", "/api/v1/jobs", "Every job") { [self] request, _ async throws(Refusal) in
                try await read(request) { $0.jobs() }
            },
            Route("GET", "/api/v1/jobs/{id}", "One job with its tasks") {
                [self] request, values async throws(Refusal) in
                let id = try pathNumber(values, "id")
                return try await read(request) { views throws(Refusal) in try views.job(id) }
            },
            Route(
                "GET", "/api/v1/jobs/{id}/why", "Why a job's tasks wait", leaderOnly: true
            ) { [self] request, values async throws(Refusal) in
                let id = try pathNumber(values, "id")
                let present = await desk.present(within: 6_000_000_000)
                return try await read(request) { views throws(Refusal) in
                    try views.waiting(job: id, present: present, at: SystemClock.now())
                }
            },
            Route("GET", "/api/v1/models", "Every model") {
                [self] request, _ async throws(Refusal) in
                try await read(request) { $0.models() }
            },
            Route("GET", "/api/v1/models/{name}", "One model") {
                [self] request, values async throws(Refusal) in
                let name = values["name"] ?? ""
                return try await read(request) { views throws(Refusal) in try views.model(name) }
            },
            Route("GET", "/api/v1/models/{name}/card", "A model's card, in Markdown") {
                [self] request, values async throws(Refusal) in
                let name = values["name"] ?? ""
                try await member.readBarrier()
                let card = try await member.read { views throws(Refusal) in
                    try views.card(name)
                }
                return HTTPResponse(
                    status: 200, contentType: "text/markdown; charset=utf-8", text: card)
            },
        ]
    }
}
