// The kernels, each with the sizes that it can be launched with. They compute what those of
// CKernels do; places are in the device's memory. A launch returns at once: `wait`, or a copy,
// waits for it.

import CGPUKernels
public import Primitives

extension AcceleratorSession {
    /// A format of the operands of a product.
    public enum Format: Sendable, CaseIterable {
        /// Bytes, sums in 32 bits.
        case int8
        /// bfloat16, sums in single precision.
        case bfloat16
        /// Single precision.
        case single

        /// Bytes of an operand.
        public var bytes: Int {
            switch self {
            case .int8: 1
            case .bfloat16: 2
            case .single: 4
            }
        }
    }

    /// Draws operands in [-63, 63]: `challenge_operands` of CKernels, `count` of each of `streams`
    /// streams, one behind the other. `key` holds 32 bytes. Throws `gpu.size` or
    /// `gpu.driver-failed`.
    public func draw(_ format: Format, key: UInt64, streams: Int, count: Int, to address: UInt64)
        throws(Refusal)
    {
        guard streams > 0, count > 0, count.isMultiple(of: 1024) else {
            throw Refusal("gpu.size", "streams of \(count) operands are not drawn in groups")
        }
        let name =
            switch format {
            case .int8: "draw_int8"
            case .bfloat16: "draw_bfloat16"
            case .single: "draw_float"
            }
        let blocks = streams * count / 64
        try launch(
            name, .each(blocks),
            [.address(key), .long(UInt64(count / 64)), .long(UInt64(blocks)), .address(address)])
    }

    /// C = A B^T, with the depth side by side in A and B, for bytes and bfloat16.
    ///
    /// - Parameters:
    ///   - depth: operands of a multiple of 16 bytes.
    ///   - portable: takes the product that every device has, also where there is a faster one.
    ///
    /// Throws `gpu.size` or `gpu.driver-failed`.
    public func multiply(
        _ format: Format, rows: Int, columns: Int, depth: Int, a: UInt64, b: UInt64, c: UInt64,
        portable: Bool = false
    ) throws(Refusal) {
        let depthBytes = format.bytes * depth
        guard format != .single, [rows, columns, depth].allSatisfy({ (1...1 << 20).contains($0) }),
            depthBytes.isMultiple(of: 16)
        else {
            throw Refusal("gpu.size", "a product of \(rows) x \(columns) x \(depth) does not tile")
        }
        let name = format == .int8 ? "int8" : "bfloat16"
        if hasHopper, !portable {
            try multiplyOnHopper(
                name, (rows, columns, depthBytes), a: a, b: b, c: c)
            return
        }
        try launch(
            "gemm_\(name)",
            KernelShape(blocks: ((columns + 127) / 128, (rows + 127) / 128), threads: 256),
            [
                .address(a), .address(b), .address(c), .word(rows), .word(columns),
                .long(UInt64(depthBytes)),
            ])
    }

    private func multiplyOnHopper(
        _ name: String, _ size: (rows: Int, columns: Int, depthBytes: Int), a: UInt64, b: UInt64,
        c: UInt64
    ) throws(Refusal) {
        // As hopper.cu says: tiles of 256 x 256 a pair of blocks, four stages of 48 KiB a block,
        // and room to bring them to a boundary of 1 KiB.
        let tiles = ((size.rows + 255) / 256) * ((size.columns + 255) / 256)
        let pairs = min(tiles, max(1, device.processors / 2))
        try launch(
            "hopper_\(name)",
            KernelShape(blocks: (2 * pairs, 1), threads: 384, shared: 4 * 48 << 10 + 1024),
            [
                .map(try map(a, rows: size.rows, rowBytes: size.depthBytes)),
                .map(try map(b, rows: size.columns, rowBytes: size.depthBytes)), .address(c),
                .word(size.rows), .word(size.columns), .word(size.depthBytes),
            ])
    }

    private func map(_ address: UInt64, rows: Int, rowBytes: Int) throws(Refusal) -> gpu_map {
        var map = gpu_map()
        try succeed(
            "describing a matrix",
            gpu_describe_matrix(handle, &map, address, UInt64(rows), UInt64(rowBytes)))
        return map
    }

    /// C = A^T B in single precision, with the rows side by side in A and the columns in B, both of
    /// a multiple of 4. Throws `gpu.size` or `gpu.driver-failed`.
    public func multiplySingle(
        rows: Int, columns: Int, depth: Int, a: UInt64, b: UInt64, c: UInt64
    ) throws(Refusal) {
        guard [rows, columns, depth].allSatisfy({ (1...1 << 20).contains($0) }),
            rows.isMultiple(of: 4), columns.isMultiple(of: 4)
        else {
            throw Refusal("gpu.size", "a product of \(rows) x \(columns) x \(depth) does not tile")
        }
        try launch(
            "gemm_float",
            KernelShape(blocks: ((columns + 127) / 128, (rows + 127) / 128), threads: 256),
            [
                .address(a), .address(b), .address(c), .word(rows), .word(columns), .word(depth),
            ])
    }

