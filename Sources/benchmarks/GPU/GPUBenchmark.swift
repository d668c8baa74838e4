// The kernels of an NVIDIA device: first whether they are right, then how fast they are, beside
// cuBLAS and plain copies on the same device, taken in turns.

import Accelerator
import Glibc
import Primitives

/// Checks and times a device's kernels.
struct GPUBenchmark {
    /// Timed turns of each contest.
    let repeats: Int
    /// What to do.
    let parts: Set<Part>
    /// Whether only small sizes are checked: under a tool that watches every access.
    let isQuick: Bool
    let report: KernelReport

    /// What there is to do.
    enum Part: String, CaseIterable {
        case check, products, memory, rest
    }

    /// - Parameter words: what the command line says: the parts to do, all when it names none.
    init(repeats: Int, words: [String]) {
        self.repeats = repeats
        let named = words.compactMap { Part(rawValue: $0) }
        parts = Set(named.isEmpty ? Part.allCases : named)
        isQuick = words.contains("--quick")
        report = KernelReport(isJSON: words.contains("json"))
    }

    /// Runs everything on the first device; throws `gpu.no-driver` and its kin where there is none,
    /// and `gpu.wrong-answer` after all checks when one failed.
    func run() throws(Refusal) {
        let driver = try AcceleratorDriver()
        for device in try driver.devices() {
            report.note(
                "GPU \(device.index): \(device.name), \(device.memory >> 20) MiB, capability"
                    + " \(device.capability), \(device.processors) multiprocessors")
        }
        let session = try AcceleratorSession(driver, device: 0)
        var wrong = parts.contains(.check) ? check(session) : 0
        if !parts.isSubset(of: [.check]) { wrong += try race(session) }
        report.finish()
        guard wrong == 0 else {
            throw Refusal("gpu.wrong-answer", "\(wrong) checks failed")
        }
    }

    /// Runs all checks and gives the number of those that failed.
    private func check(_ session: AcceleratorSession) -> Int {
        // New data every time: the seed is the clock, and is told.
        let seed = UInt64(bitPattern: Int64(time(nil)))
        var wrong = 0
        let checks = AcceleratorCheck.all(isQuick: isQuick)
        for check in checks {
            do {
                try check.run(session, seed: seed)
            } catch {
                wrong += 1
                report.note("WRONG: \(check.name): \(error.message) [\(error.code)]")
            }
        }
        report.note("\(checks.count - wrong) of \(checks.count) checks passed, seed \(seed)")
        return wrong
    }

    /// Times what was asked for and gives the number of products that were wrong.
    private func race(_ session: AcceleratorSession) throws(Refusal) -> Int {
        report.note("medians of \(repeats) turns, taken in turns, by the device's clock")
        var wrong = 0
        if parts.contains(.products) {
            let peer = CuBLAS()
            report.note(peer.map { "cuBLAS \($0.version)" } ?? CuBLAS.absence)
            let products = GPUProducts(session: session, peer: peer, benchmark: self)
            for format in [AcceleratorSession.Format.bfloat16, .int8] {
                for size in [8192, 16_384] {
                    wrong += try products.run(format, size) ? 0 : 1
                }
            }
            wrong += try products.runSingle(8192) ? 0 : 1
        }
        let memory = GPUMemory(session: session, benchmark: self)
        if parts.contains(.memory) {
            try memory.stream()
            try memory.fill()
        }
        if parts.contains(.rest) { try memory.rest() }
        return wrong
    }
}

/// One way to do a work on a device.
struct GPUEntrant {
    let name: String
    /// How much it is, in the contest's unit.
    let work: Double
    /// Launches it.
    let body: () throws(Refusal) -> Void
}

extension GPUBenchmark {
    /// Lets all take turns: three to warm up, then the timed ones.
    func contest(
        _ title: String, _ unit: String, on session: AcceleratorSession, _ entrants: [GPUEntrant]
    ) throws(Refusal) {
        var rates = [[Double]](repeating: [], count: entrants.count)
        for turn in -3..<repeats {
            for (index, entrant) in entrants.enumerated() {
                let seconds = try session.seconds(entrant.body)
                if turn >= 0 { rates[index].append(entrant.work / max(seconds, 1e-9)) }
            }
        }
        report.add(
            Contest(title: title, unit: unit, clock: .device, entrants: []),
            zip(entrants, rates).map { Standing(name: $0.name, rates: $1) })
        fflush(nil)
    }
}
