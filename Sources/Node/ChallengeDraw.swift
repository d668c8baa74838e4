// What a group that is due is called to: a kernel of the suite for all of its machines, or one for
// devices beside the processor for those that have proved a device by any kernel. Who proves a card
// is held to it: two machines that share one come with it at the same instant, also when each has
// shown another side of it. A card that is too small for a kernel declines before the clock runs.

import Benchmarking
import Primitives

/// One drawn kernel, and who must come to it.
struct ChallengeDraw {
    /// A machine that can be called now.
    struct Machine {
        let agent: Address
        /// Kernels for devices that it has proved, and not failed since.
        let devices: [String]
    }

    let kernel: Kernel
    let agents: [Address]

    /// Draws among the suite's kernels and those for devices that one of the machines has proved,
    /// each as likely; nil when there is nothing to call to.
    ///
    /// - Parameter lot: 64 random bits.
    init?(_ lot: UInt64, _ policy: BenchmarkPolicy, _ machines: [Machine]) {
        let devices = policy.acceleratorKernels.filter { name in
            machines.contains { $0.devices.contains(name) }
        }
        let names = policy.suite.kernels.map(\.kernel) + devices
        guard !names.isEmpty,
            let kernel = KernelRegistry.kernel(named: names[Int(lot % UInt64(names.count))])
        else { return nil }
        self.kernel = kernel
        agents = machines.filter {
            kernel.device == .processor || !$0.devices.isEmpty
        }.map(\.agent)
    }
}
