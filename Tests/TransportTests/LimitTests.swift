import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import Transport

/// Speaks to a server in raw bytes: sends some, and collects what comes until the server closes.
func speak(_ bytes: [UInt8], to server: HTTPServer, andClose: Bool = false) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: server.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
    // A channel that the server closed before we began says so by an error.
    let heard = try? await channel.executeThenClose { inbound, outbound in
        var heard = ByteBuffer()
        do {
            try await outbound.write(ByteBuffer(bytes: bytes))
            if andClose { outbound.finish() }
            for try await chunk in inbound { heard.writeImmutableBuffer(chunk) }
        } catch {}  // a reset is an end like any other
        return String(buffer: heard)
    }
    return heard ?? ""
}

@Suite(.timeLimit(.minutes(1)))
struct LimitTests {
    /// Limits with one deadline so short that a test need not wait.
    static func hasty(_ deadline: WritableKeyPath<HTTPLimits, Duration>) -> HTTPLimits {
        var limits = HTTPLimits()
        limits[keyPath: deadline] = .milliseconds(20)
        return limits
    }

    @Test func `a body too long is answered 413`() async throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 100_000
        try await StreamingTests.withBoth(limits: limits, echo) { server, client, isSecure in
            let url = try address(server, "/", secure: isSecure)
            for (size, status) in [(100_000, 200), (100_001, 413)] {
                let body = [UInt8](repeating: 1, count: size)
                let response = try await client.send(
                    HTTPClientRequest(method: "POST", url: url, body: body))
                #expect(response.status == status)
            }
        }
        try await withServer(limits: limits) { server in
            let start = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1ffff\r\n"
            let heard = try await speak(
                Array(start.utf8) + [UInt8](repeating: 1, count: 0x1ffff), to: server)
            #expect(heard.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `headers too long are answered 431`() async throws {
        var limits = HTTPLimits()
        limits.headerBytes = 2000
        try await StreamingTests.withBoth(limits: limits, echo) { server, client, isSecure in
            let url = try address(server, "/", secure: isSecure)
            let headers: HTTPHeaders = ["x": String(repeating: "y", count: 3000)]
            let response = try await client.send(HTTPClientRequest(url: url, headers: headers))
            #expect(response.status == 431)
        }
    }

    @Test func `who says nothing is shown out`() async throws {
        try await withServer(limits: LimitTests.hasty(\.handshakeTimeout)) { server in
            let silent = try await speak([], to: server)
            #expect(silent == "")
            let halting = try await speak(Array("PRI * HT".utf8), to: server)
            #expect(halting == "")
        }
        let tls = TLSServerSettings(identity: try identity(1))
        try await withServer(tls: tls, limits: LimitTests.hasty(\.handshakeTimeout)) { server in
            let heard = try await speak([22, 3, 1], to: server)
            #expect(heard == "")
        }
    }

