// Space kept back, let go once, and kept back again.

import Platform
import Primitives
import Testing

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct BallastTests {
    @Test func `it holds space, lets it go once, and holds it again when there is plenty`()
        async throws
    {
        let folder = try TemporaryFolder(prefix: "althing-ballast-tests")
        let file = "\(folder.path)/reserve.ballast"
        let ballast = Ballast(folder: folder.path)
        #expect(try Files.information(file)?.size == 16 << 20)
        #expect(!ballast.isLow)
        #expect(ballast.letGo())
        #expect(ballast.isLow)
        #expect(!Files.exists(file))
        #expect(!ballast.letGo())
        _ = try await eventually("the space to be held again") {
            () async throws(Refusal) -> Bool? in
            ballast.look()
            return Files.exists(file) && !ballast.isLow ? true : nil
        }
    }

    @Test func `without any space there is none to keep back`() {
        let ballast = Ballast(folder: "/nowhere/at/all")
        #expect(!ballast.letGo())
    }
}
