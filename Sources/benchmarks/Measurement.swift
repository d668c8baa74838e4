// Time and order statistics.

import Glibc

/// The processor time of this process, in seconds. On a shared machine it is the number to trust: a
/// busy neighbour moves the wall clock, and hardly this.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The middle value; zero of none.
func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// A number with `digits` behind the point, right aligned in `width` columns.
func column(_ value: Double, digits: Int = 0, width: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let units = Int((value * scale).rounded())
    var text = String(abs(units))
    while text.count <= digits { text = "0" + text }
    if digits > 0 { text.insert(".", at: text.index(text.endIndex, offsetBy: -digits)) }
    if units < 0 { text = "-" + text }
    return String(repeating: " ", count: max(0, width - text.count)) + text
}

/// The whole file, or nil.
func readFile(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
        bytes.append(contentsOf: buffer[..<count])
    }
    return bytes
}

/// What a shell command prints, and its exit status.
func capture(_ command: String) -> (output: String, status: Int32) {
    guard let pipe = popen(command, "r") else { return ("", -1) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
        bytes.append(contentsOf: buffer[..<count])
    }
    let status = pclose(pipe)
    return (String(decoding: bytes, as: UTF8.self), status)
}

/// The package's root folder: this file lies at Sources/benchmarks in it.
let packageRoot = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/")

/// Prints a line that is seen at once, also by who looks at a file: some runs take long.
func printNow(_ parts: String...) {
    print(parts.joined(separator: " "))
    fflush(nil)
}
