// `althing job`: training as it goes on.

import ArgumentParser
import Client
import ControlPlane
import Primitives
import Terminal

/// The noun `job`.
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Follow training jobs, see why tasks wait, stop your own.",
        discussion: """
            Example:
              althing job list
              althing job why 1
            """,
        subcommands: [JobList.self, JobShow.self, JobWhy.self, JobLogs.self, JobCancel.self])
}

/// `job list`.
struct JobList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List jobs, newest first.",
        discussion: """
            Example:
              althing job list
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let jobs = try await read.get("/api/v1/jobs")
        let table = Presentation.table(
            jobs,
            [
                .number("ID", "id"), .text("MODEL", "model"), .text("STATUS", "status"),
                .computed("ROUND", isNumber: true) {
                    "\($0["round"]?.shown ?? "-")/\($0["rounds"]?.shown ?? "-")"
                },
                .number("BITS/BYTE", "training_bits_per_byte"), .time("STARTED", "started"),
            ])
        read.printer.show(table, json: ["jobs": jobs])
    }
}

/// `job show`.
struct JobShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a job and its tasks.",
        discussion: """
            Example:
              althing job show 1
            """)

    @Argument(help: "The job's number.")
    var id: UInt64

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (job, money) = try await read.ask { (client) throws(Refusal) in
            (try await client.get("/api/v1/jobs/\(id)"), try await AssetAmounts(client))
        }
        let printer = read.printer
        let table = Presentation.table(
            job["tasks"] ?? [],
            [
                .number("TASK", "id"), .text("KIND", "kind"), .number("ROUND", "round"),
                .number("SEGMENT", "ordinal"), .text("STATUS", "status"),
                .number("ATTEMPTS", "attempts"),
                .computed("RUN BY") { task in
                    (task["executions"]?.elements ?? [])
                        .map { Presentation.short($0["provider"]?.shown ?? "-") }
                        .joined(separator: " ")
                },
            ])
        let facts =
            Presentation.facts(job, JobShow.keys)
            + Presentation.facts([("budget", money.text(job["budget"]))])
        printer.show(
            facts + [""] + table.lines(for: printer.screen) + JobShow.failures(job), json: job)
    }

    /// One line a machine that failed a task which is still open.
    private static func failures(_ job: JSON) -> [String] {
        let lines = (job["tasks"]?.elements ?? []).filter { $0["status"]?.text == "open" }
            .flatMap { task in
                (task["failures"]?.elements ?? []).map { failure in
                    let count = failure["count"]?.shown ?? "-"
                    return "task \(task["id"]?.shown ?? "-") failed"
                        + " \(count == "1" ? "once" : "\(count) times")"
                        + " on \(Presentation.short(failure["provider"]?.shown ?? "-")):"
                        + " \(failure["reason"]?.shown ?? "-")"
                }
            }
        return lines.isEmpty ? [] : [""] + lines
    }

    private static let keys = [
        ("job", "id"), ("model", "model"), ("proposal", "proposal"), ("status", "status"),
        ("round", "round"), ("rounds", "rounds"), ("segments accepted", "segments_accepted"),
        ("compared with another owner", "duplicates_compared"),
        ("bits per byte, before", "bits_per_byte_start"),
        ("bits per byte, in training", "training_bits_per_byte"),
        ("bits per byte, after", "bits_per_byte_end"),
        ("bits per byte, bigram", "bigram_bits_per_byte"), ("started", "started"),
        ("finished", "finished"), ("failure", "failure"),
    ].map { (label: $0.0, key: $0.1) }
}

/// `job why`.
struct JobWhy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Show why a job's tasks wait, and what would place them.",
        discussion: """
            Example:
              althing job why 1
            """)

    @Argument(help: "The job's number.")
    var id: UInt64

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let why = try await read.get("/api/v1/jobs/\(id)/why")
        let printer = read.printer
        let running = Presentation.table(
            why["running"] ?? [], [.number("TASK", "task"), .text("RUNNING ON", "provider")])
        let waiting = Presentation.table(
            why["waiting"] ?? [],
            [.number("TASK", "task"), .text("WAITS", "code"), .text("BECAUSE", "message")])
        printer.show(
            ["job \(id) is \(why["status"]?.shown ?? "-")"]
                + running.lines(for: printer.screen) + waiting.lines(for: printer.screen),
            json: why)
    }
}

/// `job logs`.
struct JobLogs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what happened to a job, from the log's events.",
        discussion: """
            Example:
              althing job logs 1
            """)

    @Argument(help: "The job's number.")
    var id: UInt64

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let events = try await read.ask { (client) throws(Refusal) in
            try await EventLog.all(client).filter { $0["job"]?.text == String(id) }
        }
        let lines = events.map { event in
            let facts = (event.members ?? []).filter {
                !["index", "time", "kind", "job"].contains($0.key)
            }
            let words = facts.map { "\($0.key)=\($0.value.shown)" }.joined(separator: " ")
            return Screen.sanitized(
                "\(Presentation.time(event["time"]?.text ?? "")) \(event["kind"]?.shown ?? "-")"
                    + " \(words)")
        }
        read.printer.show(lines, json: ["job": .int(id), "events": .array(events)])
    }
}

/// `job cancel`.
struct JobCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Stop the job of a proposal that you submitted.",
        discussion: """
            What was verified is paid, what is left of the budget returns to the treasury, and \
            machines drop the job's tasks. It cannot be taken back: another proposal starts another \
            job.

            Example:
              althing job cancel 1 --reason "the loss rises"
            """)

    @Argument(help: "The job's number.")
    var id: UInt64

    @OptionGroup var why: ReasonOption
    @OptionGroup var options: SigningCommandOptions

    func run() async throws {
        try await options.submit(.cancelJob(job: id, reason: why.reason)) { _ in
            ["job \(id) is cancelled"]
        }
    }
}

/// The log's events.
enum EventLog {
    private static let pageSize = 2000

    /// Every event, oldest first.
    static func all(_ client: ClusterClient) async throws(Refusal) -> [JSON] {
        var events: [JSON] = []
        var after: UInt64 = 0
        while true {
            let page =
                try await client.get("/api/v1/events?after_index=\(after)&limit=\(pageSize)")[
                    "events"]?.elements ?? []
            guard page.count == pageSize, let last = page.last?["index"]?.unsigned, last > after + 1
            else { return events + page }
            // The page may have cut the last entry's events short: it is asked for again.
            events += page.filter { $0["index"]?.unsigned != last }
            after = last - 1
        }
    }
}
