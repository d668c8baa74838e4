// The page for people and the OpenAPI document for tools.

import ControlPlane
import Primitives
import Transport

extension ClientAPI {
    func pageRoutes() -> [Route] {
        [
            Route("GET", "/api/v1/openapi.json", "This API, described") {
                [self] _, _ async throws(Refusal) in
                .json(OpenAPIDocument.json(routes(), genesis: settings.genesis))
            },
            Route("GET", "/providers/{agent}", "A machine's proved scores and their history") {
                [self] _, values async throws(Refusal) in
                let agent = try pathAddress(values, "agent")
                let provider = try await member.read { (views) throws(Refusal) in
                    try views.provider(agent)
                }
                return HTTPResponse(
                    status: 200, contentType: "text/html; charset=utf-8",
                    text: ProviderPage.html(agent, provider))
            },
            Route("GET", "/", "The deployment at a glance") {
                [self] _, _ async throws(Refusal) in
                let status = await member.status()
                let html = try await member.read { (views) throws(Refusal) in
                    WebPage.html(views, status: status, genesis: settings.genesis)
                }
                return HTTPResponse(
                    status: 200, contentType: "text/html; charset=utf-8", text: html)
            },
        ]
    }
}
