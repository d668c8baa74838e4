// How large one challenge is: its bounds, its memory, and the work it counts for.

import CKernels
public import Primitives

/// The size of one challenge.
public enum ChallengeParameters: Hashable, Sendable {
    /// `rounds` products of `size` x `size` matrices.
    case matrixChain(size: UInt32, rounds: UInt32)
    /// `passes` over three arrays of `blocks` blocks of 64 KiB, `openings` of them replayed.
    case streamChain(blocks: UInt32, passes: UInt32, openings: UInt32)
    /// `rounds` rounds of `lanes` lanes with `steps` steps each, `openings` lanes recomputed.
    case laneChain(lanes: UInt32, steps: UInt32, rounds: UInt32, openings: UInt32)
    /// `rounds` products of `size` x `size` matrices, `openings` tiles of them recomputed.
    case tileChain(size: UInt32, rounds: UInt32, openings: UInt32)
    /// `rounds` rounds of walks of `chains` chains through `pages` pages of 4 KiB, a state
    /// committed to every `steps` reads, `openings` places walked again.
    case walkChain(
        pages: UInt32, chains: UInt32, steps: UInt32, rounds: UInt32, openings: UInt32)

    /// The largest matrix: beyond it sums of products could leave single precision's exact range.
    public static let sizeLimit: UInt32 = 4096
    /// The largest matrix of which single tiles are checked.
    public static let tiledSizeLimit: UInt32 = 16_384
    /// The most pages that are walked through: 64 GiB.
    public static let pageLimit: UInt32 = 1 << 24
    /// The most chains that walk at once.
    public static let chainLimit: UInt32 = 4096
    /// The most tiles, or places of a walk, that are opened.
    public static let costlyOpeningLimit: UInt32 = 1024
    /// The most steps that all openings of a walk may have together: each makes a page.
    public static let walkReplayLimit: UInt64 = 1 << 16
    /// The most rounds of products.
    public static let roundLimit: UInt32 = 256
    /// The most blocks in one array: 4 GiB.
    public static let blockLimit: UInt32 = 65_536
    /// The most passes over the arrays.
    public static let passLimit: UInt32 = 1024
    /// The most openings.
    public static let openingLimit: UInt32 = 4096
    /// The most lanes in one round.
    public static let laneLimit: UInt32 = 1 << 22
    /// The most steps that all openings of a lane chain may have together: what a check may cost.
    public static let replayLimit: UInt64 = 1 << 26

    /// Blocks whose digests share a leaf of a pass's tree.
    static let blocksPerLeaf = 16

    /// Which computation this sizes.
    public var family: KernelFamily {
        switch self {
        case .matrixChain: .matrixChain
        case .streamChain: .streamChain
        case .laneChain: .laneChain
        case .tileChain: .tileChain
        case .walkChain: .walkChain
        }
    }

    /// Throws `challenge.parameters` when a size is outside its bounds.
    public func validate() throws(Refusal) {
        let fits =
            switch self {
            case .matrixChain(let size, let rounds):
                size >= 32 && size <= Self.sizeLimit && size.isMultiple(of: 32) && rounds >= 1
                    && rounds <= Self.roundLimit
            case .streamChain(let blocks, let passes, let openings):
                blocks >= 16 && blocks <= Self.blockLimit && blocks.isMultiple(of: 16)
                    && passes >= 1 && passes <= Self.passLimit && openings >= 1
                    && openings <= Self.openingLimit
            case .laneChain(let lanes, let steps, let rounds, let openings):
                lanes >= 16 && lanes <= Self.laneLimit && lanes.isMultiple(of: 16) && steps >= 1
                    && rounds >= 1 && rounds <= Self.roundLimit && openings >= 1
                    && openings <= Self.openingLimit
                    && UInt64(openings) * UInt64(steps) <= Self.replayLimit
            case .tileChain(let size, let rounds, let openings):
                size >= 32 && size <= Self.tiledSizeLimit && size.isMultiple(of: 32) && rounds >= 1
                    && rounds <= Self.roundLimit && openings >= 1
                    && openings <= Self.costlyOpeningLimit
            case .walkChain(let pages, let chains, let steps, let rounds, let openings):
                pages >= 16 && pages <= Self.pageLimit && pages.isMultiple(of: 16) && chains >= 1
                    && chains <= Self.chainLimit && steps >= 1 && rounds >= 1
                    && rounds <= Self.passLimit && openings >= 1
                    && openings <= Self.costlyOpeningLimit
                    && 2 * UInt64(openings) * UInt64(steps) <= Self.walkReplayLimit
            }
        guard fits else {
            throw Refusal("challenge.parameters", "the challenge \(self) is outside its bounds")
        }
    }

