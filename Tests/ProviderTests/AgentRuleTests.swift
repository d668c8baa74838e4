// Small rules of an agent, without a cluster: assignments, stop texts, settings.

import ControlPlane
import Cryptography
import Governance
import Primitives
import Testing

@testable import Provider

struct AgentRuleTests {
    // MARK: Assignments

    private func assignment() throws -> [JSON.Member] {
        let digest = JSON.string(String(repeating: "a", count: 64))
        let json: JSON = [
            "lease": 3, "task": 4, "kind": "segment", "job": 1, "round": 0, "ordinal": 1,
            "deadline": 1_700_000_000_000, "plan": .string(Hex.encode(try SmallRun.plan().encoded)),
            "parameters": digest, "final_parameters": .string(String(repeating: "b", count: 64)),
            "momentum": digest, "first_parameters": digest, "deltas": [digest], "data": [digest],
        ]
        return try #require(json.members)
    }

    @Test func `an assignment is read`() throws {
        let read = try Assignment(.object(try assignment()))
        #expect(read.lease == 3 && read.task == 4 && read.order.ordinal == 1)
        #expect(read.parameters.hex.hasPrefix("aa"))
        #expect(read.deltas.count == 1 && read.data.count == 1)
        #expect(read.order.plan == (try SmallRun.plan()))
    }

    @Test func `an evaluation reads the last checkpoint`() throws {
        let changed = try assignment().map {
            $0.key == "kind" ? JSON.Member("kind", "evaluate") : $0
        }
        #expect(try Assignment(.object(changed)).parameters.hex.hasPrefix("bb"))
    }

    @Test(arguments: [
        "lease", "task", "kind", "round", "ordinal", "deadline", "plan", "parameters", "momentum",
        "final_parameters",
    ])
    func `an assignment that lacks something or holds something else is refused`(
        _ key: String
    ) throws {
        let whole = try assignment()
        let lacking = whole.filter { $0.key != key }
        #expect(throws: Refusal.self) { try Assignment(.object(lacking)) }
        for wrong in [JSON.null, "zz", -1, [:], .string("ff")] {
            let changed = whole.map { $0.key == key ? JSON.Member(key, wrong) : $0 }
            #expect(throws: Refusal.self) { try Assignment(.object(changed)) }
        }
    }

    @Test func `a digest that is none is not passed over`() throws {
        for key in ["deltas", "data"] {
            let changed = try assignment().map {
                $0.key == key ? JSON.Member(key, ["nonsense"]) : $0
            }
            let refusal = #expect(throws: Refusal.self) { try Assignment(.object(changed)) }
            #expect(refusal?.code == "task.order")
        }
    }

    // MARK: Stop texts

    /// The text as it is released, and whether a stop text ended it.
    private func search(_ text: String, stops: [String], pieces: [Int]) -> (String, Bool) {
        var search = StopSearch(stops.map { Array($0.utf8) })
        let bytes = Array(text.utf8)
        var released: [UInt8] = []
        var place = 0
        var number = 0
        while place < bytes.count {
            let end = min(bytes.count, place + pieces[number % pieces.count])
            released += search.take(Array(bytes[place..<end]))
            place = end
            number += 1
        }
        released += search.finish()
        return (String(decoding: released, as: UTF8.self), search.isStopped)
    }

    @Test(
        arguments: [
            ("one two three", ["two"], "one ", true),
            ("one two three", ["four"], "one two three", false),
            ("one two three", [], "one two three", false),
            ("one two three", [""], "one two three", false),
            ("abc", ["b", "abc"], "a", true),
            ("xabc", ["abc", "bc"], "x", true),
            ("aaab", ["aab"], "a", true),
            ("one tw", ["two"], "one tw", false),
            ("two", ["two"], "", true),
            ("tworing two", ["two", "ring"], "", true),
        ] as [(String, [String], String, Bool)])
    func `a stop text ends the answer wherever the pieces were cut`(
        _ text: String, _ stops: [String], _ expected: String, _ isStopped: Bool
    ) {
        for pieces in [[1], [2], [3], [1, 4], [100]] {
            let found = search(text, stops: stops, pieces: pieces)
            #expect(found == (expected, isStopped), "\(pieces)")
        }
    }

    @Test func `nothing that may belong to a stop text is released early`() {
        var search = StopSearch([Array("END".utf8)])
        #expect(search.take(Array("text E".utf8)) == Array("text ".utf8))
        #expect(search.take(Array("N".utf8)) == [])
        #expect(search.take(Array("T".utf8)) == Array("ENT".utf8))
        #expect(search.take(Array("END and more".utf8)) == [])
        #expect(search.isStopped)
        #expect(search.take(Array("more".utf8)) == [])
        #expect(search.finish() == [])
    }
}
