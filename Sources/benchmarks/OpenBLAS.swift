// OpenBLAS, when it is installed: opened at run time, so that nothing depends on it.

import Glibc

/// The peer of the matrix products.
struct OpenBLAS {
    typealias Single =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
            UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
        ) -> Void
    typealias Double =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Swift.Double,
            UnsafePointer<Swift.Double>?, Int32, UnsafePointer<Swift.Double>?, Int32,
            Swift.Double, UnsafeMutablePointer<Swift.Double>?, Int32
        ) -> Void
    private typealias SetThreads = @convention(c) (Int32) -> Void
    private typealias CoreName = @convention(c) () -> UnsafePointer<CChar>?

    private let single: Single
    private let double: Double
    private let setThreads: SetThreads
    /// The processor it chose its kernels for.
    let core: String

    /// How to get it, for a machine without it.
    static let absence = "OpenBLAS is not installed: apt-get install -y libopenblas0-pthread"

    /// Opens `libopenblas.so.0`; nil when it is not installed.
    init?() {
        guard let library = dlopen("libopenblas.so.0", RTLD_NOW),
            let single = dlsym(library, "cblas_sgemm"),
            let double = dlsym(library, "cblas_dgemm"),
            let threads = dlsym(library, "openblas_set_num_threads")
        else { return nil }
        self.single = unsafeBitCast(single, to: Single.self)
        self.double = unsafeBitCast(double, to: Double.self)
        setThreads = unsafeBitCast(threads, to: SetThreads.self)
        let name = dlsym(library, "openblas_get_corename").flatMap {
            unsafeBitCast($0, to: CoreName.self)()
        }
        core = name.map { String(cString: $0) } ?? "unknown"
    }

    /// How many threads later products use.
    func use(threads: Int) { setThreads(Int32(threads)) }

    /// C = A B for square matrices of floats in row order.
    func multiply(
        _ size: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>
    ) {
        let n = Int32(size)
        single(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n)
    }

    /// The same for doubles.
    func multiply(
        _ size: Int, _ a: UnsafePointer<Swift.Double>, _ b: UnsafePointer<Swift.Double>,
        _ c: UnsafeMutablePointer<Swift.Double>
    ) {
        let n = Int32(size)
        double(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n)
    }
}
