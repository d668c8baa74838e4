// What prover and verifier say to each other, in canonical bytes.

public import Primitives

/// A message of the challenge protocol.
///
///     prover -> verifier   hello, ready, commit, roots, proof..., abort
///     verifier -> prover   prepare, go, open, verdict
public enum ChallengeMessage: Equatable, Sendable {
    /// The agent's version and the kernels it knows.
    case hello(Hello)
    /// What will be asked: allocate and warm up; no clock runs.
    case prepare(Prepare)
    /// The prover is warm.
    case ready(session: Digest)
    /// The seed: the clock runs from the moment these bytes leave.
    case go(session: Digest, seed: Digest)
    /// What binds the prover to every root: the clock stops when it arrives.
    case commit(session: Digest, commitment: Digest)
    /// The roots of all rounds, which must hash to the commitment.
    case roots(session: Digest, roots: [Digest])
    /// Which units must be shown; empty means everything.
    case open(session: Digest, openings: [Opening])
    /// A piece of what was asked for, in order.
    case proof(session: Digest, piece: ProofPiece)
    /// The prover gives up.
    case abort(session: Digest, reason: String)
    /// How it ended.
    case verdict(ChallengeVerdict)

    /// The most bytes any message may have.
    public static let byteLimit = (1 << 20) + (64 << 10)
    /// The most bytes of content one proof message carries.
    static let pieceLimit = 1 << 20
    /// The most bytes of one tile.
    static let tileLimit = 4096

    /// What a prover says about itself; none of it is trusted.
    public struct Hello: Equatable, Sendable {
        /// The agent's version.
        public let agent: String
        /// The kernels it can run, with their versions.
        public let kernels: [KernelVersion]

        /// Makes a greeting.
        public init(agent: String, kernels: [KernelVersion]) {
            self.agent = agent
            self.kernels = kernels
        }
    }

    /// A kernel by name and version.
    public struct KernelVersion: Equatable, Sendable {
        /// The kernel's name.
        public let name: String
        /// Its version.
        public let version: UInt32

        /// Names a kernel's version.
        public init(name: String, version: UInt32) {
            self.name = name
            self.version = version
        }
    }

    /// What will be asked.
    public struct Prepare: Equatable, Sendable {
        /// This challenge's name; every later message carries it.
        public let session: Digest
        /// Which kernel, and which version of it.
        public let kernel: KernelVersion
        /// How many cores to use.
        public let threads: ThreadUse
        /// How large.
        public let parameters: ChallengeParameters
        /// Bytes of memory to reserve.
        public let memory: UInt64
    }

    /// One unit of a chain: a block after a pass; a lane, a tile or a segment of a round.
    public struct Opening: Hashable, Sendable {
        /// The pass or round, from 1.
        public let pass: UInt32
        /// The block, lane, tile or segment, from 0.
        public let block: UInt32

        /// Units drawn from a key that stays with the verifier until the roots are fixed.
        static func drawn(_ count: Int, rounds: Int, units: Int, checkKey: Digest) -> [Opening] {
            var lots = SplitMix64(seed: checkKey.prefix64)
            return (0..<count).map { _ in
                Opening(
                    pass: 1 + UInt32(lots.next(below: UInt64(rounds))),
                    block: UInt32(lots.next(below: UInt64(units))))
            }
        }
    }

    /// A piece of an answer.
    public enum ProofPiece: Equatable, Sendable {
        /// Consecutive bands of the matrix of one round (from 1).
        case bands(round: UInt32, first: UInt32, content: [UInt8])
        /// The leaf that holds an opened block's digest, and its siblings.
        case leaves([LeafProof])
        /// Opened tiles, and what they were made of.
        case tiles([TileProof])
    }

    /// One leaf with the path to its root.
    public struct LeafProof: Equatable, Sendable {
        /// What was opened.
        public let opening: Opening
        /// The leaf's content.
        public let content: [UInt8]
        /// The siblings on the way up.
        public let path: [Digest]

        /// Shows a leaf.
        package init(opening: Opening, content: [UInt8], path: [Digest]) {
            self.opening = opening
            self.content = content
            self.path = path
        }
    }

    /// One tile of a matrix with the columns of the matrix before that it was made of.
    public struct TileProof: Equatable, Sendable {
        /// What was opened: the tile's row of tiles times their number in a row, plus its column.
        public let opening: Opening
        /// The columns of the matrix before, row by row; empty in the first round.
        public let panel: [UInt8]
        /// The siblings of the panel on the way to the root of the round before.
        public let panelPath: [Digest]
        /// The tile's content.
        public let tile: [UInt8]
        /// The siblings of the tile on the way up its own columns.
        public let tilePath: [Digest]
        /// The siblings of its columns on the way to the round's root.
        public let columnPath: [Digest]

        /// Shows a tile.
        package init(
            opening: Opening, panel: [UInt8], panelPath: [Digest], tile: [UInt8],
            tilePath: [Digest], columnPath: [Digest]
        ) {
            self.opening = opening
            self.panel = panel
            self.panelPath = panelPath
            self.tile = tile
            self.tilePath = tilePath
            self.columnPath = columnPath
        }
    }

    /// Which session the message belongs to; nil for a greeting.
    public var session: Digest? {
        switch self {
        case .hello: nil
        case .prepare(let prepare): prepare.session
        case .ready(let session), .go(let session, _), .commit(let session, _),
            .roots(let session, _), .open(let session, _), .proof(let session, _),
            .abort(let session, _):
            session
        case .verdict(let verdict): verdict.session
        }
    }

    /// The message's name in the protocol.
    public var name: String {
        switch self {
        case .hello: "HELLO"
        case .prepare: "PREPARE"
        case .ready: "READY"
        case .go: "GO"
        case .commit: "COMMIT"
        case .roots: "ROOTS"
        case .open: "OPEN"
        case .proof: "PROOF"
        case .abort: "ABORT"
        case .verdict: "VERDICT"
        }
    }
}
