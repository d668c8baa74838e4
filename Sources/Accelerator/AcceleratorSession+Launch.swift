// How a kernel is launched: its arguments lie in memory, and the driver gets a pointer to each.

import CGPUKernels
import Primitives

/// One argument of a kernel, in the width that it has there.
enum KernelArgument {
    /// A place in the device's memory.
    case address(UInt64)
    /// 32 bits.
    case word(Int)
    /// 64 bits.
    case long(UInt64)
    /// What the copy engine is told of a matrix.
    case map(gpu_map)
}

/// How many threads, and what they share.
struct KernelShape {
    /// Blocks across and down.
    var blocks: (Int, Int)
    /// Threads of a block.
    var threads: Int
    /// Bytes that the threads of a block share, beyond what the kernel says itself.
    var shared = 0

    /// One thread for each of `count`, in blocks of `threads`.
    static func each(_ count: Int, threads: Int = 256) -> KernelShape {
        KernelShape(blocks: ((count + threads - 1) / threads, 1), threads: threads)
    }
}

extension AcceleratorSession {
    /// Launches a kernel; throws `gpu.size` for more blocks than a launch can have, or
    /// `gpu.driver-failed`.
    func launch(_ kernel: String, _ shape: KernelShape, _ arguments: [KernelArgument])
        throws(Refusal)
    {
        guard (1...Int(Int32.max)).contains(shape.blocks.0), (1...65_535).contains(shape.blocks.1)
        else {
            throw Refusal("gpu.size", "\(kernel) cannot be launched in \(shape.blocks) blocks")
        }
        let slot = MemoryLayout<gpu_map>.stride
        let slots = UnsafeMutableRawPointer.allocate(
            byteCount: slot * max(1, arguments.count), alignment: 64)
        defer { slots.deallocate() }
        var pointers: [UnsafeMutableRawPointer?] = []
        for (index, argument) in arguments.enumerated() {
            let place = slots + index * slot
            switch argument {
            case .address(let value), .long(let value):
                place.storeBytes(of: value, as: UInt64.self)
            case .word(let value):
                place.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
            case .map(let map): place.storeBytes(of: map, as: gpu_map.self)
            }
            pointers.append(place)
        }
        let grid = [UInt32(shape.blocks.0), UInt32(shape.blocks.1), 1]
        let code = gpu_launch(
            handle, kernel, grid, UInt32(shape.threads), UInt32(shape.shared), &pointers)
        try succeed("launching \(kernel)", code)
    }
}
