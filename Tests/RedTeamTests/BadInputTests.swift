// The bad input of every kernel, for processors and for cards, at a member's door: each has its
// code, ends the challenge at once, and leaves the machine registered, whole, and nothing held.

import Primitives
import Synchronization
import Testing

@testable import Benchmarking
@testable import RedTeam

private let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    .dropLast(3).joined(separator: "/")

/// Something that is wrong with the first message of a proof, and what is said to it.
private struct Spoilt: Sendable {
    let what: String
    let code: String
    let change: @Sendable (_ session: Digest, _ piece: ChallengeMessage.ProofPiece) -> [UInt8]

    /// A well-formed message with another content.
    init(
        _ what: String, _ code: String,
        piece: @escaping @Sendable (ChallengeMessage.ProofPiece) -> ChallengeMessage.ProofPiece
    ) {
        self.what = what
        self.code = code
        change = { ChallengeMessage.proof(session: $0, piece: piece($1)).encoded }
    }

    /// Other bytes.
    init(
        _ what: String, _ code: String, bytes: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        self.what = what
        self.code = code
        change = { bytes(ChallengeMessage.proof(session: $0, piece: $1).encoded) }
    }

    static let all: [Spoilt] = [
        Spoilt("a byte is missing", "challenge.malformed", bytes: { $0.dropLast() }),
        Spoilt("a byte too many", "challenge.malformed", bytes: { $0 + [0] }),
        Spoilt("half of it", "challenge.malformed", bytes: { Array($0.prefix($0.count / 2)) }),
        Spoilt("a count that nothing follows", "challenge.malformed") { bytes in
            Array(bytes.prefix(34)) + [0xFF, 0xFF, 0xFF, 0x7F]
        },
        Spoilt("longer than a message", "challenge.oversized") { bytes in
            bytes + [UInt8](repeating: 0, count: ChallengeMessage.byteLimit)
        },
        Spoilt("another session's name", "challenge.wrong-session") { bytes in
            bytes[..<1] + Digest.zero.bytes + bytes[33...]
        },
        Spoilt("nothing in it", "challenge.proof-order") { piece in
            switch piece {
            case .bands(let round, let first, _): .bands(round: round, first: first, content: [])
            case .leaves: .leaves([])
            case .tiles: .tiles([])
            }
        },
        Spoilt("a proof of another kind", "challenge.proof-order") { piece in
            switch piece {
            case .bands: .leaves([.init(opening: .init(pass: 1, block: 0), content: [], path: [])])
            case .leaves, .tiles: .bands(round: 1, first: 0, content: [1])
            }
        },
        Spoilt("more than was asked for", "challenge.proof-order") { piece in
            switch piece {
            case .bands(let round, let first, let content):
                .bands(round: round, first: first, content: content + content)
            case .leaves(let leaves): .leaves(leaves + leaves)
            case .tiles(let tiles): .tiles(tiles + tiles + tiles)
            }
        },
        Spoilt("an opening that does not exist", "challenge.proof-order") { piece in
            switch piece {
            case .bands(_, _, let content): .bands(round: 0, first: .max, content: content)
            case .leaves(let leaves):
                .leaves(
                    leaves.map {
                        .init(
                            opening: .init(pass: 0, block: .max), content: $0.content,
                            path: $0.path)
                    })
            case .tiles(let tiles):
                .tiles(
                    tiles.map {
                        .init(
                            opening: .init(pass: .max, block: .max), panel: $0.panel,
                            panelPath: $0.panelPath, tile: $0.tile, tilePath: $0.tilePath,
                            columnPath: $0.columnPath)
                    })
            }
        },
        Spoilt("a path of too many digests", "challenge.root-mismatch") { piece in
            spoilFirst(piece, path: { $0 + [.zero] })
        },
        Spoilt("a path that leads nowhere", "challenge.root-mismatch") { piece in
            spoilFirst(piece, path: { $0.isEmpty ? [.zero] : [] })
        },
        Spoilt("content that is a byte too long", "challenge.root-mismatch") { piece in
            spoilFirst(piece, content: { $0 + [0] })
        },
        Spoilt("content that is a byte too short", "challenge.root-mismatch") { piece in
            spoilFirst(piece, content: { $0.dropLast() })
        },
        Spoilt("the bytes of a NaN", "challenge.root-mismatch") { piece in
            spoilFirst(piece, content: { [0x00, 0x00, 0xC0, 0x7F] + $0.dropFirst(4) })
        },
    ]

