// One device with the kernels loaded. Before it is used it must multiply two small matrices right:
// the kernels have been compiled where there was no device, and a machine may lie about having one.

import CGPUKernels
public import Primitives

/// A device at work; it belongs to one thread.
public final class AcceleratorSession {
    /// A matrix product the device knows: C = A B^T with the depth side by side in A and B.
    public enum Format: Sendable {
        /// Bytes, sums in 32 bits.
        case int8
        /// bfloat16, sums in single precision.
        case bfloat16
    }

    private let driver: AcceleratorDriver
    private let handle: OpaquePointer

    /// Starts a device and loads what it can run; throws `gpu.driver-failed`, or `gpu.wrong-answer`
    /// when it cannot multiply.
    public init(_ driver: AcceleratorDriver, device: Int) throws(Refusal) {
        var code: Int32 = 0
        guard let started = gpu_session_start(driver.handle, Int32(device), &code) else {
            throw AcceleratorDriver.failed("starting device \(device)", code)
        }
        self.driver = driver
        handle = started
        try check()
    }

    deinit { gpu_session_end(handle) }

    /// Reserves memory on the device; throws `gpu.memory`.
    public func allocate(bytes: Int) throws(Refusal) -> UInt64 {
        let address = gpu_allocate(handle, bytes)
        guard address != 0 else {
            throw Refusal("gpu.memory", "the device has no \(bytes) bytes to give")
        }
        return address
    }

    /// Frees what `allocate` gave.
    public func free(_ address: UInt64) { gpu_free(handle, address) }

    /// Copies bytes to the device; throws `gpu.driver-failed`.
    public func copy(_ bytes: UnsafeRawBufferPointer, to address: UInt64) throws(Refusal) {
        let code = gpu_copy_in(handle, address, bytes.baseAddress, bytes.count)
        guard code == 0 else { throw AcceleratorDriver.failed("copying to the device", code) }
    }

    /// Copies bytes from the device; throws `gpu.driver-failed`.
    public func copy(from address: UInt64, to bytes: UnsafeMutableRawBufferPointer)
        throws(Refusal)
    {
        let code = gpu_copy_out(handle, bytes.baseAddress, address, bytes.count)
        guard code == 0 else { throw AcceleratorDriver.failed("copying from the device", code) }
    }

    /// Launches a product of `rows` x `depth` by (`columns` x `depth`)^T; rows and columns are
    /// multiples of 128, the depth of 64 bytes. Throws `gpu.size` or `gpu.driver-failed`.
    public func multiply(
        _ format: Format, rows: Int, columns: Int, depth: Int, a: UInt64, b: UInt64, c: UInt64
    ) throws(Refusal) {
        let depthBytes = format == .int8 ? depth : 2 * depth
        guard rows > 0, columns > 0, depth > 0, rows.isMultiple(of: 128),
            columns.isMultiple(of: 128), depthBytes.isMultiple(of: 64), rows <= 1 << 20,
            columns <= 1 << 20, depth <= 1 << 20
        else {
            throw Refusal("gpu.size", "a product of \(rows) x \(columns) x \(depth) does not tile")
        }
        var (a, b, c) = (a, b, c)
        var (width, bytes) = (UInt32(columns), UInt64(depthBytes))
        let grid = [UInt32(columns / 128), UInt32(rows / 128), 1]
        let name = format == .int8 ? "gemm_int8" : "gemm_bfloat16"
        let code = withUnsafeMutableBytes(of: &a) { a in
            withUnsafeMutableBytes(of: &b) { b in
                withUnsafeMutableBytes(of: &c) { c in
                    withUnsafeMutableBytes(of: &width) { width in
                        withUnsafeMutableBytes(of: &bytes) { bytes in
                            var arguments = [
                                a.baseAddress, b.baseAddress, c.baseAddress, width.baseAddress,
                                bytes.baseAddress,
                            ]
                            return gpu_launch(handle, name, grid, 256, &arguments)
                        }
                    }
                }
            }
        }
        guard code == 0 else { throw AcceleratorDriver.failed("launching \(name)", code) }
    }

    /// Waits for what was launched; throws `gpu.driver-failed`.
    public func wait() throws(Refusal) {
        let code = gpu_wait(handle)
        guard code == 0 else { throw AcceleratorDriver.failed("waiting for the device", code) }
    }

    /// Multiplies two small matrices and compares; throws `gpu.wrong-answer`.
    private func check() throws(Refusal) {
        let size = 128
        var lots = SplitMix64(seed: 7)
        func draw() -> [Int8] {
            (0..<size * size).map { _ in Int8(Int(lots.next(below: 127)) - 63) }
        }
        let (a, b) = (draw(), draw())
        let places = try [size * size, size * size, 4 * size * size].map {
            (bytes) throws(Refusal) in try allocate(bytes: bytes)
        }
        defer { for place in places { free(place) } }
        var answer = [Int32](repeating: 0, count: size * size)
        let fault = a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
                answer.withUnsafeMutableBytes { c in
                    Self.caught { () throws(Refusal) in
                        try copy(a, to: places[0])
                        try copy(b, to: places[1])
                        try multiply(
                            .int8, rows: size, columns: size, depth: size, a: places[0],
                            b: places[1], c: places[2])
                        try wait()
                        try copy(from: places[2], to: c)
                    }
                }
            }
        }
        if let fault { throw fault }
        for row in 0..<size {
            for column in 0..<size {
                var sum: Int32 = 0
                for p in 0..<size {
                    sum += Int32(a[row * size + p]) * Int32(b[column * size + p])
                }
                guard answer[row * size + column] == sum else {
                    throw Refusal("gpu.wrong-answer", "the device multiplies two matrices wrong")
                }
            }
        }
    }

    /// A typed error across closures that cannot throw it.
    private static func caught(_ body: () throws(Refusal) -> Void) -> Refusal? {
        do {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
