// Matrix products against OpenBLAS and against loops of the same instructions without memory.

import CKernels

/// Square matrices of one format, with a workspace for every thread.
private struct Square<Element, Sum> {
    let size: Int
    let a: Scratch<Element>
    let b: Scratch<Element>
    let c: Scratch<Sum>

    /// Entries in [-63, 63], as the challenges have them: zeros would run faster on some machines.
    init(_ size: Int, zero: Sum, _ convert: (Int) -> Element) {
        self.size = size
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 &+ UInt64(size)
        func entry(_: Int) -> Element {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return convert(Int(state >> 33) % 127 - 63)
        }
        a = Scratch(size * size, entry)
        b = Scratch(size * size, entry)
        c = Scratch(size * size) { _ in zero }
    }

    var operations: Double { 2 * Double(size) * Double(size) * Double(size) }
}

extension KernelBenchmark {
    /// One product on so many threads.
    private func multiply(
        _ square: Square<Float, Float>, threads: Int, _ workspace: Scratch<UInt8>
    ) {
        let size = square.size
        var product = althing_product(
            rows: size, columns: size, depth: size, a: square.a.start, a_row: size, a_step: 1,
            b: square.b.start, b_step: size, b_column: 1, c: square.c.start, c_row: size,
            accumulate: 0)
        althing_team_single(&product, Int32(threads), workspace.start)
        althing_team_run(Int32(threads), workspace.start)
    }

    /// Single precision: every size, one core and all.
    func singleProducts() {
        for size in [128, 256, 512, 1024, 2048, 4096] {
            let square = Square<Float, Float>(size, zero: 0) { Float($0) }
            let workspace = Scratch<UInt8>(
                althing_team_workspace(ALTHING_SINGLE, size, size, size, Int32(cores))
            ) { _ in 0 }
            for threads in Set([1, cores]).sorted() {
                let clock: Stopwatch = threads == 1 ? .processor : .wall
                var entrants: [Entrant] = []
                if let peer {
                    entrants.append(
                        Entrant(name: "OpenBLAS") {
                            peer.use(threads: threads)
                            peer.multiply(size, square.a.start, square.b.start, square.c.start)
                            return square.operations
                        })
                }
                entrants.append(
                    Entrant(name: "ours") {
                        multiply(square, threads: threads, workspace)
                        return square.operations
                    })
                let contest = Contest(
                    title: "cpu.sgemm n=\(size), \(threads == 1 ? "one core" : "\(threads) cores")",
                    unit: "FLOP/s", clock: clock, entrants: entrants)
                report.add(contest, contest.run(repeats: repeats))
            }
        }
    }

    /// Double precision against OpenBLAS; bytes and bfloat16 against their bounds.
    func otherProducts() {
        let size = 2048
        let workspace = Scratch<UInt8>(althing_products_workspace()) { _ in 0 }
        let doubles = Square<Double, Double>(size, zero: 0) { Double($0) }
        var entrants: [Entrant] = []
        if let peer {
            entrants.append(
                Entrant(name: "OpenBLAS") {
                    peer.use(threads: 1)
                    peer.multiply(size, doubles.a.start, doubles.b.start, doubles.c.start)
                    return doubles.operations
                })
        }
        entrants.append(
            Entrant(name: "ours") {
                var product = althing_product_double(
                    rows: size, columns: size, depth: size, a: doubles.a.start, a_row: size,
                    a_step: 1, b: doubles.b.start, b_step: size, b_column: 1, c: doubles.c.start,
                    c_row: size, accumulate: 0)
                althing_gemm_double(&product, workspace.start)
                return doubles.operations
            })
        run("cpu.dgemm n=\(size), one core", "FLOP/s", entrants)

        let bytes = Square<Int8, Int32>(size, zero: 0) { Int8($0) }
        run(
            "cpu.igemm8 n=\(size), one core", "OP/s",
            [
                bound("registers alone", althing_peak_int8),
                Entrant(name: "ours") {
                    var product = althing_product_int8(
                        rows: size, columns: size, depth: size, a: bytes.a.start, a_row: size,
                        a_step: 1, b: bytes.b.start, b_step: size, b_column: 1,
                        c: bytes.c.start, c_row: size)
                    althing_gemm_int8(&product, workspace.start)
                    return bytes.operations
                },
            ])

        let halves = Square<UInt16, Float>(size, zero: 0) { UInt16(Float($0).bitPattern >> 16) }
        if althing_kernels_extensions() & ALTHING_EXTENSION_BF16.rawValue == 0 {
            report.note("this processor has no bfloat16 products: widened to single precision")
        }
        run(
            "cpu.bf16gemm n=\(size), one core", "FLOP/s",
            [
                bound("registers alone", althing_peak_bfloat16),
                Entrant(name: "ours") {
                    var product = althing_product_bfloat16(
                        rows: size, columns: size, depth: size, a: halves.a.start, a_row: size,
                        a_step: 1, b: halves.b.start, b_step: size, b_column: 1,
                        c: halves.c.start, c_row: size)
                    althing_gemm_bfloat16(&product, workspace.start)
                    return halves.operations
                },
            ])
    }

    private func bound(
        _ name: String, _ peak: @escaping (UInt64, UnsafeMutablePointer<Float>?) -> Double
    ) -> Entrant {
        Entrant(name: name) {
            var sink: Float = 0
            return peak(2_000_000, &sink)
        }
    }

    /// A contest of one thread, by processor time.
    func run(_ title: String, _ unit: String, _ entrants: [Entrant], compare: Bool = true) {
        let contest = Contest(title: title, unit: unit, clock: .processor, entrants: entrants)
        report.add(contest, contest.run(repeats: repeats), compare: compare)
    }
}
