import Primitives
import Testing

@testable import Transport

struct PeerFrameTests {
    @Test func `messages survive any cutting of the stream`() throws {
        var random = SplitMix64(seed: 7)
        var queue = PeerSendQueue(urgentBytes: 1 << 20, bulkBytes: 8 << 20)
        let messages = [0, 1, 65_535, 65_536, 65_537, 300_000].map { random.bytes($0) }
        for message in messages { #expect(queue.add(message, .bulk) == 0) }
        var wire: [UInt8] = []
        while let frame = queue.nextFrame() { wire += frame }
        var reader = try greetedReader()
        var items: [PeerFrameReader.Item] = []
        var position = 0
        while position < wire.count {
            let count = min(wire.count - position, Int(random.next(below: 9000)) + 1)
            items += try reader.take(Array(wire[position..<position + count]))
            position += count
        }
        #expect(items == messages.map { .message($0) })
    }

    @Test func `an urgent message overtakes between two pieces`() throws {
        var queue = PeerSendQueue(urgentBytes: 1 << 20, bulkBytes: 8 << 20)
        let long = [UInt8](repeating: 1, count: 200_000)
        _ = queue.add(long, .bulk)
        var wire = queue.nextFrame() ?? []
        _ = queue.add([2], .urgent)
        while let frame = queue.nextFrame() { wire += frame }
        var reader = try greetedReader()
        #expect(try reader.take(wire) == [.message([2]), .message(long)])
    }

    @Test func `the oldest are dropped, but not one that is half out`() throws {
        var queue = PeerSendQueue(urgentBytes: 1 << 20, bulkBytes: 250_000)
        let messages = (0..<4).map { [UInt8](repeating: UInt8($0), count: 100_000) }
        #expect(queue.add(messages[0], .bulk) == 0)
        var wire = queue.nextFrame() ?? []
        #expect(queue.add(messages[1], .bulk) == 0)
        #expect(queue.add(messages[2], .bulk) == 1)
        #expect(queue.add(messages[3], .bulk) == 1)
        while let frame = queue.nextFrame() { wire += frame }
        var reader = try greetedReader()
        #expect(try reader.take(wire) == [.message(messages[0]), .message(messages[3])])
    }

    @Test func `after a break the message that was half out is gone`() throws {
        var queue = PeerSendQueue(urgentBytes: 1 << 20, bulkBytes: 8 << 20)
        _ = queue.add([UInt8](repeating: 1, count: 100_000), .bulk)
        _ = queue.nextFrame()
        _ = queue.add([2], .bulk)
        queue.restart()
        var wire: [UInt8] = []
        while let frame = queue.nextFrame() { wire += frame }
        var reader = try greetedReader()
        #expect(try reader.take(wire) == [.message([2])])
    }

    @Test func `noise is refused, not kept`() throws {
        for seed in UInt64(0)..<200 {
            var random = SplitMix64(seed: seed)
            var reader = seed % 2 == 0 ? PeerFrameReader() : try greetedReader()
            for _ in 0..<20 {
                guard (try? reader.take(random.bytes(Int(random.next(below: 2000))))) != nil else {
                    break
                }
            }
        }
        var reader = try greetedReader()
        #expect(throws: Refusal.self) { try reader.take([2, 0, 1, 0, 1, 0]) }  // 65,537 bytes
    }

    @Test func `a message has a greatest length`() throws {
        var reader = try greetedReader()
        let piece = peerFrame(.bulkPiece, [UInt8](repeating: 0, count: PeerLimits.piece))
        for _ in 0..<PeerLimits.message / PeerLimits.piece { _ = try reader.take(piece) }
        #expect(throws: Refusal.self) { _ = try reader.take(piece) }
    }

    @Test func `nothing is kept for who has not greeted`() throws {
        var reader = PeerFrameReader()
        let piece = peerFrame(.bulkPiece, [0])
        #expect(throws: Refusal.self) { _ = try reader.take(piece) }
        reader = PeerFrameReader()
        let longest = [UInt8](repeating: 0, count: PeerLimits.greeting)
        #expect(throws: Refusal.self) { _ = try reader.take(peerFrame(.hello, longest + [0])) }
        reader = PeerFrameReader()
        #expect(try reader.take(peerFrame(.refusal, longest)) == [.refusal(longest)])
        #expect(throws: Refusal.self) { _ = try reader.take(piece) }
        reader = PeerFrameReader()
        #expect(try reader.take(peerFrame(.hello, [1])) == [.hello([1])])
        #expect(!reader.isMidway)
        #expect(try reader.take(piece) == [])
        #expect(reader.isMidway)
    }

    /// One that has taken the greeting.
    private func greetedReader() throws -> PeerFrameReader {
        var reader = PeerFrameReader()
        _ = try reader.take(peerFrame(.hello, []))
        return reader
    }

    @Test func `greetings between strangers are refused`() throws {
        let cluster = Digest.zero
        let own = PeerIdentity(cluster: cluster, epoch: 3, member: 1, incarnation: 1)
        let peer = PeerIdentity(cluster: cluster, epoch: 3, member: 2, incarnation: 9)
        let hello = PeerHello(from: peer, to: 1)
        #expect(try PeerHello(decoding: hello.encoded) == hello)
        #expect(hello.refusal(own: own, keyHolder: 2) == nil)
        #expect(hello.refusal(own: own, keyHolder: 3)?.code == "peer.wrong-key")
        #expect(hello.refusal(own: own, keyHolder: nil)?.code == "peer.wrong-key")
        var other = hello
        other.to = 5
        #expect(other.refusal(own: own, keyHolder: 2)?.code == "peer.wrong-member")
        other = hello
        other.from.epoch = 2
        #expect(other.refusal(own: own, keyHolder: 2)?.code == "peer.past-epoch")
        other.from.epoch = 4
        #expect(other.refusal(own: own, keyHolder: 2)?.code == "peer.wrong-epoch")
        other = hello
        other.from.cluster = Digest.zero &- (Digest([UInt8](repeating: 1, count: 32)) ?? .zero)
        #expect(other.refusal(own: own, keyHolder: 2)?.code == "peer.wrong-cluster")
        #expect(throws: Refusal.self) { try PeerHello(decoding: [2] + hello.encoded.dropFirst()) }
    }
}