    /// How many roots a run commits to: one a round or pass.
    var rootCount: Int {
        switch self {
        case .matrixChain(_, let rounds): Int(rounds)
        case .streamChain(_, let passes, _): Int(passes)
        case .laneChain(_, _, let rounds, _): Int(rounds)
        case .tileChain(_, let rounds, _): Int(rounds)
        case .walkChain(_, _, _, let rounds, _): Int(rounds)
        }
    }

    /// How much memory the prover needs, in bytes, in a format of operands.
    func memory(_ format: MatrixFormat) -> UInt64 {
        let entry = UInt64(format.entryBytes)
        return switch self {
        case .matrixChain(let size, let rounds):
            UInt64(size) * UInt64(size) * (format.workingBytes + entry * UInt64(rounds)) + 17 << 20
        case .tileChain(let size, let rounds, _):
            UInt64(size) * UInt64(size) * (format.workingBytes + entry * (UInt64(rounds) + 1))
                + 17 << 20
        case .streamChain(let blocks, let passes, _):
            UInt64(blocks) * (3 * 8 * UInt64(STREAM_CHAIN_BLOCK) + 64 * UInt64(passes))
        case .laneChain(let lanes, _, let rounds, _):
            // The digests of all rounds, their trees, and what the lanes of all threads work in.
            UInt64(lanes) * 48 * UInt64(rounds) + 16 << 20
        case .walkChain(let pages, let chains, _, let rounds, _):
            UInt64(pages) * UInt64(MEMORY_PAGE)
                + UInt64(chains) * UInt64(rounds) * UInt64(WalkChainShape.leavesPerChain)
                * UInt64(WalkChainShape.leafBytes + 64)
        }
    }

    /// The same challenge with another number of rounds or passes.
    func repeated(_ count: UInt32) -> ChallengeParameters {
        switch self {
        case .matrixChain(let size, _): .matrixChain(size: size, rounds: count)
        case .streamChain(let blocks, _, let openings):
            .streamChain(blocks: blocks, passes: count, openings: openings)
        case .laneChain(let lanes, let steps, _, let openings):
            .laneChain(lanes: lanes, steps: steps, rounds: count, openings: openings)
        case .tileChain(let size, _, let openings):
            .tileChain(size: size, rounds: count, openings: openings)
        case .walkChain(let pages, let chains, let steps, _, let openings):
            .walkChain(
                pages: pages, chains: chains, steps: steps, rounds: count, openings: openings)
        }
    }
}

extension ChallengeParameters: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .matrixChain(let size, let rounds):
            encoder.byte(0)
            encoder.number(size)
            encoder.number(rounds)
        case .streamChain(let blocks, let passes, let openings):
            encoder.byte(1)
            encoder.number(blocks)
            encoder.number(passes)
            encoder.number(openings)
        case .laneChain(let lanes, let steps, let rounds, let openings):
            encoder.byte(2)
            encoder.number(lanes)
            encoder.number(steps)
            encoder.number(rounds)
            encoder.number(openings)
        case .tileChain(let size, let rounds, let openings):
            encoder.byte(3)
            encoder.number(size)
            encoder.number(rounds)
            encoder.number(openings)
        case .walkChain(let pages, let chains, let steps, let rounds, let openings):
            encoder.byte(4)
            encoder.number(pages)
            encoder.number(chains)
            encoder.number(steps)
            encoder.number(rounds)
            encoder.number(openings)
        }
    }

    /// Reads the canonical form; throws `codec.malformed` or `challenge.parameters`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.byte() {
        case 0:
            self = .matrixChain(size: try decoder.number32(), rounds: try decoder.number32())
        case 1:
            self = .streamChain(
                blocks: try decoder.number32(), passes: try decoder.number32(),
                openings: try decoder.number32())
        case 2:
            self = .laneChain(
                lanes: try decoder.number32(), steps: try decoder.number32(),
                rounds: try decoder.number32(), openings: try decoder.number32())
        case 3:
            self = .tileChain(
                size: try decoder.number32(), rounds: try decoder.number32(),
                openings: try decoder.number32())
        case 4:
            self = .walkChain(
                pages: try decoder.number32(), chains: try decoder.number32(),
                steps: try decoder.number32(), rounds: try decoder.number32(),
                openings: try decoder.number32())
        default: throw Refusal("codec.malformed", "this kind of challenge is not known")
        }
        try validate()
    }
}