    /// Changes the first of what is shown; the entries of whole matrices have no path.
    private static func spoilFirst(
        _ piece: ChallengeMessage.ProofPiece, path: ([Digest]) -> [Digest] = { $0 },
        content: ([UInt8]) -> [UInt8] = { $0 }
    ) -> ChallengeMessage.ProofPiece {
        switch piece {
        case .bands(let round, let first, let bytes):
            return .bands(round: round, first: first, content: content(bytes))
        case .leaves(var leaves):
            leaves[0] = .init(
                opening: leaves[0].opening, content: content(leaves[0].content),
                path: path(leaves[0].path))
            return .leaves(leaves)
        case .tiles(var tiles):
            let tile = tiles[0]
            tiles[0] = .init(
                opening: tile.opening, panel: tile.panel, panelPath: tile.panelPath,
                tile: content(tile.tile), tilePath: path(tile.tilePath),
                columnPath: tile.columnPath)
            return .tiles(tiles)
        }
    }

    /// Whether the answer must be right up to here.
    var isLate: Bool { code == "challenge.root-mismatch" }

    /// What is said of a kernel's proof; nil where it has nothing of the kind.
    func code(_ kernel: Kernel) -> String? {
        guard isLate else { return code }
        // A tile of double precision is as long as a tile may be.
        if kernel.format == .double, what.contains("too long") { return "challenge.malformed" }
        // Whole matrices have no paths, and their entries are looked at first.
        guard kernel.family == .matrixChain else { return code }
        if what.contains("path") { return nil }
        return what.contains("NaN") ? "challenge.out-of-range" : "challenge.proof-order"
    }
}

