import Primitives
import Synchronization
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1)))
struct BodyPipeTests {
    @Test func `a producer waits for its reader`() async throws {
        let pipe = BodyPipe(capacity: 100)
        let written = Mutex(0)
        let producer = Task {
            for _ in 0..<100 {
                try await pipe.write([UInt8](repeating: 1, count: 50))
                written.withLock { $0 += 50 }
            }
            pipe.finish()
        }
        var read = 0
        while let chunk = try await pipe.next() {
            read += chunk.count
            #expect(written.withLock { $0 } <= read + 150)
        }
        try await producer.value
        #expect(read == 5000)
    }

    @Test func `a producer learns that its reader has gone`() async throws {
        let pipe = BodyPipe(capacity: 10)
        let producer = Task {
            await code {
                for _ in 0..<1_000_000 { try await pipe.write([1, 2, 3]) }
            }
        }
        _ = try await pipe.next()
        pipe.abandon()
        #expect(await producer.value == "transport.closed")
        #expect(await code { try await pipe.next() } == "transport.closed")
    }

    @Test func `a reader hears how the producer left`() async throws {
        let pipe = BodyPipe()
        pipe.push([1])
        pipe.fail(Refusal("test.broken", ""))
        #expect(try await pipe.next() == [1])
        #expect(await code { try await pipe.next() } == "test.broken")
        let waiting = BodyPipe()
        let reader = Task { await code { try await waiting.next() } }
        reader.cancel()
        #expect(await reader.value == "transport.cancelled")
    }

    @Test func `taking crosses chunks`() {
        let pipe = BodyPipe()
        for number in UInt8(0)..<200 { pipe.push([number, number]) }
        pipe.finish()
        var bytes: [UInt8] = []
        var space = [UInt8](repeating: 0, count: 7)
        while case .bytes(let count) = space.withUnsafeMutableBytes({ pipe.take(into: $0) }) {
            bytes += space[..<count]
        }
        #expect(bytes == (UInt8(0)..<200).flatMap { [$0, $0] })
    }
}

@Suite(.timeLimit(.minutes(1)))
struct StreamingTests {
    /// Runs a test over HTTP/1.1 and over HTTP/2.
    static func withBoth(
        limits: HTTPLimits = HTTPLimits(), _ responder: @escaping HTTPResponder,
        _ body: (HTTPServer, HTTPClient, Bool) async throws -> Void
    ) async throws {
        for isSecure in [false, true] {
            let tls = isSecure ? TLSServerSettings(identity: try identity(1)) : nil
            let pin = try key(1)
            let client = try HTTPClient(.init(trust: .key { $0 == pin }))
            try await withServer(tls: tls, limits: limits, responder) { server in
                try await body(server, client, isSecure)
                client.close()
            }
        }
    }

    @Test func `events arrive one by one`() async throws {
        let produce: HTTPResponder = { _ in
            .events { writer throws(Refusal) in
                for number in 0..<100 {
                    try await writer.write(ServerSentEvent(id: "\(number)", data: "tick"))
                }
            }
        }
        try await StreamingTests.withBoth(produce) { server, client, isSecure in
            let url = try address(server, "/", secure: isSecure)
            let response = try await client.stream(HTTPClientRequest(url: url))
            #expect(response.headers["content-type"] == "text/event-stream")
            var parser = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            for try await chunk in response.body { events += try parser.take(chunk) }
            #expect(events.map(\.id) == (0..<100).map { "\($0)" })
        }
    }

    @Test func `a slow reader holds the producer back, and a gone one ends it`() async throws {
        let written = Mutex(0)
        let ended = Happenings<String>()
        let produce: HTTPResponder = { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer throws(Refusal) in
                    do throws(Refusal) {
                        while true {
                            try await writer.write([UInt8](repeating: 1, count: 64 << 10))
                            written.withLock { $0 += 64 << 10 }
                        }
                    } catch {
                        ended.add(error.code)
                        throw error
                    }
                })
        }
        try await StreamingTests.withBoth(produce) { server, client, isSecure in
            written.withLock { $0 = 0 }
            let url = try address(server, "/", secure: isSecure)
            do {
                let response = try await client.stream(HTTPClientRequest(url: url))
                var read = 0
                for try await chunk in response.body {
                    read += chunk.count
                    if read > 8 << 20 { break }
                }
                // What is under way is in the windows, the pipes and the kernel's buffers.
                #expect(written.withLock { $0 } < read + (16 << 20))
            }
            #expect(await ended.first { _ in true } == "transport.closed")
        }
    }

    @Test func `a body that breaks off is not taken for whole`() async throws {
        let produce: HTTPResponder = { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer throws(Refusal) in
                    try await writer.write([1, 2, 3])
                    throw Refusal("test.broken", "")
                })
        }
        try await StreamingTests.withBoth(produce) { server, client, isSecure in
            let url = try address(server, "/", secure: isSecure)
            let result = await code { try await client.send(HTTPClientRequest(url: url)) }
            #expect(["transport.protocol", "transport.unreachable"].contains(result))
        }
    }

    @Test func `a thousand requests wait at once`() async throws {
        let gate = Gate(1000)
        let poll: HTTPResponder = { request in
            await gate.pass()
            return HTTPResponse(status: 200, text: request.path)
        }
        try await StreamingTests.withBoth(poll) { server, client, isSecure in
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<1000 {
                    let url = try address(server, "/\(number)", secure: isSecure)
                    group.addTask { try await client.send(HTTPClientRequest(url: url)).text }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts.count == 1000)
            if isSecure { #expect(server.connectionCount < 20) }
        }
    }

    @Test func `a cancelled request is cancelled on the server too`() async throws {
        let begun = Happenings<Void>()
        let ended = Happenings<Bool>()
        let hang: HTTPResponder = { _ in
            begun.add(())
            try? await Task.sleep(for: .seconds(600))
            ended.add(Task.isCancelled)
            return HTTPResponse(status: 200)
        }
        try await StreamingTests.withBoth(hang) { server, client, isSecure in
            let url = try address(server, "/", secure: isSecure)
            let request = Task { await code { try await client.send(HTTPClientRequest(url: url)) } }
            await begun.first { true }
            request.cancel()
            #expect(await request.value == "transport.cancelled")
            #expect(await ended.first { _ in true } == true)
        }
    }
}

/// Lets tasks pass in groups of `count`, when the last of a group has come.
actor Gate {
    private let count: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { self.count = count }

    func pass() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            guard waiting.count == count else { return }
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
    }
}
