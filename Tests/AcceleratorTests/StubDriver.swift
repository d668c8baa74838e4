// A stand-in for the driver's library, built by the test: what it answers is chosen by macros. Its
// one device runs the kernels' own sources on the processor, all but those in assembly for tensor
// cores, whose products it makes itself.

import Glibc

/// Shared libraries that stand in for libcuda, in a folder of their own.
struct StubDriver {
    let path: String

    /// Compiles the stub; nil where there is no C++ compiler.
    init?(_ name: String, flags: String = "") {
        var folder = Array("/tmp/althing-stub-XXXXXX".utf8CString)
        guard let made = mkdtemp(&folder) else { return nil }
        let place = String(decoding: made.bytes, as: UTF8.self)
        path = "\(place)/\(name).so"
        let here = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let source = here.dropLast(2).joined(separator: "/") + "/StandInDriver/driver.cc"
        let kernels = here.dropLast(3).joined(separator: "/") + "/Sources/CGPUKernels/kernels"
        let command =
            "c++ -std=c++20 -O1 -w -shared -fPIC \(flags) -I'\(kernels)' -o '\(path)' '\(source)'"
        guard system("command -v c++ >/dev/null") == 0 else {
            print("skipped: there is no C++ compiler to build a stand-in with")
            return nil
        }
        guard system(command) == 0 else { return nil }
    }
}

extension UnsafeMutablePointer<CChar> {
    /// What it points to, without the zero at the end.
    fileprivate var bytes: [UInt8] {
        (0..<strlen(self)).map { UInt8(bitPattern: self[$0]) }
    }
}
