// The formats in which a chain of products is computed. All are exact on the operands that are
// drawn for them, so that the rounds, their roots and the check are the same on every machine: what
// differs is the unit of the processor that does the work.
//
// Single precision, bytes and bfloat16 multiply residues modulo 127 in [-63, 63]: sums of up to
// 4096 products stay below 2^24. Double precision multiplies residues modulo a prime near 2^20 in
// [-2^19, 2^19), so that no narrower unit can do it at once; sums of 4096 products stay at or below
// 2^50.

import CKernels
import Primitives

/// A format of the operands of a chain of products.
public enum MatrixFormat: Sendable, CaseIterable {
    /// Single precision.
    case single
    /// Bytes, summed in 32 bits.
    case byte
    /// bfloat16, summed in single precision.
    case bfloat16
    /// Double precision.
    case double

    /// Bytes of one residue as it is committed to.
    var entryBytes: Int { self == .double ? 4 : 1 }

    /// The largest matrix whose sums are exact, or, past 4096 in single precision, exact but with
    /// probability e^-1000: residues of either sign seldom add up to their bound.
    var sizeLimit: UInt32 {
        self == .double ? ChallengeParameters.sizeLimit : ChallengeParameters.tiledSizeLimit
    }

    /// Bytes of operands and sums that an engine takes for every entry of a matrix.
    var workingBytes: UInt64 {
        switch self {
        case .single: 12
        case .byte: 6
        case .bfloat16: 8
        case .double: 24
        }
    }

    /// An engine with all the memory that a chain of matrices of this size takes.
    func engine(size: Int, layout: MatrixLayout, workers: Workers) -> any MatrixEngine {
        switch self {
        case .single: ProductEngine<SingleArithmetic>(size, layout, workers)
        case .byte: ProductEngine<ByteArithmetic>(size, layout, workers)
        case .bfloat16: ProductEngine<BrainFloatArithmetic>(size, layout, workers)
        case .double: ProductEngine<DoubleArithmetic>(size, layout, workers)
        }
    }
}

/// How matrices are drawn: 32 rows, or 32 columns, from each stream of the generator.
///
/// Whoever checks everything reads rows; whoever checks single tiles draws single columns.
enum MatrixLayout: Sendable {
    case rows
    case columns
}

/// Exact products in one format.
protocol MatrixArithmetic: SendableMetatype {
    associatedtype Operand: Sendable
    associatedtype Sum: Sendable
    static var zero: (operand: Operand, sum: Sum) { get }
    /// What the kernels call it.
    static var format: althing_format { get }
    /// Whether reduced sums are operands as they are.
    static var sumsAreOperands: Bool { get }

    /// Draws `count` operands of a stream.
    static func draw(
        _ key: [UInt8], _ stream: Int, _ out: UnsafeMutablePointer<Operand>, _ count: Int)
    /// Prepares a product for `threads` threads.
    static func prepare(
        _ task: ProductTask<Operand, Sum>, threads: Int, _ workspace: UnsafeMutableRawPointer)
    /// Reduces sums: to committed bytes, in place, and, unless they are operands, to operands.
    static func reduce(
        _ sums: UnsafeMutablePointer<Sum>, _ bytes: UnsafeMutablePointer<Int8>,
        _ operands: UnsafeMutablePointer<Operand>, _ count: Int)
    /// Reads committed bytes as operands; false when one is out of range.
    static func read(
        _ bytes: UnsafePointer<Int8>, _ operands: UnsafeMutablePointer<Operand>, _ count: Int
    )
        -> Bool
}

/// A workspace for products of one size, for a number of threads.
struct ProductTeam<Arithmetic: MatrixArithmetic> {
    private let threads: Int
    private let workspace: AlignedBuffer<UInt8>

    init(rows: Int, columns: Int, depth: Int, threads: Int) {
        self.threads = threads
        workspace = AlignedBuffer(
            count: althing_team_workspace(
                Arithmetic.format, rows, columns, depth, Int32(threads)), repeating: 0)
    }

