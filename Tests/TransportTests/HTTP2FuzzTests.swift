import NIOCore
import Primitives
import Testing

@testable import Transport

/// Bytes that no honest client sends: the session must refuse them or bear them, never fall.
struct HTTP2FuzzTests {
    /// Feeds a server; answers whatever requests come out.
    private func feed(_ bytes: [UInt8]) throws {
        let server = try HTTP2Session(.server, limits: HTTPLimits())
        var position = 0
        var random = SplitMix64(seed: UInt64(bytes.count))
        while position < bytes.count, !server.isFinished {
            let end = min(bytes.count, position + 1 + Int(random.next(below: 300)))
            let isAlive =
                (try? bytes[position..<end].withUnsafeBytes { try server.receive($0) }) != nil
            for event in server.takeEvents() {
                guard case .request(let stream) = event else { continue }
                try? server.respond(
                    to: stream.id, status: 200, headers: [:], date: "", source: .none)
            }
            server.tick()
            var out = ByteBuffer()
            guard isAlive, (try? server.send(into: &out, limit: 1 << 20)) != nil else { return }
            position = end
        }
    }

    /// What a real client says, so that its mutations reach deep.
    private func conversation() throws -> [UInt8] {
        var bytes = ByteBuffer()
        let client = try HTTP2Session(.client, limits: HTTPLimits())
        for number in 0..<8 {
            _ = try client.request(
                method: number.isMultiple(of: 2) ? "GET" : "POST", scheme: "http",
                authority: "a", target: "/\(number)", headers: ["x-header": "\(number)"],
                body: number.isMultiple(of: 2) ? [] : [UInt8](repeating: 9, count: 700))
        }
        while try client.send(into: &bytes, limit: 1 << 20) {}
        return Array(bytes.readableBytesView)
    }

    @Test func `noise after the preface`() throws {
        for seed in UInt64(0)..<300 {
            var random = SplitMix64(seed: seed)
            try feed(ProtocolSelector.preface + random.bytes(Int(random.next(below: 2000))))
            try feed(random.bytes(100))
        }
    }

    @Test func `a conversation with bytes changed, dropped and doubled`() throws {
        let honest = try conversation()
        for seed in UInt64(0)..<1500 {
            var random = SplitMix64(seed: seed)
            var bytes = honest
            for _ in 0...random.next(below: 6) {
                let at = 24 + Int(random.next(below: UInt64(bytes.count - 24)))
                switch random.next(below: 3) {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: at)
                default: bytes.insert(bytes[at], at: at)
                }
            }
            try feed(bytes)
        }
    }

    @Test func `frames of every type with noise inside`() throws {
        for seed in UInt64(0)..<1500 {
            var random = SplitMix64(seed: seed)
            var bytes = ProtocolSelector.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0]
            for _ in 0..<10 {
                let payload = random.bytes(Int(random.next(below: 64)))
                bytes += [0, 0, UInt8(payload.count), UInt8(random.next(below: 12))]
                bytes += [UInt8(truncatingIfNeeded: random.next()), 0, 0, 0]
                bytes += [UInt8(random.next(below: 8))] + payload
            }
            try feed(bytes)
        }
    }
}
