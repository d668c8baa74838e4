// cuBLAS, where NVIDIA's library is installed: opened at run time, so that nothing depends on it.

import Glibc

/// The peer of the products on an NVIDIA device. It computes in the device's primary context, which
/// is also ours, so that both see the same memory.
final class CuBLAS {
    private typealias Create = @convention(c) (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias Version =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>) -> Int32
    private typealias Multiply =
        @convention(c) (
            OpaquePointer?, Int32, Int32, Int32, Int32, Int32, UnsafeRawPointer?, UInt64, Int32,
            Int32, UInt64, Int32, Int32, UnsafeRawPointer?, UInt64, Int32, Int32, Int32, Int32
        ) -> Int32

    private let handle: OpaquePointer
    private let multiply: Multiply
    /// Its version, 120904 or 130002.
    let version: Int

    /// How to get it, for a machine without it.
    static let absence =
        "cuBLAS is not found: pip install nvidia-cublas-cu12, and its folder in LD_LIBRARY_PATH or"
        + " its path in ALTHING_CUBLAS"

    /// Opens the library; nil when it is not installed or does not start.
    init?() {
        let named = getenv("ALTHING_CUBLAS").map { String(cString: $0) }
        let candidates = [named, "libcublas.so.13", "libcublas.so.12"].compactMap { $0 }
        guard let library = candidates.lazy.compactMap({ dlopen($0, RTLD_NOW) }).first,
            let create = dlsym(library, "cublasCreate_v2"),
            let version = dlsym(library, "cublasGetVersion_v2"),
            let multiply = dlsym(library, "cublasGemmEx")
        else { return nil }
        var started: OpaquePointer?
        guard unsafeBitCast(create, to: Create.self)(&started) == 0, let started else { return nil }
        var number: Int32 = 0
        _ = unsafeBitCast(version, to: Version.self)(started, &number)
        self.version = Int(number)
        self.multiply = unsafeBitCast(multiply, to: Multiply.self)
        handle = started
    }

    /// The numbers of a type, as cudaDataType has them.
    enum Numbers: Int32 {
        case single = 0
        case int8 = 3
        case int32 = 10
        case bfloat16 = 14
    }

    /// C = A B^T for square matrices, with the depth side by side in A and B; false when cuBLAS
    /// does not.
    func multiplyTransposed(
        _ size: Int, _ operands: Numbers, a: UInt64, b: UInt64, sums: Numbers, c: UInt64
    ) -> Bool {
        // In columns, as cuBLAS counts, this is C^T = (B^T)^T A^T.
        call((1, 0), size, operands, b, a, sums, c)
    }

    /// C = A^T B in single precision, with the rows side by side in A and the columns in B.
    func multiplySingle(_ size: Int, a: UInt64, b: UInt64, c: UInt64) -> Bool {
        call((0, 1), size, .single, b, a, .single, c)
    }

    private func call(
        _ turned: (Int32, Int32), _ size: Int, _ operands: Numbers, _ first: UInt64,
        _ second: UInt64, _ sums: Numbers, _ c: UInt64
    ) -> Bool {
        let n = Int32(size)
        // CUBLAS_COMPUTE_32I and CUBLAS_COMPUTE_32F, with one and zero in that type.
        let (compute, one): (Int32, UInt32) =
            operands == .int8 ? (72, 1) : (68, Float(1).bitPattern)
        var (alpha, beta) = (one, UInt32(0))
        return multiply(
            handle, turned.0, turned.1, n, n, n, &alpha, first, operands.rawValue, n, second,
            operands.rawValue, n, &beta, c, sums.rawValue, n, compute, -1) == 0
    }
}
