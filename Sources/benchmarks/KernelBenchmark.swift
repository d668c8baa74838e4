// The compute kernels against peers and bounds, in one process.
//
//   products     single and double precision against OpenBLAS, one core and all; bytes and bfloat16
//                against loops of the same instructions without memory
//   memory       the stream chain against a plain triad
//   checking     what verifying a challenge costs against computing it
//   the rest     rates

import Accelerator
import CKernels
import Platform
import Primitives

/// Runs the contests and reports them.
struct KernelBenchmark {
    let repeats: Int
    /// What to run.
    let parts: Set<Part>
    let report: KernelReport
    let peer = OpenBLAS()

    /// `cores` threads where a contest asks for all.
    let cores = Machine.cores

    /// What there is to run.
    enum Part: String, CaseIterable {
        case products, memory, checking, rest
    }

    /// - Parameter words: what the command line says: the parts to run, all when it names none.
    init(repeats: Int, words: [String]) {
        self.repeats = repeats
        let named = words.compactMap { Part(rawValue: $0) }
        parts = Set(named.isEmpty ? Part.allCases : named)
        report = KernelReport(isJSON: words.contains("json"))
    }

    func run() {
        let isa = String(cString: althing_kernels_isa_name(althing_kernels_isa()))
        let extensions = althing_kernels_extensions()
        var names: [String] = []
        if extensions & ALTHING_EXTENSION_VNNI.rawValue != 0 { names.append("vnni") }
        if extensions & ALTHING_EXTENSION_BF16.rawValue != 0 { names.append("bf16") }
        if extensions & ALTHING_EXTENSION_SHA.rawValue != 0 { names.append("sha") }
        report.note("kernels: \(([isa] + names).joined(separator: ", ")); \(cores) cores")
        report.note("medians of \(repeats) turns, taken in turns; spread is the median deviation")
        if let peer {
            report.note("OpenBLAS chose its kernels for \(peer.core)")
        } else {
            report.note(OpenBLAS.absence)
        }
        if parts.contains(.products) {
            singleProducts()
            otherProducts()
        }
        if parts.contains(.memory) { memory() }
        if parts.contains(.rest) { rates() }
        if parts.contains(.checking) { checking() }
        accelerator()
        report.finish()
    }

    /// What there is of a GPU.
    private func accelerator() {
        do {
            let devices = try AcceleratorDriver().devices()
            for device in devices {
                report.note("GPU \(device.index): \(device.name): see `benchmarks gpu`")
            }
        } catch {
            report.note("GPU: \(error.message) [\(error.code)]")
        }
    }
}
