import NIOCore
import Primitives
import Testing

@testable import Transport

/// Two sessions joined without sockets.
struct SessionPair {
    let client: HTTP2Session
    let server: HTTP2Session
    var clientEvents: [HTTP2Session.Event] = []
    var serverEvents: [HTTP2Session.Event] = []

    init(limits: HTTPLimits = HTTPLimits()) throws {
        client = try HTTP2Session(.client, limits: HTTPLimits())
        server = try HTTP2Session(.server, limits: limits)
    }

    /// Carries bytes both ways until there are none.
    mutating func settle() throws {
        while true {
            let toServer = try carry(from: client, to: server)
            serverEvents += server.takeEvents()
            let toClient = try carry(from: server, to: client)
            clientEvents += client.takeEvents()
            if toServer + toClient == 0 { return }
        }
    }

    private func carry(from sender: HTTP2Session, to receiver: HTTP2Session) throws -> Int {
        var bytes = ByteBuffer()
        while try sender.send(into: &bytes, limit: 1 << 20) {}
        try bytes.withUnsafeReadableBytes { try receiver.receive($0) }
        return bytes.readableBytes
    }

    func request(
        _ method: String = "GET", _ target: String = "/", headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) throws -> HTTP2Stream {
        try client.request(
            method: method, scheme: "https", authority: "member", target: target, headers: headers,
            body: body)
    }

    var requests: [HTTP2Stream] {
        serverEvents.compactMap { if case .request(let stream) = $0 { stream } else { nil } }
    }

    var refusals: [Int] {
        serverEvents.compactMap { if case .refused(_, let status) = $0 { status } else { nil } }
    }

    var body: [UInt8] {
        clientEvents.reduce(into: []) { if case .data(_, let bytes) = $1 { $0 += bytes } }
    }

    var closings: [UInt32] {
        clientEvents.compactMap { if case .closed(_, let code) = $0 { code } else { nil } }
    }

    func respond(
        _ stream: HTTP2Stream, _ status: Int = 200, headers: HTTPHeaders = [:],
        _ source: HTTP2Stream.Source = .none
    ) throws {
        try server.respond(
            to: stream.id, status: status, headers: headers, date: "today", source: source)
    }
}

struct HTTP2SessionTests {
    @Test func `a request and its answer`() throws {
        var pair = try SessionPair()
        let sent = try pair.request(
            "POST", "/a?b", headers: ["X-One": "1", "connection": "close"], body: [1, 2, 3])
        try pair.settle()
        let stream = try #require(pair.requests.first)
        let request = stream.takeRequest(peer: nil, remoteAddress: "")
        #expect(request.method == "POST" && request.path == "/a" && request.queryText == "b")
        #expect(request.headers["host"] == "member")
        #expect(request.headers["x-one"] == "1")
        #expect(request.headers["connection"] == nil)
        #expect(request.headers["content-length"] == "3")
        #expect(request.body == [1, 2, 3])
        try pair.respond(stream, 201, headers: ["X-Two": "2"], .bytes([4, 5], sent: 0))
        try pair.settle()
        #expect(sent.status == 201)
        #expect(sent.headers["x-two"] == "2" && sent.headers["content-length"] == "2")
        #expect(sent.headers["date"] == "today")
        #expect(pair.body == [4, 5])
        #expect(pair.closings == [0])
        #expect(pair.server.streams.isEmpty && pair.client.streams.isEmpty)
    }

    @Test func `an answer to a stream that is gone is dropped`() throws {
        var pair = try SessionPair()
        let sent = try pair.request()
        try pair.settle()
        let stream = try #require(pair.requests.first)
        pair.client.reset(sent, .cancel)
        try pair.settle()
        #expect(stream.isGone)
        let pipe = BodyPipe()
        try pair.respond(stream, 200, .pipe(pipe))
        #expect(!pipe.push([1]), "the producer must learn that nobody reads")
        try pair.settle()
        #expect(pair.closings == [HTTP2Session.ResetReason.cancel.rawValue])
    }