    /// Multiplies with as many workers as there are threads.
    func multiply(_ task: ProductTask<Arithmetic.Operand, Arithmetic.Sum>, workers: Workers) {
        Arithmetic.prepare(task, threads: threads, UnsafeMutableRawPointer(workspace.start))
        workers.forEach(threads) { _ in althing_team_help(workspace.start) }
    }
}

/// One product with any strides: `C(i, j) = sum_p A(i, p) B(p, j)`.
struct ProductTask<Operand, Sum> {
    var rows, columns, depth: Int
    var a: UnsafePointer<Operand>
    var aRow, aStep: Int
    var b: UnsafePointer<Operand>
    var bStep, bColumn: Int
    var c: UnsafeMutablePointer<Sum>
    var cRow: Int
}

/// `X_t = X_{t-1}^T B_t`, with its own buffers.
protocol MatrixEngine: AnyObject {
    /// Makes X_0 from a key.
    func start(_ key: [UInt8], workers: Workers)
    /// Draws B from a key, multiplies, reduces, writes row after row to `bytes`; X is then the
    /// result.
    func step(_ key: [UInt8], into bytes: AlignedBuffer<Int8>, workers: Workers)
}

/// The engine of one arithmetic.
private final class ProductEngine<Arithmetic: MatrixArithmetic>: MatrixEngine {
    private typealias Operands = AlignedBuffer<Arithmetic.Operand>
    private typealias Sums = AlignedBuffer<Arithmetic.Sum>

    private let shape: MatrixChainShape
    private let layout: MatrixLayout
    private let team: ProductTeam<Arithmetic>
    private let drawn: Operands
    private var state: Operands
    private var product: Sums
    /// Whether the state lies column by column: as it was drawn, in that layout.
    private var isTurned = false

    init(_ size: Int, _ layout: MatrixLayout, _ workers: Workers) {
        shape = MatrixChainShape(size: size)
        self.layout = layout
        team = ProductTeam(rows: size, columns: size, depth: size, threads: workers.width)
        drawn = Operands(count: shape.count, repeating: Arithmetic.zero.operand)
        state = Operands(count: shape.count, repeating: Arithmetic.zero.operand)
        product = Sums(count: shape.count, repeating: Arithmetic.zero.sum)
    }

    func start(_ key: [UInt8], workers: Workers) {
        draw(key, into: state, workers)
        isTurned = layout == .columns
    }

    func step(_ key: [UInt8], into bytes: AlignedBuffer<Int8>, workers: Workers) {
        draw(key, into: drawn, workers)
        multiply(workers)
        let (state, product, band) = (state, product, shape.bandCount)
        let entryBytes = bytes.count / shape.count
        workers.forEach(shape.bands) { index in
            let at = index * band
            Arithmetic.reduce(
                product.start + at, bytes.start + at * entryBytes, state.start + at, band)
        }
        isTurned = false
        guard Arithmetic.sumsAreOperands else { return }
        if let next = product as? Operands, let free = state as? Sums {
            (self.state, self.product) = (next, free)
        }
    }

    private func draw(_ key: [UInt8], into matrix: Operands, _ workers: Workers) {
        let band = shape.bandCount
        workers.forEach(shape.bands) { index in
            Arithmetic.draw(key, index, matrix.start + index * band, band)
        }
    }

    private func multiply(_ workers: Workers) {
        let size = shape.size
        let (aRow, aStep) = isTurned ? (size, 1) : (1, size)
        let (bStep, bColumn) = layout == .columns ? (1, size) : (size, 1)
        team.multiply(
            ProductTask(
                rows: size, columns: size, depth: size, a: UnsafePointer(state.start), aRow: aRow,
                aStep: aStep, b: UnsafePointer(drawn.start), bStep: bStep, bColumn: bColumn,
                c: product.start, cRow: size), workers: workers)
    }
}
