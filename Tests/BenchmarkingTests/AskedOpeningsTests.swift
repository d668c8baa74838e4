// What a verifier asks to see is shown once, in pieces, and only what there is.

import Primitives
import Testing

@testable import Benchmarking

struct AskedOpeningsTests {
    private func opening(_ pass: UInt32, _ block: UInt32) -> ChallengeMessage.Opening {
        ChallengeMessage.Opening(pass: pass, block: block)
    }

    @Test(arguments: [(0, 0), (4, 0), (1, 5), (3, .max)] as [(UInt32, UInt32)])
    func `what is not there is refused, whatever else is asked`(pass: UInt32, block: UInt32) {
        var asked = AskedOpenings(of: "tile", rounds: 3, count: 5)
        let refusal = #expect(throws: Refusal.self) {
            try asked.ask([opening(1, 0), opening(pass, block)])
        }
        #expect(refusal?.code == "challenge.parameters")
        #expect(refusal?.message.contains("tile") == true)
        #expect(asked.next(10) == nil)
    }

    @Test func `all are given in order, a piece at a time, and asked anew from the start`() throws {
        let all = (0..<7).map { opening(1 + $0 % 3, $0 % 5) }
        var asked = AskedOpenings(of: "unit", rounds: 3, count: 5)
        for _ in 0..<2 {
            try asked.ask(all)
            var given: [ChallengeMessage.Opening] = []
            var pieces: [Int] = []
            while let piece = asked.next(3) {
                given += piece
                pieces.append(piece.count)
            }
            #expect(given == all)
            #expect(pieces == [3, 3, 1])
        }
    }
}
