// Small rules of a member, without a cluster: the clock's bound, customers' questions, characters.

import ControlPlane
import Primitives
import Raft
import Testing

@testable import Node

struct RuleTests {
    // MARK: The clock

    private func append(_ stamps: [UInt64], kind: MessageKind = .append) -> Message {
        var message = Message(kind)
        message.entries = stamps.map {
            Entry(
                term: 1, index: 2,
                data: EntryPayload(timestamp: Timestamp(milliseconds: $0), commands: []).encoded)
        }
        return message
    }

    @Test func `an append from the future is found, wherever its entry stands`() {
        let bound = ClockBound(milliseconds: 100)
        let now = Timestamp(milliseconds: 1000)
        #expect(!bound.isFromTheFuture(append([]), now: now))
        #expect(!bound.isFromTheFuture(append([0, 1000, 1100]), now: now))
        #expect(bound.isFromTheFuture(append([1000, 1101, 1000]), now: now))
        #expect(bound.isFromTheFuture(append([.max]), now: now))
        #expect(!bound.isFromTheFuture(append([1101], kind: .heartbeat), now: now))
        var empty = append([5000])
        empty.entries[0].data = []
        #expect(!bound.isFromTheFuture(empty, now: now))
        var change = append([5000])
        change.entries[0].kind = .configurationChange
        #expect(!bound.isFromTheFuture(change, now: now))
    }

    // MARK: Questions

    private func read(_ text: String, chat: Bool = false) throws(Refusal) -> CompletionRequest {
        try CompletionRequest(try JSON.parse(text), chat: chat)
    }

    @Test func `what is not said has a value`() throws {
        let question = try read(#"{"model":"m","prompt":"p","stop":null,"n":1}"#)
        #expect(question.maximumTokens == 128)
        #expect(question.temperatureMillionths == 800_000)
        #expect(question.seed == 0 && question.stop.isEmpty && !question.stream)
    }

    @Test func `what is said is taken`() throws {
        let question = try read(
            #"""
            {"model":"m","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}],
            "max_completion_tokens":3,"temperature":1.25,"seed":9,"stop":["x","y"],"stream":true,
            "stream_options":{"include_usage":true}}
            """#, chat: true)
        #expect(question.prompt == Array("a\nb".utf8))
        #expect(question.maximumTokens == 3)
        #expect(question.temperatureMillionths == 1_250_000)
        #expect(question.stop == ["x", "y"] && question.stream && question.includeUsage)
    }

    @Test(arguments: [
        #""prompt":"""#, #""prompt":5"#, #""prompt":"p","max_tokens":0"#,
        #""prompt":"p","max_tokens":-5"#, #""prompt":"p","max_tokens":"9""#,
        #""prompt":"p","max_tokens":100001"#, #""prompt":"p","max_tokens":1.5"#,
        #""prompt":"p","temperature":2.1"#, #""prompt":"p","temperature":-1"#,
        #""prompt":"p","temperature":"hot""#, #""prompt":"p","seed":-1"#,
        #""prompt":"p","stop":7"#, #""prompt":"p","stop":[7]"#, #""prompt":"p","stop":"""#,
        #""prompt":"p","stop":["a","b","c","d","e"]"#, #""prompt":"p","stream":"yes""#,
        #""prompt":"p","n":2"#, #""prompt":"p","stream_options":{"include_usage":1}"#,
    ])
    func `a question that cannot be meant is refused`(_ rest: String) throws {
        let refusal = #expect(throws: Refusal.self) { try read("{\"model\":\"m\",\(rest)}") }
        #expect(refusal?.code == "request.malformed")
    }

    @Test(arguments: [
        "{}", #"{"model":1,"messages":[{"role":"u","content":"c"}]}"#,
        #"{"model":"m","messages":[{"content":"c"}]}"#,
        #"{"model":"m","messages":[{"role":"u","content":["c"]}]}"#,
        #"{"model":"m","messages":[{"role":"u","content":""}]}"#,
    ])
    func `a conversation that is none is refused`(_ text: String) throws {
        let refusal = #expect(throws: Refusal.self) { try read(text, chat: true) }
        #expect(refusal?.code == "request.malformed")
    }

    // MARK: Characters

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `pieces of text join to what the bytes say`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<200 {
            switch random.next() % 4 {
            case 0: bytes += Array("aé€😀".utf8)
            case 1: bytes.append(UInt8(truncatingIfNeeded: random.next()))
            case 2: bytes += [0xE2, 0x82]
            default: bytes.append(0x80 | UInt8(truncatingIfNeeded: random.next() & 0x3F))
            }
        }
        var pieces = UTF8Pieces()
        var text = ""
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, place + 1 + Int(random.next() % 5))
            text += pieces.take(Array(bytes[place..<end]))
            place = end
        }
        text += pieces.finish()
        #expect(
            text.unicodeScalars.elementsEqual(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        )
    }

    @Test func `a character is given when it is whole`() {
        var pieces = UTF8Pieces()
        #expect(pieces.take([0x61, 0xF0, 0x9F]) == "a")
        #expect(pieces.take([0x98]) == "")
        #expect(pieces.take([0x80]) == "😀")
        #expect(pieces.take([0xE2, 0x82]) == "")
        #expect(pieces.finish() == "\u{FFFD}")
    }
}
