// What a machine has proved: one score a kernel, from its last accepted samples.

import Benchmarking
import Primitives

/// A kernel's score of one machine.
struct ProvedScore {
    var kernel: String
    var unit: String
    /// Median work per second of the last five accepted samples.
    var rate: UInt64
    var samples: Int

    /// Scores of a machine, by kernel name.
    static func all(of provider: Address, in state: any StateReader) -> [ProvedScore] {
        var rates: [(kernel: String, rates: [UInt64])] = []
        for (_, sample) in Tables.samples.records(withPrefix: provider.bytes, in: state)
        where sample.record.passed {
            if let index = rates.firstIndex(where: { $0.kernel == sample.record.kernel }) {
                rates[index].rates.append(sample.rate)
            } else {
                rates.append((sample.record.kernel, [sample.rate]))
            }
        }
        return rates.map { kernel, rates in
            let last = rates.suffix(5).sorted()
            return ProvedScore(
                kernel: kernel, unit: KernelRegistry.kernel(named: kernel)?.unit.rawValue ?? "",
                rate: last[(last.count - 1) / 2], samples: rates.count)
        }
    }
}
