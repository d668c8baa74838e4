// One run of h2load, and what it says.

import Platform
import Primitives

/// What one run of the load gave.
struct LoadResult {
    var perSecond: Double
    var p50: Double
    var p99: Double
    var failed: Int
}

/// Drives h2load.
struct LoadDriver {
    let folder: String

    /// Connections; what is in flight is spread over them.
    private static let connections = 4

    /// Whether h2load is there.
    static func isInstalled() async -> Bool {
        (try? await ChildProcess.run(ChildCommand("h2load", ["--version"])))?.isSuccess == true
    }

    /// Sends `count` requests with `inFlight` of them at a time.
    func run(
        _ load: Load, to contender: any Contender, inFlight: Int, count: Int
    ) async throws(Refusal) -> LoadResult {
        let body = "\(folder)/\(contender.name)-\(load.rawValue).body"
        if !Files.exists(body) { try Files.create(body, contender.body(of: load)) }
        let log = "\(folder)/h2load.log"
        if Files.exists(log) { try Files.remove(log) }
        let connections = min(inFlight, LoadDriver.connections)
        var arguments = [
            "-n", "\(count)", "-c", "\(connections)", "-m", "\(inFlight / connections)", "-t", "1",
            "-d", body, "--log-file=\(log)",
        ]
        for header in contender.headers { arguments += ["-H", header] }
        arguments.append(try await contender.address(of: load))
        var command = ChildCommand("h2load", arguments)
        command.timeLimitNanoseconds = 300_000_000_000
        let outcome = try await ChildProcess.run(command)
        guard outcome.isSuccess else {
            throw Refusal("benchmarks.h2load", outcome.error.text + outcome.output.text)
        }
        return try LoadDriver.result(outcome.output.text, log: Files.read(log, limit: 1 << 30))
    }

    /// `finished in 1.23s, 8123.45 req/s, ...`, and the log: start, status and microseconds of
    /// each request.
    private static func result(_ text: String, log: [UInt8]) throws(Refusal) -> LoadResult {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("finished in") }),
            let rate = line.split(separator: " ").dropFirst(3).first.flatMap({ Double($0) })
        else { throw Refusal("benchmarks.h2load", "h2load says nothing that is understood") }
        var times: [Int] = []
        var failed = 0
        for line in log.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: "\t"))
            guard fields.count == 3,
                let time = Int(String(decoding: fields[2], as: UTF8.self))
            else { continue }
            if fields[1].elementsEqual("200".utf8) { times.append(time) } else { failed += 1 }
        }
        guard !times.isEmpty else {
            throw Refusal("benchmarks.h2load", "no request was answered with 200")
        }
        times.sort()
        return LoadResult(
            perSecond: rate, p50: Double(times[times.count / 2]) / 1000,
            p99: Double(times[min(times.count - 1, times.count * 99 / 100)]) / 1000, failed: failed)
    }
}
