// `althing audit watch`: the audit that never ends. Every entry is checked as it comes, and every
// member's signed head against what the entries rebuild.

import ArgumentParser
import Client
import ControlPlane
import Cryptography
import Platform
import Primitives
import Terminal

/// `audit watch`.
struct AuditWatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow the log and check every entry and every member's head as they come.",
        discussion: """
            Rebuilds the state from the first entry on, then follows. A line is printed when \
            something new holds; with --output json it is an object. Members that sign different \
            logs are found out: exit code 1 names what does not hold. Ctrl-C ends it.

            Example:
              althing audit watch --genesis 2f9e0f6f... --cluster http://127.0.0.1:7000
            """)

    @Option(help: "The genesis digest that you know.")
    var genesis: Digest?

    @Option(help: "Milliseconds between two looks.")
    var interval: UInt64 = 1000

    @Flag(help: "Stop when everything up to now holds.")
    var once = false

    @OptionGroup var read: ReadOptions

    func validate() throws {
        guard 10...3_600_000 ~= interval else {
            throw ValidationError("--interval lies in 10 to 3600000")
        }
    }

    func run() async throws {
        let watcher = LogWatcher(
            origins: read.cluster.origins, expected: genesis, interval: interval, once: once,
            printer: read.printer)
        if genesis == nil {
            read.printer.warn("no --genesis was given: the log is checked against itself only")
        }
        try await Stopping.run { () async throws(Refusal) in try await watcher.run() }
    }
}

/// Follows one deployment's log.
private struct LogWatcher: Sendable {
    let origins: [String]
    let expected: Digest?
    let interval: UInt64
    let once: Bool
    let printer: Output

    func run() async throws(Refusal) {
        let client = try ClusterClient(origins: origins)
        defer { client.close() }
        let genesis = try await client.genesis()
        if let expected, genesis.digest != expected {
            throw Refusal(
                "audit.genesis", "the cluster's genesis is \(genesis.digest), not \(expected)")
        }
        var auditor = try Auditor(following: genesis)
        var waiting: [String: String] = [:]
        var silent: Set<String> = []
        while !Task.isCancelled {
            let before = auditor.found
            // Heads come first: what they cover is then surely among the entries.
            let seats = auditor.seats.filter { !$0.clientOrigin.isEmpty }
            waiting = waiting.filter { origin, _ in seats.contains { $0.clientOrigin == origin } }
            for seat in seats {
                do throws(Refusal) {
                    waiting[seat.clientOrigin] = try await head(of: seat.clientOrigin)
                    silent.remove(seat.clientOrigin)
                } catch {
                    guard silent.insert(seat.clientOrigin).inserted else { continue }
                    printer.warn("member \(seat.id) does not answer: \(error.message)")
                }
            }
            try await follow(client, &auditor)
            for (origin, text) in waiting.sorted(by: { $0.key < $1.key })
            where try auditor.follow(head: text) {
                waiting[origin] = nil
            }
            let now = auditor.found
            if now.entries != before.entries { tell(now) }
            if once, waiting.isEmpty { return }
            try? await Task.sleep(for: .milliseconds(interval))
        }
    }

    private func head(of origin: String) async throws(Refusal) -> String {
        let client = try ClusterClient(origins: [origin])
        defer { client.close() }
        let bytes = try await client.bytes("/log/checkpoint", .init(timeout: .seconds(3)))
        return String(decoding: bytes, as: UTF8.self)
    }

    private func follow(_ client: ClusterClient, _ auditor: inout Auditor) async throws(Refusal) {
        while !Task.isCancelled {
            let page: LogPage
            do throws(Refusal) {
                page = try await LogPage(from: auditor.nextIndex, client)
            } catch  where ClusterClient.isPassing(error) {
                return
            }
            for entry in page.entries { try auditor.follow(entry) }
            guard !page.entries.isEmpty, auditor.nextIndex <= page.applied else { return }
        }
    }

    private func tell(_ report: AuditReport) {
        if printer.format == .json { return printer.screen.line(report.json.compact) }
        let members = report.signedBy.map { String($0) }.joined(separator: " ")
        printer.screen.line(
            "\(report.entries) entries, \(report.commands) commands, \(report.signatures)"
                + " signatures hold; head of \(report.treeSize) signed by member \(members);"
                + " state \(Presentation.short(report.stateDigest.hex))")
    }
}
