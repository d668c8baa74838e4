// Challenges on an NVIDIA device: the chains of products, of memory passes and of walks stay on it
// from the seed to the roots, and only what is opened ever leaves it.

import Accelerator
package import Benchmarking
package import Primitives

/// This machine's first device, for the kernels that ask for one.
package struct ChallengeDevice: ChallengeAccelerator {
    private let session: AcceleratorSession

    /// Starts the device; throws `gpu.no-driver` and its kin where there is none.
    ///
    /// - Parameter library: the driver's library, where it is not the system's own.
    package init(library: String? = nil) throws(Refusal) {
        session = try AcceleratorSession(try AcceleratorDriver(library: library), device: 0)
    }

    /// The same, where the kernel asks for a device; nil for the others.
    package init?(for kernel: String) throws(Refusal) {
        guard KernelRegistry.kernel(named: kernel)?.device == .accelerator else { return nil }
        try self.init()
    }

    /// Why this machine has no device; nil where it has a driver and a device.
    package static var absence: Refusal? {
        do {
            let isEmpty = try AcceleratorDriver().devices().isEmpty
            return isEmpty ? Refusal("gpu.no-device", "the driver knows no device") : nil
        } catch {
            return error
        }
    }

    /// Nine tenths of what is free: the driver needs some itself.
    package var memory: UInt64 { session.memoryLeft / 10 * 9 }

    package func computation(_ kernel: Kernel, _ parameters: ChallengeParameters)
        throws(Refusal) -> any AcceleratedComputation
    {
        switch parameters {
        case .tileChain(let size, let rounds, _):
            return try DeviceTileChain(
                session, kernel.format == .byte ? .int8 : .bfloat16, size: Int(size),
                rounds: Int(rounds))
        case .streamChain(let blocks, let passes, _):
            return try DeviceStreamChain(session, blocks: Int(blocks), passes: Int(passes))
        case .walkChain(let pages, let chains, let steps, let rounds, _):
            return try DeviceWalkChain(
                session,
                WalkChainShape(
                    pages: Int(pages), chains: Int(chains), steps: Int(steps),
                    rounds: Int(rounds)))
        case .matrixChain, .laneChain:
            throw Refusal("gpu.kernel", "no device computes \(kernel.name) of that shape")
        }
    }
}

/// Places in a device's memory that go when this does.
final class DevicePlaces {
    let session: AcceleratorSession
    private var places: [UInt64] = []

    init(_ session: AcceleratorSession) { self.session = session }

    deinit { for place in places { session.free(place) } }

    /// Reserves memory; throws `gpu.memory`.
    func place(_ bytes: Int) throws(Refusal) -> UInt64 {
        let address = try session.allocate(bytes: bytes)
        places.append(address)
        return address
    }
}

/// Commitment trees on a device: a level at a time, in memory that levels share.
struct DeviceTrees {
    private let session: AcceleratorSession
    /// The levels above the leaves take turns in these.
    private let levels: (UInt64, UInt64)

    /// Trees of at most `nodes` leaves in all.
    init(_ places: DevicePlaces, nodes: Int) throws(Refusal) {
        session = places.session
        levels = (try places.place(32 * nodes), try places.place(32 * nodes))
    }

    /// Where the roots of `trees` trees lie side by side, until the next call; their leaves do at
    /// `leaves`, `width` each.
    func roots(_ leaves: UInt64, width: Int, trees: Int = 1) throws(Refusal) -> UInt64 {
        var (from, to, other, left) = (leaves, levels.0, levels.1, width)
        while left > 1 {
            try session.hashLevel(from, width: left, trees: trees, to: to)
            (from, to, other) = (to, other, to)
            left = (left + 1) / 2
        }
        return from
    }

    /// The root of one tree, on the host.
    func root(_ leaves: UInt64, width: Int) throws(Refusal) -> Digest {
        let place = try roots(leaves, width: width)
        return try session.digests(1, from: place)[0]
    }
}

extension AcceleratorSession {
    /// Reads digests; throws `gpu.driver-failed`.
    func digests(_ count: Int, from address: UInt64) throws(Refusal) -> [Digest] {
        let bytes = try read(32 * count, of: UInt8(0), from: address)
        return (0..<count).map { Digest(Array(bytes[32 * $0..<32 * $0 + 32])) ?? .zero }
    }
}