    /// Brings the sums of a square product back into [-63, 63]: to the operands of the next, in
    /// their order, and to panels of 32 of its rows, laid down with the rows' numbers side by side.
    /// Throws `gpu.size` or `gpu.driver-failed`.
    public func reduce(
        _ format: Format, size: Int, sums: UInt64, panels: UInt64, operands: UInt64
    ) throws(Refusal) {
        guard format != .single, size > 0, size.isMultiple(of: 32) else {
            throw Refusal("gpu.size", "a matrix of \(size) rows has no panels")
        }
        try launch(
            format == .int8 ? "reduce_int32" : "reduce_float",
            KernelShape(blocks: (size / 32, size / 32), threads: 256),
            [.address(sums), .word(size), .address(panels), .address(operands)])
    }

    /// The digests of `count` leaves of `bytes` bytes, a multiple of 4, that lie side by side.
    /// Throws `gpu.size` or `gpu.driver-failed`.
    public func hashLeaves(_ content: UInt64, bytes: Int, count: Int, to digests: UInt64)
        throws(Refusal)
    {
        guard bytes > 0, bytes.isMultiple(of: 4), bytes < 1 << 28, count > 0 else {
            throw Refusal("gpu.size", "leaves of \(bytes) bytes are not hashed")
        }
        try launch(
            "hash_leaves", .each(count, threads: 128),
            [.address(content), .word(bytes / 4), .long(UInt64(count)), .address(digests)])
    }

    /// One level up in `trees` trees of `width` digests each. Throws `gpu.driver-failed`.
    public func hashLevel(_ digests: UInt64, width: Int, trees: Int, to above: UInt64)
        throws(Refusal)
    {
        try launch(
            "hash_level", .each(trees * ((width + 1) / 2), threads: 128),
            [.address(digests), .word(width), .long(UInt64(trees)), .address(above)])
    }

    /// `stream_chain_fill` of CKernels for all blocks of one array; `base` holds a block. Throws
    /// `gpu.driver-failed`.
    public func streamFill(base: UInt64, array: Int, blocks: Int, to out: UInt64) throws(Refusal) {
        try launch(
            "stream_chain_fill", .each(blocks * 8192),
            [.address(base), .long(UInt64(array)), .long(UInt64(blocks)), .address(out)])
    }

    /// `stream_chain_pass` of CKernels. Throws `gpu.driver-failed`.
    public func streamPass(
        _ out: UInt64, _ b: UInt64, _ c: UInt64, factor: UInt64, blocks: Int, digests: UInt64
    ) throws(Refusal) {
        try launch(
            "stream_chain_pass", .each(blocks * 8),
            [
                .address(out), .address(b), .address(c), .long(factor), .long(UInt64(blocks)),
                .address(digests),
            ])
    }

    /// `memory_fill` of CKernels: pages of 4 KiB from page `first` on; `key` holds 32 bytes. Throws
    /// `gpu.driver-failed`.
    public func memoryFill(key: UInt64, first: Int, pages: Int, to out: UInt64) throws(Refusal) {
        try launch(
            "memory_fill", .each(pages, threads: 128),
            [.address(key), .long(UInt64(first)), .long(UInt64(pages)), .address(out)])
    }

    /// Walks of a walk chain, all at once: `starts` holds a state a walk, and `out` receives the
    /// leaves of one walk after the other. Throws `gpu.driver-failed`.
    public func memoryWalk(
        _ table: UInt64, entries: Int, starts: UInt64, walks: Int,
        leaves: Int, segments: Int, steps: Int, to out: UInt64
    ) throws(Refusal) {
        try launch(
            "memory_walk_chain", .each(walks, threads: 32),
            [
                .address(table), .long(UInt64(entries)), .address(starts), .word(walks),
                .word(leaves), .word(segments), .word(steps), .address(out),
            ])
    }

    /// `fma_chain` of CKernels. Throws `gpu.driver-failed`.
    public func fmaChain(_ x: UInt64, _ c: UInt64, count: Int, steps: Int) throws(Refusal) {
        try launch(
            "fma_chain", .each(count),
            [.address(x), .address(c), .word(count), .long(UInt64(steps))])
    }

    /// Causal attention of `heads` heads of 128 numbers over `context` tokens, single precision.
    /// Throws `gpu.driver-failed`.
    public func attention(
        query: UInt64, key: UInt64, value: UInt64, context: Int, heads: Int, to out: UInt64
    ) throws(Refusal) {
        try launch(
            "attention_128", KernelShape(blocks: ((context + 7) / 8, heads), threads: 256),
            [.address(query), .address(key), .address(value), .address(out), .word(context)])
    }
}
