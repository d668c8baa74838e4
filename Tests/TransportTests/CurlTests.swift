import Glibc
import NIOPosix
import Primitives
import Testing

@testable import Transport

/// Another's client against our server.
@Suite(.timeLimit(.minutes(1)))
struct CurlTests {
    private static let hasCurl = access("/usr/bin/curl", X_OK) == 0

    /// What curl prints: the status, the version of HTTP, and the body.
    private func curl(_ arguments: String, after input: String = "") async -> String {
        // Waiting for a process blocks a thread, so it is one made for that.
        let output = try? await NIOThreadPool.singleton.runIfActive {
            let command =
                "\(input)/usr/bin/curl -sS -w '%{http_code} %{http_version}' \(arguments) 2>&1"
            guard let pipe = popen(command, "r") else { return "curl did not start" }
            defer { pclose(pipe) }
            var output: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 {
                output += chunk[..<count]
            }
            return String(decoding: output, as: UTF8.self)
        }
        return output ?? "the thread pool is closed"
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `curl speaks to the plaintext port`() async throws {
        try await withServer { server in
            let url = "http://127.0.0.1:\(server.port)/hello"
            #expect(await curl(url) == "/hello200 1.1")
            #expect(await curl("--http2-prior-knowledge \(url)") == "/hello200 2")
            #expect(await curl("-d body \(url)") == "body200 1.1")
            #expect(await curl("--http2-prior-knowledge -d body \(url)") == "body200 2")
            #expect(await curl("-I \(url)").hasSuffix("200 1.1"))
            let twice = await curl("\(url) \(url)")
            #expect(twice == "/hello200 1.1/hello200 1.1")
            #expect(await curl("http://127.0.0.1:\(server.port)/%zz") == "/%zz200 1.1")
        }
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `curl speaks to the TLS port`() async throws {
        try await withServer(tls: TLSServerSettings(identity: try identity(1))) { server in
            let url = "https://127.0.0.1:\(server.port)/hello"
            #expect(await curl("--insecure \(url)") == "/hello200 2")
            #expect(await curl("--insecure --http1.1 \(url)") == "/hello200 1.1")
            #expect(await curl(url).contains("certificate"))
            #expect(await !curl("--insecure --tls-max 1.2 \(url)").contains("200"))
        }
        let tls = TLSServerSettings(
            identity: try identity(1), clientCertificate: .required { _ in true })
        try await withServer(tls: tls) { server in
            let url = "https://127.0.0.1:\(server.port)/hello"
            #expect(await !curl("--insecure \(url)").contains("200"))
        }
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `a large answer over TLS is whole although the connection closes`() async throws {
        let responder: HTTPResponder = { _ in
            HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 120, count: 30_000_000)))
        }
        try await withServer(tls: TLSServerSettings(identity: try identity(1)), responder) {
            server in
            let url = "https://127.0.0.1:\(server.port)/"
            let text = await curl("--insecure --http1.1 -H 'connection: close' \(url)")
            #expect(text.utf8.count == 30_000_007)
        }
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `curl hears why its upload is refused`() async throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 1000
        try await withServer(limits: limits) { server in
            let url = "http://127.0.0.1:\(server.port)/"
            let upload = "head -c 20000000 /dev/zero | "
            for flags in ["-H 'expect:'", "--http2-prior-knowledge"] {
                let heard = await curl("-T - \(flags) \(url)", after: upload)
                #expect(heard.contains("413"))
            }
        }
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `curl is sent a large body and a stream`() async throws {
        let responder: HTTPResponder = { request in
            if request.path == "/events" {
                return .events { writer throws(Refusal) in
                    for number in 0..<3 {
                        try await writer.write(ServerSentEvent(data: "\(number)"))
                    }
                }
            }
            let count = request.query["bytes"].flatMap { Int($0) } ?? 0
            return HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 120, count: count)))
        }
        try await withServer(responder) { server in
            for flag in ["", "--http2-prior-knowledge "] {
                let url = "\(flag)http://127.0.0.1:\(server.port)"
                let text = await curl("\(url)/?bytes=3000000")
                #expect(text.utf8.count >= 3_000_005)
                // A connection that closes after the answer must not cut it.
                let last = await curl("-H 'connection: close' \(url)/?bytes=30000000")
                #expect(last.utf8.count >= 30_000_005)
                let events = await curl("\(url)/events")
                #expect(events.hasPrefix("data: 0\n\ndata: 1\n\ndata: 2\n\n200"))
            }
        }
    }
}
