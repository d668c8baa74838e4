// A group of three processes that can be measured: ours, or etcd's.

import Glibc
import Platform
import Primitives
import Transport

/// What one load consists of.
enum Load: String, CaseIterable {
    case put, read
}

/// Three members on loopback.
protocol Contender: AnyObject, Sendable {
    /// What it is called in tables.
    var name: String { get }
    /// Where h2load sends puts and reads to: the present leader.
    func address(of load: Load) async throws(Refusal) -> String
    /// The whole request bodies, and the header fields that go with them.
    func body(of load: Load) -> [UInt8]
    var headers: [String] { get }
    /// How many puts were ever applied, by its own count.
    func putCount() async throws(Refusal) -> UInt64
    /// The members' processes.
    var processes: [ChildProcess] { get }
    func stop() async
}

/// The put that both get: a key of 8 bytes and a value of 256.
enum BenchPut {
    static let key = Array("benchkey".utf8)
    static let value = (0..<256).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
}

/// The resident memory of a process now, in bytes.
func residentBytes(of process: ChildProcess) -> UInt64 {
    guard
        let text = try? Files.read("/proc/\(process.processIdentifier)/statm", limit: 256),
        let pages = String(decoding: text, as: UTF8.self).split(separator: " ").dropFirst().first,
        let count = UInt64(pages)
    else { return 0 }
    return count * 4096
}

/// Processor time of a process, all threads, in seconds.
func processorSeconds(of process: ChildProcess) -> Double {
    guard let text = try? Files.read("/proc/\(process.processIdentifier)/stat", limit: 4096)
    else { return 0 }
    // The name in brackets may hold blanks: count from behind it.
    let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?
        .split(separator: " ")
    guard let fields, fields.count > 12, let user = Double(fields[11]),
        let system = Double(fields[12])
    else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}

/// Waits until `probe` gives something; throws `benchmarks.timeout`.
func waiting<Value>(
    _ what: String, seconds: Double = 30, _ probe: () async -> Value?
) async throws(Refusal) -> Value {
    let end = SystemClock.monotonicNanoseconds() + UInt64(seconds * 1e9)
    while SystemClock.monotonicNanoseconds() < end {
        if let value = await probe() { return value }
        try? await Task.sleep(for: .milliseconds(20))
    }
    throw Refusal("benchmarks.timeout", "\(what) did not come within \(Int(seconds)) seconds")
}

/// Six ports of loopback, kept for the caller.
func sixPorts() throws(Refusal) -> PortBlock {
    try PortBlock(6, startingAt: 12_000 + Int(getpid()) % 400 * 40)
}