extension ArenaTests {
    @Suite(.timeLimit(.minutes(5)), .serialized) struct BadInputTests {
        private static let kernels = Arena.kernels + Arena.cardKernels

        /// The machine is registered, whole, without a score, with this failure as its only sample.
        private func expectOneFailure(
            _ machine: Contestant, _ code: String, _ words: String
        ) async throws {
            let record = try await machine.record()
            #expect(record["agent"]?.text == machine.agent.hex, "\(words)")
            #expect(record["samples"]?.elements?.count == 1, "\(words)")
            #expect(record["samples"]?.elements?.first?["code"]?.text == code, "\(words)")
            #expect(record["scores"]?.elements?.isEmpty == true, "\(words)")
            #expect(record["quarantine"]?.text?.isEmpty == false, "\(words)")
        }

        /// Nothing is known about the machine, and nothing is held against it.
        private func expectNothing(_ machine: Contestant, _ words: String) async throws {
            let record = try await machine.record()
            #expect(record["agent"]?.text == machine.agent.hex, "\(words)")
            #expect(record["samples"]?.elements?.isEmpty == true, "\(words)")
            #expect(record["quarantine"]?.text?.isEmpty == true, "\(words)")
        }

        /// As many challenges as one owner may hold are open to it: none of those before is held.
        private func expectNothingHeld(_ arena: Arena) async throws {
            for _ in 0..<24 {
                _ = try await arena.machine().open("mem.stream-chain.mt")
            }
        }

        /// A piece that answers what was asked for, with nothing in it.
        private func hollow(
            _ openings: [ChallengeMessage.Opening], _ parameters: ChallengeParameters
        ) -> ChallengeMessage.ProofPiece {
            switch parameters {
            case .matrixChain(let size, _):
                .bands(
                    round: 1, first: 0,
                    content: [UInt8](repeating: 0, count: Int(size) * Int(size)))
            case .tileChain:
                .tiles(
                    openings.prefix(32).map {
                        .init(
                            opening: $0, panel: [], panelPath: [], tile: [], tilePath: [],
                            columnPath: [])
                    })
            case .streamChain, .laneChain, .walkChain:
                .leaves(openings.map { .init(opening: $0, content: [], path: []) })
            }
        }

        @Test func `a proof that is malformed ends its challenge with a code`() async throws {
            try await Arena.with(repository: repository) { arena in
                for name in BadInputTests.kernels {
                    let kernel = try #require(KernelRegistry.kernel(named: name))
                    for spoilt in Spoilt.all {
                        guard let expected = spoilt.code(kernel) else { continue }
                        let machine = try await arena.machine()
                        var conversation = try await machine.open(name)
                        let key = try await conversation.start()
                        let prepare = try #require(conversation.prepare)
                        conversation.onTheWay = { message in
                            guard case .proof(let session, let piece) = message else {
                                return message.encoded
                            }
                            return spoilt.change(session, piece)
                        }
                        if spoilt.isLate {
                            let answer = try #require(HonestAnswer(key, prepare))
                            try await answer.show(&conversation, key)
                        } else {
                            let roots = [Digest](
                                repeating: .zero, count: prepare.parameters.rootCount)
                            let openings = try await conversation.commit(
                                key, to: roots, showing: roots)
                            try await conversation.prove(
                                hollow(openings ?? [], prepare.parameters))
                        }
                        let words = "\(name): \(spoilt.what)"
                        #expect(conversation.verdict?["code"]?.text == expected, "\(words)")
                        try await expectOneFailure(machine, expected, words)
                    }
                }
                try await expectNothingHeld(arena)
            }
        }

        @Test func `an answer to another session, provider, kernel or version is wrong`()
            async throws
        {
            try await Arena.with(repository: repository) { arena in
                for name in BadInputTests.kernels {
                    let kernel = try #require(KernelRegistry.kernel(named: name))
                    let family = kernel.family
                    let isUnits = [.streamChain, .laneChain, .walkChain].contains(family)
                    let expected = isUnits ? "challenge.wrong-digest" : "challenge.wrong-product"
                    for other in ["session", "provider", "kernel", "version"] {
                        let machine = try await arena.machine()
                        var conversation = try await machine.open(name)
                        let key = try await conversation.start()
                        let prepare = try #require(conversation.prepare)
                        let seed = try #require(conversation.seed)
                        let wrong = ChallengeKey(
                            seed: seed,
                            provider: other == "provider" ? .zero : machine.agent,
                            session: other == "session" ? .zero : prepare.session,
                            kernel: .init(
                                name: other == "kernel" ? "cpu.dream.mt" : name,
                                version: prepare.kernel.version + (other == "version" ? 1 : 0)),
                            parameters: prepare.parameters)
                        let answer = try #require(HonestAnswer(wrong, prepare))
                        try await answer.show(&conversation, key)
                        let words = "\(name): another \(other)"
                        #expect(conversation.verdict?["code"]?.text == expected, "\(words)")
                        try await expectOneFailure(machine, expected, words)
                    }
                }
                try await expectNothingHeld(arena)
            }
        }

        @Test func `a kernel or a version that is not known is no failure and opens nothing`()
            async throws
        {
            try await Arena.with(repository: repository) { arena in
                let machine = try await arena.machine()
                for name in [
                    "", "cpu.dream.mt", "gpu.fp8gemm", "cpu.sgemm.mt ", "CPU.SGEMM.MT", "\u{0}",
                    String(repeating: "x", count: 100_000),
                ] {
                    let code = await code { () async throws(Refusal) in
                        try await machine.open(name)
                    }
                    #expect(code == "benchmark.unknown-kernel", "\(name.prefix(20))")
                }
                try await expectNothing(machine, "unknown kernels")
                for name in BadInputTests.kernels {
                    let kernel = try #require(KernelRegistry.kernel(named: name))
                    let version = kernel.version
                    for other in [0, version - 1, version + 1, .max] where other != version {
                        let machine = try await arena.machine()
                        var conversation = Conversation(machine: machine, kernel: name, extra: [])
                        _ = try await conversation.say(
                            .hello(.init(agent: "x", kernels: [.init(name: name, version: other)])))
                        #expect(
                            conversation.verdict?["code"]?.text == "challenge.unsupported-kernel",
                            "\(name) version \(other)")
                        try await expectNothing(machine, "\(name) version \(other)")
                    }
                }
                try await expectNothingHeld(arena)
            }
        }

