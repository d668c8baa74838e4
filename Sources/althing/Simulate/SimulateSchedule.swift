// `althing simulate schedule`: how the scheduler of this program would have placed a trace.

import ArgumentParser
import Platform
import Primitives
import Scheduling
import Terminal

/// `simulate schedule`.
struct SimulateSchedule: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Play a trace, or drawn work, through the scheduler in virtual time.",
        discussion: """
            Shows how long tasks wait, how much of the machines is in use, and why what was never \
            placed waited. The policy is the file that a proposal would change: compare two. With \
            tables of the openb kind a graphics processor is a slot; a task that asks for a part \
            of one takes it whole, one that asks for several is a gang whose tasks may stand on \
            different machines, and one that asks for none is left out.

            Example:
              althing simulate schedule --seed 7 --machines 200 --tasks 5000
              althing simulate schedule --nodes nodes.csv --pods pods.csv
            """)

    @Option(help: ArgumentHelp("The scheduling policy.", valueName: "file"))
    var policy = "Policies/scheduling.yaml"

    @Option(help: ArgumentHelp("A table of machines; with --pods.", valueName: "file"))
    var nodes: String?

    @Option(help: ArgumentHelp("A table of tasks; with --nodes.", valueName: "file"))
    var pods: String?

    @Option(help: "What machines and tasks are drawn from, where no tables are given.")
    var seed: UInt64 = 1

    @Option(help: "How many machines are drawn.")
    var machines = 100

    @Option(help: "How many tasks are drawn.")
    var tasks = 2000

    @Option(help: "How much of the machines the drawn tasks would fill, in per cent.")
    var load: UInt64 = 90

    @Option(help: "How often plans are made at most, in virtual milliseconds.")
    var step: UInt64 = 1000

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (nodes == nil) == (pods == nil) else {
            throw ValidationError("--nodes and --pods go together")
        }
        guard 1...100_000 ~= machines, 1...1_000_000 ~= tasks, 1...1000 ~= load,
            1...86_400_000 ~= step
        else {
            throw ValidationError(
                "--machines lies in 1 to 100000, --tasks in 1 to 1000000, --load in 1 to 1000,"
                    + " --step in 1 to 86400000")
        }
    }

    func run() async throws { try replay() }

    private func trace() throws(Refusal) -> ScheduleTrace {
        guard let nodes, let pods else {
            return ScheduleTrace(
                seed: seed, machines: machines, tasks: tasks, load: load * 10_000)
        }
        return try ScheduleTrace(
            nodes: try Files.readText(nodes, limit: 1 << 26), nodesName: nodes,
            pods: try Files.readText(pods, limit: 1 << 26), podsName: pods)
    }

    private func replay() throws(Refusal) {
        let rules = try SchedulingPolicy(parsing: try Files.readText(policy), name: policy)
        let trace = try trace()
        let printer = output.printer
        let progress = printer.progress("tasks")
        let total = UInt64(trace.works.count)
        var replay = ScheduleReplay(trace, policy: rules, step: step)
        let started = SystemClock.monotonicNanoseconds()
        let outcome = replay.run { progress.update(UInt64($0), of: max(1, total)) }
        let nanoseconds = SystemClock.monotonicNanoseconds() - started
        progress.finish("\(total)")
        show(outcome, trace, nanoseconds / UInt64(max(1, outcome.plans)) / 1000, printer)
    }

    private func show(
        _ outcome: ScheduleOutcome, _ trace: ScheduleTrace, _ planMicroseconds: UInt64,
        _ printer: Output
    ) {
        let slots = trace.machines.reduce(0) { $0 + $1.slots }
        let tenths = outcome.utilisation / 1000
        let waits = [50, 95, 99].map { outcome.wait(percentile: $0) }
        var facts = [
            ("machines", "\(trace.machines.count) with \(slots) slots"),
            ("tasks", "\(trace.works.count), \(trace.leftOut) rows left out"),
            ("placed", "\(outcome.placed)"),
            ("slots in use until the last came", "\(tenths / 10).\(tenths % 10)%"),
            (
                "wait of 50, 95, 99 in 100",
                waits.map { Durations.text(milliseconds: $0) }.joined(separator: ", ")
            ),
            ("from first to last", Durations.text(milliseconds: outcome.span)),
            ("plans", "\(outcome.plans), \(planMicroseconds) us each"),
        ]
        for (code, count) in outcome.unplaced {
            facts.append(("never placed: \(code)", "\(count)"))
        }
        printer.show(
            Presentation.facts(facts),
            json: [
                "machines": .int(trace.machines.count), "slots": .int(slots),
                "tasks": .int(trace.works.count), "left_out": .int(trace.leftOut),
                "placed": .int(outcome.placed),
                "utilisation_millionths": .int(outcome.utilisation),
                "wait_milliseconds": [
                    "p50": .int(waits[0]), "p95": .int(waits[1]), "p99": .int(waits[2]),
                ],
                "span_milliseconds": .int(outcome.span), "plans": .int(outcome.plans),
                "plan_microseconds": .int(planMicroseconds),
                "unplaced": .array(
                    outcome.unplaced.map { ["code": .string($0.code), "count": .int($0.count)] }),
            ])
    }
}
