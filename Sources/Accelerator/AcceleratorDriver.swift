// NVIDIA devices by way of their driver, opened at run time: a machine without one is told so.

import CGPUKernels
public import Primitives

/// A device as its driver describes it: a claim, not a measurement.
public struct AcceleratorDevice: Equatable, Sendable {
    /// Its place among the machine's devices.
    public let index: Int
    /// What its maker calls it.
    public let name: String
    /// Its memory, in bytes.
    public let memory: UInt64
    /// Its compute capability, 80 or 90.
    public let capability: Int
    /// Its multiprocessors.
    public let processors: Int
}

/// An opened driver.
public final class AcceleratorDriver {
    /// The driver in C, until this object goes.
    let handle: OpaquePointer

    /// Opens the driver's library, `libcuda.so.1` unless another is named.
    ///
    /// Throws `gpu.no-driver`, `gpu.old-driver`, `gpu.no-device` or `gpu.driver-failed`.
    public init(library: String? = nil) throws(Refusal) {
        var status = GPU_OK
        var detail = [CChar](repeating: 0, count: 512)
        let opened = gpu_driver_open(library, &status, &detail, detail.count)
        guard let opened else {
            let text = String(
                decoding: detail.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw Self.refusal(status, text)
        }
        handle = opened
    }

    deinit { gpu_driver_close(handle) }

    private static func refusal(_ status: gpu_status, _ detail: String) -> Refusal {
        switch status {
        case GPU_NO_DRIVER:
            Refusal("gpu.no-driver", "no NVIDIA driver: \(detail)")
        case GPU_OLD_DRIVER:
            Refusal("gpu.old-driver", "the NVIDIA driver has no function \(detail)")
        case GPU_NO_DEVICE:
            Refusal("gpu.no-device", "there is an NVIDIA driver and no device for it")
        default:
            Refusal("gpu.driver-failed", "the NVIDIA driver did not start: \(detail)")
        }
    }

    /// The devices; throws `gpu.driver-failed`.
    public func devices() throws(Refusal) -> [AcceleratorDevice] {
        var found: [AcceleratorDevice] = []
        for index in 0..<max(0, Int(gpu_device_count(handle))) {
            var device = gpu_device()
            let code = gpu_device_describe(handle, Int32(index), &device)
            guard code == 0 else { throw Self.failed("describing device \(index)", code) }
            let name = withUnsafeBytes(of: device.name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            found.append(
                AcceleratorDevice(
                    index: index, name: name, memory: device.memory,
                    capability: Int(device.capability), processors: Int(device.processors)))
        }
        return found
    }

    static func failed(_ doing: String, _ code: Int32) -> Refusal {
        Refusal("gpu.driver-failed", "\(doing), the NVIDIA driver answered \(code)")
    }

    /// The compiled files of kernels that this program carries, by name.
    public static var images: [String] {
        var count: Int32 = 0
        let images = gpu_images(&count)
        return (0..<Int(count)).compactMap { images?[$0].name.map { String(cString: $0) } }
    }

    /// The digest of the sources that the images were compiled from, in hexadecimal.
    public static var sourceDigest: String { String(cString: gpu_source_digest()) }
}