        /// Sizes are the member's to say; who says one is out of order, or not even heard.
        @Test func `an impossible size is refused where it is read`() async throws {
            try await Arena.with(repository: repository) { arena in
                for name in BadInputTests.kernels {
                    let kernel = try #require(KernelRegistry.kernel(named: name))
                    for size in [0, 33, .max - 31] as [UInt32] {
                        let machine = try await arena.machine()
                        var conversation = try await machine.open(name)
                        let prepare = try #require(conversation.prepare)
                        _ = try await conversation.say(
                            .prepare(
                                .init(
                                    session: prepare.session, kernel: prepare.kernel,
                                    threads: .all, parameters: .sized(size, kernel.family),
                                    memory: .max)))
                        let words = "\(name): \(size)"
                        #expect(
                            conversation.verdict?["code"]?.text == "challenge.malformed",
                            "\(words)")
                        try await expectOneFailure(machine, "challenge.malformed", words)
                    }
                }
                try await expectNothingHeld(arena)
            }
        }

        @Test func `who claims more than a machine has is asked no more than the policy says`()
            async throws
        {
            try await Arena.with(repository: repository) { arena in
                let modest = try await arena.machine()
                let boaster = try await arena.machine(memoryBytes: 64 << 40)
                for name in BadInputTests.kernels {
                    var asked: [ChallengeMessage.Prepare] = []
                    for machine in [modest, boaster] {
                        var conversation = try await machine.open(name)
                        let prepare = try #require(conversation.prepare)
                        asked.append(prepare)
                        try await conversation.leave()
                    }
                    #expect(asked[0].parameters == asked[1].parameters, "\(name)")
                    #expect(asked[1].memory < 64 << 20, "\(name)")
                }
                let code = await code { () async throws(Refusal) in
                    try await arena.machine(memoryBytes: 64 << 40 + 1)
                }
                #expect(code == "provider.resources")
            }
        }

        @Test func `what comes late has failed, whatever the kernel`() async throws {
            try await Arena.with(repository: repository) { arena in
                var late: [(machine: Contestant, conversation: Conversation, code: String)] = []
                for name in BadInputTests.kernels {
                    for code in ["challenge.late", "challenge.late-proof"] {
                        // Called machines would find room, these must share it.
                        let machine = try await arena.machine(owner: late.count)
                        var conversation = try await machine.open(name)
                        let key = try await conversation.start()
                        if code == "challenge.late-proof" {
                            let prepare = try #require(conversation.prepare)
                            let count = prepare.parameters.rootCount
                            let roots = [Digest](repeating: .zero, count: count)
                            _ = try await conversation.commit(key, to: roots, showing: roots)
                        }
                        late.append((machine, conversation, code))
                    }
                }
                // The arena gives five seconds for a commitment, and as many for a proof.
                try await Task.sleep(for: .milliseconds(6500))
                for (machine, conversation, expected) in late {
                    var conversation = conversation
                    let code = await code { () async throws(Refusal) in
                        try await conversation.say(
                            .commit(session: conversation.sessionDigest, commitment: .zero))
                    }
                    #expect(code == "challenge.unknown", "\(conversation.kernel)")
                    try await expectOneFailure(machine, expected, conversation.kernel)
                }
                try await expectNothingHeld(arena)
            }
        }

        /// What an answer may cost a member is a number: every message that is taken shows at least
        /// one of the units that were drawn, in their order.
        @Test func `an answer in the smallest pieces is over with the last unit asked for`()
            async throws
        {
            try await Arena.with(repository: repository) { arena in
                for (name, units) in [
                    ("mem.stream-chain.mt", 64), ("cpu.sha256.mt", 64), ("gpu.stream-chain", 64),
                    ("gpu.mem-fill", 64),
                ] {
                    let machine = try await arena.machine()
                    var conversation = try await machine.open(name)
                    let key = try await conversation.start()
                    let prepare = try #require(conversation.prepare)
                    let answer = try #require(HonestAnswer(key, prepare))
                    let rest = Mutex<[ChallengeMessage.LeafProof]>([])
                    conversation.onTheWay = { message in
                        guard case .proof(let session, .leaves(let leaves)) = message else {
                            return message.encoded
                        }
                        rest.withLock { $0 = Array(leaves.dropFirst()) }
                        return ChallengeMessage.proof(
                            session: session, piece: .leaves([leaves[0]])
                        ).encoded
                    }
                    try await answer.show(&conversation, key)
                    conversation.onTheWay = nil
                    var taken = 1
                    for leaf in rest.withLock({ $0 }) where conversation.verdict == nil {
                        try await conversation.prove(.leaves([leaf]))
                        taken += 1
                    }
                    #expect(conversation.verdict?["passed"]?.flag == true, "\(name)")
                    #expect(taken == units, "\(name)")
                    let session = conversation.sessionDigest
                    let code = await code { () async throws(Refusal) in
                        try await conversation.say(.abort(session: session, reason: "once more"))
                    }
                    #expect(code == "challenge.unknown", "\(name)")
                }
            }
        }
    }
}

extension ChallengeParameters {
    /// A challenge of a family, so large.
    fileprivate static func sized(_ size: UInt32, _ family: KernelFamily) -> ChallengeParameters {
        switch family {
        case .matrixChain: .matrixChain(size: size, rounds: 1)
        case .streamChain: .streamChain(blocks: size, passes: 1, openings: 1)
        case .laneChain: .laneChain(lanes: size, steps: 1, rounds: 1, openings: 1)
        case .tileChain: .tileChain(size: size, rounds: 1, openings: 1)
        case .walkChain: .walkChain(pages: size, chains: 1, steps: 1, rounds: 1, openings: 1)
        }
    }
}