    @Test func `who has nothing more to ask is shown out`() async throws {
        try await withServer(limits: LimitTests.hasty(\.idleTimeout)) { server in
            let idle = try await speak(Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8), to: server)
            #expect(idle.hasPrefix("HTTP/1.1 200 OK"))
            let settings = Array(ProtocolSelector.preface) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
            let preface = try await speak(settings, to: server)
            #expect(!preface.isEmpty)
        }
    }

    @Test func `who dawdles over a body is answered 408`() async throws {
        try await withServer(limits: LimitTests.hasty(\.requestTimeout)) { server in
            let start = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc"
            // On a starved machine the request's own deadline can pass before its first byte is
            // read, and then there is nobody to answer: the answer must come when the machine keeps
            // up.
            var heard = ""
            for _ in 0..<5 where !heard.hasPrefix("HTTP/1.1 408 ") {
                heard = try await speak(Array(start.utf8), to: server)
            }
            #expect(heard.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `what is not HTTP is answered 400 or not at all`() async throws {
        try await withServer { server in
            let heard = try await speak(Array("NOT HTTP AT ALL\r\n\r\n".utf8), to: server)
            #expect(heard.hasPrefix("HTTP/1.1 400 "))
            for seed in UInt64(0)..<50 {
                let noise = SplitMix64Bytes.make(300, seed: seed)
                _ = try await speak(noise, to: server, andClose: true)
                _ = try await speak(ProtocolSelector.preface + noise, to: server, andClose: true)
            }
        }
        let tls = TLSServerSettings(identity: try identity(1))
        try await withServer(tls: tls) { server in
            for seed in UInt64(0)..<20 {
                let noise = SplitMix64Bytes.make(300, seed: seed)
                _ = try await speak(noise, to: server, andClose: true)
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withServer { server in
            let requests = (0..<20).map { number in
                "GET /\(number) HTTP/1.1\r\nhost: a\r\n"
                    + (number == 19 ? "connection: close\r\n\r\n" : "\r\n")
            }
            let heard = try await speak(Array(requests.joined().utf8), to: server)
            let paths = heard.split(separator: "\r\n\r\n/").dropFirst().map {
                $0.prefix { $0.isNumber }
            }
            #expect(paths == (0..<20).map { Substring("\($0)") })
        }
    }

    @Test func `a client that waits for leave to send gets it`() async throws {
        try await withServer(limits: LimitTests.hasty(\.idleTimeout)) { server in
            let start =
                "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok"
            let heard = try await speak(Array(start.utf8), to: server)
            #expect(heard.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"))
            #expect(heard.hasSuffix("ok"))
        }
    }

    @Test func `connections beyond the limit are closed`() async throws {
        var limits = HTTPLimits()
        limits.connections = 1
        let gate = Gate(2)
        let wait: HTTPResponder = { _ in
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        try await withServer(limits: limits, wait) { server in
            let client = try HTTPClient()
            let url = try address(server, "/")
            async let first = client.send(HTTPClientRequest(url: url))
            while server.connectionCount == 0 { await Task.yield() }
            let second = await code { try await client.send(HTTPClientRequest(url: url)) }
            #expect(second == "transport.unreachable")
            await gate.pass()
            #expect(try await first.status == 200)
            client.close()
        }
    }

    @Test func `a server that does not answer is a timeout`() async throws {
        let hang: HTTPResponder = { _ in
            try? await Task.sleep(for: .seconds(600))
            return HTTPResponse(status: 200)
        }
        try await StreamingTests.withBoth(hang) { server, client, isSecure in
            var request = HTTPClientRequest(url: try address(server, "/", secure: isSecure))
            request.responseTimeout = .milliseconds(20)
            #expect(await code { try await client.send(request) } == "transport.timeout")
        }
        let silent: HTTPResponder = { _ in
            .events { writer throws(Refusal) in
                try await writer.write(ServerSentEvent.keepAlive)
                try? await Task.sleep(for: .seconds(600))
            }
        }
        try await StreamingTests.withBoth(silent) { server, client, isSecure in
            var request = HTTPClientRequest(url: try address(server, "/", secure: isSecure))
            request.idleTimeout = .milliseconds(20)
            #expect(await code { try await client.send(request) } == "transport.timeout")
        }
    }

    @Test func `a response longer than its limit is refused`() async throws {
        try await StreamingTests.withBoth(echo) { server, client, isSecure in
            var request = HTTPClientRequest(
                method: "POST", url: try address(server, "/", secure: isSecure),
                body: [UInt8](repeating: 1, count: 1000))
            request.bodyLimit = 999
            #expect(await code { try await client.send(request) } == "transport.body-too-long")
        }
    }

    @Test func `shutdown lets requests in flight finish`() async throws {
        for isSecure in [false, true] {
            let gate = Gate(2)
            let begun = Happenings<Void>()
            let pin = try key(1)
            let tls = isSecure ? TLSServerSettings(identity: try identity(1)) : nil
            let server = try await HTTPServer.start(.init(tls: tls)) { _ in
                begun.add(())
                await gate.pass()
                return HTTPResponse(status: 200, text: "done")
            }
            let client = try HTTPClient(.init(trust: .key { $0 == pin }))
            let url = try address(server, "/", secure: isSecure)
            async let response = client.send(HTTPClientRequest(url: url))
            await begun.first { true }
            async let stopped: Void = server.shutdown(within: .seconds(30))
            await gate.pass()
            #expect(try await response.text == "done")
            await stopped
            #expect(server.connectionCount == 0)
            #expect(
                await code { try await client.send(HTTPClientRequest(url: url)) }
                    == "transport.unreachable")
        }
    }
}