    @Test func `a body too long is refused, announced or not`() throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 1000
        for headers: HTTPHeaders in [[:], ["content-length": "2000"]] {
            var pair = try SessionPair(limits: limits)
            let sent = try pair.request(
                "POST", headers: headers, body: .init(repeating: 0, count: 2000))
            try pair.settle()
            #expect(pair.refusals == [413] && pair.requests.isEmpty)
            if case .refused(let stream, let status)? = pair.serverEvents.last(where: {
                if case .refused = $0 { true } else { false }
            }) {
                try pair.respond(stream, status, .bytes([1], sent: 0))
            }
            try pair.settle()
            #expect(sent.status == 413)
            #expect(pair.server.streams.isEmpty, "the rest of the request must not be kept")
        }
    }

    @Test func `the rest of a refused request is not waited for`() throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 1000
        var pair = try SessionPair(limits: limits)
        let sent = try pair.request("POST", body: [UInt8](repeating: 0, count: 1 << 20))
        try pair.settle()
        #expect(pair.refusals == [413])
        try pair.respond(try #require(pair.server.streams[sent.id]), 413)
        try pair.settle()
        #expect(sent.status == 413 && pair.closings.isEmpty)
        for _ in 0..<3 { pair.server.tick() }
        try pair.settle()
        #expect(pair.closings == [0])
    }

    @Test func `too many header bytes are refused`() throws {
        var limits = HTTPLimits()
        limits.headerBytes = 4000
        var pair = try SessionPair(limits: limits)
        _ = try pair.request(headers: ["x-long": String(repeating: "x", count: 5000)])
        try pair.settle()
        #expect(pair.refusals == [431])
        #expect(pair.requests.isEmpty)
    }

    @Test func `a slow request is given up, one that flows is not`() throws {
        var limits = HTTPLimits()
        limits.requestTimeout = .seconds(8)  // eight ticks
        limits.bodyBytesPerSecond = 10
        var pair = try SessionPair(limits: limits)
        let pipe = BodyPipe()
        let sent = try pair.request("POST", body: [UInt8](repeating: 0, count: 1000))
        sent.source = .pipe(pipe)
        pipe.push([UInt8](repeating: 1, count: 50))  // earns five seconds
        try pair.settle()
        #expect(pair.server.streams.count == 1)
        for _ in 0..<13 { pair.server.tick() }
        try pair.settle()
        #expect(pair.closings.isEmpty)
        pair.server.tick()
        try pair.settle()
        #expect(pair.closings.count == 1)
        #expect(pair.server.streams.isEmpty)
    }

    @Test func `a response that nobody reads is given up`() throws {
        var limits = HTTPLimits()
        limits.stallTimeout = .seconds(8)
        var pair = try SessionPair(limits: limits)
        _ = try pair.request()
        try pair.settle()
        let stream = try #require(pair.requests.first)
        // The client takes a window's worth; its reader never takes more.
        try pair.respond(stream, 200, .bytes([UInt8](repeating: 0, count: 1 << 20), sent: 0))
        try pair.settle()
        #expect(pair.body.count == Int(HTTP2Session.streamWindow))
        for _ in 0...8 { pair.server.tick() }
        try pair.settle()
        #expect(pair.closings == [HTTP2Session.ResetReason.cancel.rawValue])
    }

    @Test func `taking bytes lets more come`() throws {
        var pair = try SessionPair()
        let sent = try pair.request()
        try pair.settle()
        let body = SplitMix64Bytes.make(1 << 20)
        try pair.respond(try #require(pair.requests.first), 200, .bytes(body, sent: 0))
        var taken = 0
        while pair.closings.isEmpty {
            try pair.settle()
            let count = pair.body.count
            try #require(count > taken || !pair.closings.isEmpty)
            pair.client.consume(sent.id, count - taken)
            taken = count
        }
        #expect(pair.body == body)
    }

    @Test func `a piped body waits for its producer`() throws {
        var pair = try SessionPair()
        _ = try pair.request()
        try pair.settle()
        let stream = try #require(pair.requests.first)
        let pipe = BodyPipe()
        try pair.respond(stream, 200, .pipe(pipe))
        try pair.settle()
        #expect(pair.body.isEmpty && pair.closings.isEmpty)
        pipe.push([1, 2])
        pair.server.resume(stream.id)
        try pair.settle()
        #expect(pair.body == [1, 2])
        pipe.finish()
        pair.server.resume(stream.id)
        try pair.settle()
        #expect(pair.closings == [0])
    }

    @Test func `a producer that fails resets the stream`() throws {
        var pair = try SessionPair()
        _ = try pair.request()
        try pair.settle()
        let pipe = BodyPipe()
        try pair.respond(try #require(pair.requests.first), 200, .pipe(pipe))
        pipe.push([1])
        pipe.fail(Refusal("test", "broken"))
        try pair.settle()
        #expect(pair.closings.count == 1 && pair.closings != [0])
    }

    @Test func `requests not begun at a goAway may be made elsewhere`() throws {
        var limits = HTTPLimits()
        limits.concurrentStreams = 1
        var pair = try SessionPair(limits: limits)
        try pair.settle()
        _ = try pair.request()
        _ = try pair.request()  // queued: the server takes one at a time
        try pair.settle()
        #expect(pair.requests.count == 1)
        pair.server.goAway()
        try pair.settle()
        #expect(!pair.client.takesRequests)
        #expect(pair.closings.isEmpty, "the request in flight goes on")
        try pair.respond(pair.requests[0])
        try pair.settle()
        #expect(pair.closings == [0, HTTP2Session.ResetReason.refused.rawValue])
        #expect(pair.server.isFinished || pair.server.streams.isEmpty)
    }

    @Test func `HEAD and 204 have no body`() throws {
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
            var pair = try SessionPair()
            _ = try pair.request(method)
            try pair.settle()
            try pair.respond(try #require(pair.requests.first), status, .bytes([1], sent: 0))
            try pair.settle()
            #expect(pair.body.isEmpty && pair.closings == [0])
        }
    }

    @Test func `a flood of resets ends the connection`() throws {
        var limits = HTTPLimits()
        limits.resetBurst = 100
        limits.resetsPerSecond = 1
        var pair = try SessionPair(limits: limits)
        for _ in 0..<200 {
            let stream = try pair.request()
            pair.client.reset(stream, .cancel)
            try pair.settle()
            let opened = try? pair.request()
            if let opened {
                try pair.settle()
                pair.client.reset(opened, .cancel)
                try pair.settle()
            }
        }
        #expect(pair.server.isFinished)
    }
}

enum SplitMix64Bytes {
    static func make(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return random.bytes(count)
    }
}
