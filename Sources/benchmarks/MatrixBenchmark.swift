// Single-precision matrix products on one core: each instruction set, and OpenBLAS when installed.

import CKernels
import Glibc

/// Square products of growing size.
struct MatrixBenchmark {
    let repeats: Int
    private let sizes = [512, 1024, 2048]

    private typealias BLASProduct =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
            UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
        ) -> Void

    func run() {
        print(
            "C = A B, single precision, one core, GFLOP/s of processor time, median of \(repeats)")
        // OpenBLAS reads these when it is loaded. An old one does not know a new processor and
        // falls back to 256-bit kernels; the peer shall run at its best.
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        if althing_kernels_best_isa() == ALTHING_ISA_AVX512 {
            setenv("OPENBLAS_CORETYPE", "SkylakeX", 1)
        }
        let peer = findOpenBLAS()
        if peer == nil {
            print("OpenBLAS is not installed: apt-get install -y libopenblas0-pthread")
        }
        for size in sizes {
            let rates = measure(size, peer: peer)
            for (name, rate) in rates {
                let ratio =
                    peer == nil ? "" : column(rate / rates[0].rate, digits: 2, width: 8) + " x"
                print(
                    column(Double(size), width: 6), name.padded(10),
                    column(rate, digits: 1, width: 8), ratio)
            }
        }
    }

    /// The peer first, then every instruction set of this processor but the software one.
    private func measure(_ size: Int, peer: BLASProduct?) -> [(name: String, rate: Double)] {
        let a = matrix(size, seed: 1), b = matrix(size, seed: 2), c = matrix(size, seed: 3)
        let workspace = UnsafeMutableRawPointer.allocate(
            byteCount: 4 * althing_gemm_workspace(), alignment: 64
        ).assumingMemoryBound(to: Float.self)
        defer { for memory in [a, b, c, workspace] { memory.deallocate() } }
        var runs: [(name: String, body: () -> Void)] = []
        if let peer {
            let n = Int32(size)
            runs.append(("OpenBLAS", { peer(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n) }))
        }
        for isa in [ALTHING_ISA_AVX512, ALTHING_ISA_AVX2]
        where isa.rawValue <= althing_kernels_best_isa().rawValue {
            runs.append(
                (
                    String(cString: althing_kernels_isa_name(isa)),
                    {
                        althing_kernels_set_isa(isa)
                        var product = althing_product(
                            rows: size, columns: size, depth: size, a: a, a_row: size, a_step: 1,
                            b: b, b_step: size, b_column: 1, c: c, c_row: size, accumulate: 0)
                        althing_gemm(&product, workspace)
                    }
                ))
        }
        return interleaved(runs, operations: 2 * Double(size) * Double(size) * Double(size))
    }

    /// Repeats take turns, so that a busy spell of the machine hits all alike.
    private func interleaved(_ runs: [(name: String, body: () -> Void)], operations: Double)
        -> [(name: String, rate: Double)]
    {
        var rates = [[Double]](repeating: [], count: runs.count)
        let inner = max(1, Int(2e10 / operations))
        for repetition in 0...repeats {
            for (index, run) in runs.enumerated() {
                let start = processorSeconds()
                for _ in 0..<inner { run.body() }
                let seconds = processorSeconds() - start
                // The first turn warms up.
                if repetition > 0 {
                    rates[index].append(operations * Double(inner) / seconds / 1e9)
                }
            }
        }
        return zip(runs, rates).map { ($0.name, median($1)) }
    }

    private func matrix(_ size: Int, seed: UInt32) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * size * size, alignment: 64)
            .assumingMemoryBound(to: Float.self)
        var state = seed
        for index in 0..<size * size {
            state = state &* 1_664_525 &+ 1_013_904_223
            memory[index] = Float(state >> 8) / 8_388_608 - 1
        }
        return memory
    }

    private func findOpenBLAS() -> BLASProduct? {
        for name in ["libopenblas.so.0", "libopenblas.so"] {
            guard let library = dlopen(name, RTLD_NOW), let symbol = dlsym(library, "cblas_sgemm")
            else { continue }
            return unsafeBitCast(symbol, to: BLASProduct.self)
        }
        return nil
    }
}

extension String {
    /// Filled up with spaces to `width` columns.
    func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
