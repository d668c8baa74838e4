import Primitives
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1)))
struct LoopbackTests {
    @Test func `a request over HTTP 1 comes back`() async throws {
        try await withServer { server in
            let client = try HTTPClient()
            let response = try await client.send(
                HTTPClientRequest(method: "GET", url: try address(server, "/a/b?c=d")))
            #expect(response.status == 200)
            #expect(response.text == "/a/b")
            #expect(response.headers["X-Query"] == "c=d")
            #expect(response.headers["x-host"] == "127.0.0.1:\(server.port)")
            #expect(response.headers["date"]?.hasSuffix(" GMT") == true)
            // The connection is kept: the second request finds it.
            let body = Array("body".utf8)
            let second = try await client.send(
                HTTPClientRequest(method: "POST", url: try address(server, "/"), body: body))
            #expect(second.body == body)
            #expect(server.connectionCount == 1)
            let head = try await client.send(
                HTTPClientRequest(method: "HEAD", url: try address(server, "/")))
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(server.connectionCount == 1)
            client.close()
        }
    }

    @Test func `a request over HTTP 2 and TLS comes back`() async throws {
        try await withServer(tls: TLSServerSettings(identity: try identity(1))) { server in
            let pin = try key(1)
            let client = try HTTPClient(.init(trust: .key { $0 == pin }))
            let bodies = [[], [7], [UInt8](repeating: 3, count: 1_000_000)]
            for body in bodies {
                let response = try await client.send(
                    HTTPClientRequest(
                        method: "POST", url: try address(server, "/x", secure: true), body: body))
                #expect(response.status == 200)
                #expect(response.body == (body.isEmpty ? Array("/x".utf8) : body))
                #expect(response.headers["x-peer"] == nil)
            }
            #expect(server.connectionCount == 1)
            client.close()
        }
    }

    @Test func `a server with another key is not trusted`() async throws {
        try await withServer(tls: TLSServerSettings(identity: try identity(1))) { server in
            let pin = try key(2)
            let client = try HTTPClient(.init(trust: .key { $0 == pin }))
            var request = HTTPClientRequest(url: try address(server, "/", secure: true))
            #expect(await code { try await client.send(request) } == "transport.tls-untrusted")
            request.pin = try key(1)
            #expect(try await client.send(request).status == 200)
            let web = try HTTPClient()
            request.pin = nil
            #expect(await code { try await web.send(request) } == "transport.tls-untrusted")
            client.close()
        }
    }

    @Test func `both sides prove their keys`() async throws {
        let member = try key(2)
        let tls = TLSServerSettings(
            identity: try identity(1), clientCertificate: .required { $0 == member })
        try await withServer(tls: tls) { server in
            var request = HTTPClientRequest(url: try address(server, "/", secure: true))
            request.pin = try key(1)
            let good = try HTTPClient(.init(identity: try identity(2)))
            let response = try await good.send(request)
            #expect(response.headers["x-peer"] == member.description)
            let bare = try HTTPClient()
            #expect(await code { try await bare.send(request) } == "transport.tls-untrusted")
            let stranger = try HTTPClient(.init(identity: try identity(3)))
            #expect(await code { try await stranger.send(request) } == "transport.tls-untrusted")
            good.close()
        }
    }

    @Test func `a port in use is named`() async throws {
        try await withServer { server in
            do throws(Refusal) {
                _ = try await HTTPServer.start(.init(port: server.port), responder: echo)
                Issue.record("the port was given twice")
            } catch {
                #expect(error.code == "transport.port-in-use")
                #expect(error.message.contains("port \(server.port)"))
            }
        }
    }

    @Test func `nobody listening is unreachable`() async throws {
        let port = try await withServer { $0.port }
        let client = try HTTPClient()
        let request = try HTTPClientRequest("GET", "http://127.0.0.1:\(port)/")
        let refusal = await #expect(throws: Refusal.self) { try await client.send(request) }
        #expect(refusal?.code == "transport.unreachable")
        #expect(refusal?.message == "127.0.0.1:\(port): connection refused")
        let secure = try HTTPClientRequest("GET", "https://127.0.0.1:\(port)/")
        #expect(await code { try await client.send(secure) } == "transport.unreachable")
    }
}
