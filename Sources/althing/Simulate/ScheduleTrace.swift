// What a replay of placement is fed with: machines, and tasks that come and run for a while. Read
// from tables of the openb kind (Alibaba clusterdata, `cluster-trace-gpu-v2023`), or drawn from a
// seed.

import Primitives

/// Machines and work.
struct ScheduleTrace: Sendable {
    /// One machine.
    struct Machine: Sendable {
        let name: String
        /// How many tasks it runs at once.
        let slots: UInt64
        /// In bytes.
        let memory: UInt64
        /// Which kind of machine it is.
        let model: String
    }

    /// One task, or several that start together.
    struct Work: Sendable {
        let name: String
        /// In milliseconds from the start of the trace.
        let arrival: UInt64
        /// How long it runs, in milliseconds.
        let duration: UInt64
        /// How many slots it takes.
        let slots: UInt64
        /// In bytes, for all slots together.
        let memory: UInt64
        /// The only kind of machine that will do; nil for any.
        let model: String?
    }

    var machines: [Machine] = []
    /// In the order of their arrival.
    var works: [Work] = []
    /// How many rows were left out, because they ask for no slot.
    var leftOut = 0

    private static let mebibyte: UInt64 = 1 << 20
    private static let rowLimit = 1_000_000
    /// The longest time of a trace, in seconds: a hundred years.
    private static let timeLimit: UInt64 = 3_155_760_000

    // MARK: Tables

    /// Reads a table of machines and one of tasks.
    ///
    /// A processor of a graphics card is a slot; a task that asks for a part of one takes it whole,
    /// and one that asks for none is left out. Throws `trace.malformed` with file and line.
    init(nodes: String, nodesName: String, pods: String, podsName: String) throws(Refusal) {
        let nodeTable = try Table(nodes, name: nodesName, ["sn", "memory_mib", "gpu", "model"])
        for row in nodeTable.rows {
            let slots = try nodeTable.number(row, 2, in: 0...1024)
            guard slots > 0 else { continue }
            machines.append(
                Machine(
                    name: row.fields[0], slots: slots,
                    memory: try nodeTable.number(row, 1, in: 0...1 << 32) * Self.mebibyte,
                    model: row.fields[3]))
        }
        let columns = [
            "name", "memory_mib", "num_gpu", "gpu_spec", "creation_time", "deletion_time",
        ]
        let podTable = try Table(pods, name: podsName, columns)
        var end: UInt64 = 0
        for row in podTable.rows {
            end = max(end, try podTable.number(row, 4, in: 0...Self.timeLimit))
        }
        for row in podTable.rows {
            let slots = try podTable.number(row, 2, in: 0...1024)
            guard slots > 0 else {
                leftOut += 1
                continue
            }
            let arrival = try podTable.number(row, 4, in: 0...Self.timeLimit)
            // A task that was not deleted ran on to the end of the trace.
            let deletion =
                row.fields[5].isEmpty
                ? max(end, arrival) : try podTable.number(row, 5, in: 0...Self.timeLimit)
            let models = row.fields[3].split(separator: "|")
            works.append(
                Work(
                    name: row.fields[0], arrival: arrival * 1000,
                    duration: max(1, deletion > arrival ? deletion - arrival : 1) * 1000,
                    slots: slots,
                    memory: try podTable.number(row, 1, in: 0...1 << 32) * Self.mebibyte,
                    model: models.count == 1 ? String(models[0]) : nil))
        }
        works.sort { ($0.arrival, $0.name) < ($1.arrival, $1.name) }
    }

    // MARK: Drawn

    /// Draws machines of one to eight slots, and tasks of a second to half an hour that come at the
    /// rate that fills the machines to `load` in millionths.
    init(seed: UInt64, machines count: Int, tasks: Int, load: UInt64) {
        var random = SplitMix64(seed: seed)
        var slots: UInt64 = 0
        for number in 0..<count {
            let own = UInt64(1) << random.next(below: 4)
            slots += own
            machines.append(
                Machine(
                    name: "machine-\(number)", slots: own, memory: own * 16 << 30,
                    model: random.next(below: 4) == 0 ? "new" : "old"))
        }
        var drawn: [Work] = []
        var demand: UInt64 = 0
        for number in 0..<tasks {
            // Many short ones, few long ones.
            let duration = (1000 << random.next(below: 11)) + random.next(below: 1000)
            let width = random.next(below: 20) == 0 ? 2 + random.next(below: 3) : 1
            demand += duration * width
            drawn.append(
                Work(
                    name: "task-\(number)", arrival: 0, duration: duration, slots: width,
                    memory: width * (1 + random.next(below: 12)) << 30,
                    model: random.next(below: 10) == 0 ? "new" : nil))
        }
        let span = demand / max(1, slots) * 1_000_000 / max(1, load)
        works = drawn.map { work in
            Work(
                name: work.name, arrival: random.next(below: max(1, span)),
                duration: work.duration, slots: work.slots, memory: work.memory, model: work.model)
        }
        works.sort { ($0.arrival, $0.name) < ($1.arrival, $1.name) }
    }

    /// A table of values separated by commas, some of its columns by name.
    private struct Table {
        struct Row {
            let line: Int
            let fields: [String]
        }

        let name: String
        let columns: [String]
        var rows: [Row] = []

        init(_ text: String, name: String, _ columns: [String]) throws(Refusal) {
            self.name = name
            self.columns = columns
            var places: [Int]?
            for (number, line) in text.split(
                separator: "\n", omittingEmptySubsequences: false
            ).enumerated() where !line.isEmpty {
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                guard let known = places else {
                    let found = columns.compactMap { column in
                        fields.firstIndex { $0 == column }
                    }
                    guard found.count == columns.count else {
                        throw Refusal(
                            "trace.malformed",
                            "the first line must name \(columns.joined(separator: ", "))",
                            at: "\(name):1")
                    }
                    places = found
                    continue
                }
                guard let last = known.max(), last < fields.count else {
                    throw Refusal(
                        "trace.malformed", "a field is missing", at: "\(name):\(number + 1)")
                }
                rows.append(Row(line: number + 1, fields: known.map { String(fields[$0]) }))
                guard rows.count <= ScheduleTrace.rowLimit else {
                    throw Refusal(
                        "trace.malformed", "more than \(ScheduleTrace.rowLimit) lines",
                        at: "\(name):\(number + 1)")
                }
            }
        }

        func number(_ row: Row, _ column: Int, in range: ClosedRange<UInt64>) throws(Refusal)
            -> UInt64
        {
            guard let value = UInt64(row.fields[column]), range.contains(value) else {
                throw Refusal(
                    "trace.malformed",
                    "`\(columns[column])` must be a number of \(range.lowerBound) to"
                        + " \(range.upperBound), not `\(row.fields[column])`",
                    at: "\(name):\(row.line)")
            }
            return value
        }
    }
}
