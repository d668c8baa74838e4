// One device with the kernels loaded. Before it is used it must multiply two small matrices right:
// a machine may lie about having one, and a device may be broken.

import CGPUKernels
public import Primitives

/// A device at work; used by one thread at a time.
public final class AcceleratorSession {
    /// What it is, as its driver describes it.
    public let device: AcceleratorDevice

    private let driver: AcceleratorDriver
    let handle: OpaquePointer
    /// Whether the products of Hopper's tensor cores are loaded and can be told of matrices.
    let hasHopper: Bool

    /// Starts a device and loads what it can run; throws `gpu.no-device`, `gpu.driver-failed`, or
    /// `gpu.wrong-answer` when it cannot multiply.
    public init(_ driver: AcceleratorDriver, device index: Int) throws(Refusal) {
        guard let device = try driver.devices().first(where: { $0.index == index }) else {
            throw Refusal("gpu.no-device", "the NVIDIA driver knows no device \(index)")
        }
        var code: Int32 = 0
        guard let started = gpu_session_start(driver.handle, Int32(index), &code) else {
            throw AcceleratorDriver.failed("starting device \(index)", code)
        }
        self.driver = driver
        self.device = device
        handle = started
        var map = gpu_map()
        hasHopper =
            gpu_has(started, "hopper_int8") != 0
            && gpu_describe_matrix(started, &map, 1 << 21, 128, 128) == 0
        try check()
    }

    deinit { gpu_session_end(handle) }

    // MARK: Memory

    /// Reserves memory on the device; throws `gpu.memory`.
    public func allocate(bytes: Int) throws(Refusal) -> UInt64 {
        let address = bytes > 0 ? gpu_allocate(handle, bytes) : 0
        guard address != 0 else {
            throw Refusal("gpu.memory", "the device has no \(bytes) bytes to give")
        }
        return address
    }

    /// Frees what `allocate` gave.
    public func free(_ address: UInt64) { gpu_free(handle, address) }

    /// How many bytes could be reserved now.
    public var memoryLeft: UInt64 { gpu_memory_left(handle) }

    /// Copies bytes to the device; throws `gpu.driver-failed`.
    public func copy(_ bytes: UnsafeRawBufferPointer, to address: UInt64) throws(Refusal) {
        try succeed(
            "copying to the device", gpu_copy_in(handle, address, bytes.baseAddress, bytes.count))
    }

    /// Copies numbers to the device; throws `gpu.driver-failed`.
    public func copy<Number: BitwiseCopyable>(_ values: [Number], to address: UInt64)
        throws(Refusal)
    {
        let code = values.withUnsafeBytes {
            gpu_copy_in(handle, address, $0.baseAddress, $0.count)
        }
        try succeed("copying to the device", code)
    }

    /// Copies bytes from the device; throws `gpu.driver-failed`.
    public func copy(from address: UInt64, to bytes: UnsafeMutableRawBufferPointer)
        throws(Refusal)
    {
        try succeed(
            "copying from the device",
            gpu_copy_out(handle, bytes.baseAddress, address, bytes.count))
    }

    /// Copies `count` numbers from the device; throws `gpu.driver-failed`.
    public func read<Number: BitwiseCopyable>(
        _ count: Int, of zero: Number, from address: UInt64
    ) throws(Refusal) -> [Number] {
        var values = [Number](repeating: zero, count: count)
        let code = values.withUnsafeMutableBytes {
            gpu_copy_out(handle, $0.baseAddress, address, $0.count)
        }
        try succeed("copying from the device", code)
        return values
    }

    /// Copies within the device, after what was launched; throws `gpu.driver-failed`.
    public func copy(from source: UInt64, to target: UInt64, bytes: Int) throws(Refusal) {
        try succeed("copying within the device", gpu_copy_within(handle, target, source, bytes))
    }

    /// Fills memory with one byte; throws `gpu.driver-failed`.
    public func fill(_ address: UInt64, with byte: UInt8, bytes: Int) throws(Refusal) {
        try succeed("filling memory", gpu_fill(handle, address, byte, bytes))
    }

    // MARK: Time

    /// Waits for what was launched; throws `gpu.driver-failed`.
    public func wait() throws(Refusal) {
        try succeed("waiting for the device", gpu_wait(handle))
    }

    /// Runs what `body` launches and gives the seconds it took by the device's own clock: for
    /// diagnosis, never for a score. Throws `gpu.driver-failed`.
    public func seconds(_ body: () throws(Refusal) -> Void) throws(Refusal) -> Double {
        var milliseconds: Float = 0
        try succeed("marking time", gpu_mark(handle, 0))
        try body()
        try succeed("marking time", gpu_mark(handle, 1))
        try succeed("waiting for the device", gpu_elapsed(handle, &milliseconds))
        return Double(milliseconds) / 1000
    }

    func succeed(_ doing: String, _ code: Int32) throws(Refusal) {
        guard code == 0 else { throw AcceleratorDriver.failed(doing, code) }
    }

    // MARK: The first test

    /// Multiplies small matrices and compares; throws `gpu.wrong-answer`.
    private func check() throws(Refusal) {
        let (rows, columns, depth) = (130, 70, 144)
        var lots = SplitMix64(seed: 7)
        let a = (0..<rows * depth).map { _ in Int8(Int(lots.next(below: 127)) - 63) }
        let b = (0..<columns * depth).map { _ in Int8(Int(lots.next(below: 127)) - 63) }
        let places = try [a.count, b.count, 4 * rows * columns].map {
            (bytes) throws(Refusal) in try allocate(bytes: bytes)
        }
        defer { for place in places { free(place) } }
        try copy(a, to: places[0])
        try copy(b, to: places[1])
        try multiply(
            .int8, rows: rows, columns: columns, depth: depth, a: places[0], b: places[1],
            c: places[2])
        try wait()
        let answer = try read(rows * columns, of: Int32(0), from: places[2])
        for row in 0..<rows {
            for column in 0..<columns {
                var sum: Int32 = 0
                for p in 0..<depth {
                    sum += Int32(a[row * depth + p]) * Int32(b[column * depth + p])
                }
                guard answer[row * columns + column] == sum else {
                    throw Refusal("gpu.wrong-answer", "the device multiplies two matrices wrong")
                }
            }
        }
    }
}
