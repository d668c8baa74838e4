// The built-in workload as a program: reads its inputs from one folder, writes its output to
// another, knows no network. It runs inside the sandbox, and again wherever somebody re-derives a
// model.

public import ControlPlane
import Cryptography
public import Governance
import LanguageModel
import Platform
public import Primitives

/// What a task is to compute.
public struct TaskOrder: Sendable {
    /// What kind of task.
    public var kind: TaskKind
    /// The round.
    public var round: UInt32
    /// The segment of the round.
    public var ordinal: UInt32
    /// What was voted.
    public var plan: TrainingPlan

    /// Makes an order.
    public init(kind: TaskKind, round: UInt32, ordinal: UInt32, plan: TrainingPlan) {
        self.kind = kind
        self.round = round
        self.ordinal = ordinal
        self.plan = plan
    }
}

/// What a task gave: its objects' bytes and its metrics.
public struct TaskYield: Sendable {
    /// Contents in the kind's order.
    public var objects: [[UInt8]]
    /// Numbers in the kind's order.
    public var metrics: [UInt64]

    /// The output as it is signed.
    public var output: TaskOutput {
        TaskOutput(objects: objects.map { SHA256.hash($0) }, metrics: metrics)
    }
}

/// Computes tasks.
public struct TaskProgram: Sendable {
    private let order: TaskOrder
    private let recipe: PlanRecipe

    /// Prepares; throws what the plan's recipe refuses.
    public init(_ order: TaskOrder) throws(Refusal) {
        self.order = order
        recipe = try PlanRecipe(order.plan)
    }

    /// Computes from inputs in memory.
    ///
    /// - Parameters:
    ///   - data: the training data, joined in the plan's order.
    ///   - parameters: the round's checkpoint; empty for `initialise`.
    ///   - momentum: the round's outer momentum; only for `aggregate`.
    ///   - deltas: the round's deltas in segment order; only for `aggregate`.
    public func compute(
        data: [UInt8], parameters: [UInt8], momentum: [UInt8], deltas: [[UInt8]], threads: Int = 1
    ) throws(Refusal) -> TaskYield {
        let (train, heldOut) = recipe.split(data)
        switch order.kind {
        case .initialise: return try initialise(train, heldOut, threads)
        case .segment:
            let result = try recipe.segment(round: order.round, ordinal: order.ordinal).run(
                from: try ModelParameters(parsing: parameters), corpus: train, threads: threads)
            return TaskYield(
                objects: [result.delta],
                metrics: [result.startMicrobitsPerByte, result.endMicrobitsPerByte])
        case .aggregate:
            let result = try Aggregation.apply(
                recipe.recipe, parameters: try ModelParameters(parsing: parameters),
                momentum: try OuterMomentum(parsing: momentum), deltas: deltas)
            return TaskYield(
                objects: [result.parameters.serialized, result.momentum.serialized], metrics: [])
        case .evaluate: return try evaluate(parameters, train, heldOut, threads)
        }
    }

    private func initialise(_ train: [UInt8], _ heldOut: [UInt8], _ threads: Int) throws(Refusal)
        -> TaskYield
    {
        let first = recipe.firstParameters()
        let score = try Evaluation.bitsPerByte(
            first, heldOut: heldOut, windowLimit: PlanRecipe.evaluationWindows, threads: threads)
        let bigram = BigramBaseline.bitsPerByte(
            train: train, heldOut: heldOut, context: recipe.recipe.configuration.context,
            windowLimit: PlanRecipe.evaluationWindows)
        let momentum = OuterMomentum(configuration: recipe.recipe.configuration)
        return TaskYield(
            objects: [first.serialized, momentum.serialized], metrics: [score, bigram])
    }

    private func evaluate(
        _ checkpoint: [UInt8], _ train: [UInt8], _ heldOut: [UInt8], _ threads: Int
    ) throws(Refusal) -> TaskYield {
        let parameters = try ModelParameters(parsing: checkpoint)
        let score = try Evaluation.bitsPerByte(
            parameters, heldOut: heldOut, windowLimit: PlanRecipe.evaluationWindows,
            threads: threads)
        let session = try GenerationSession(parameters)
        var samples: [[UInt8]] = []
        for number in 0..<PlanRecipe.samples.count {
            // Each sample continues a different place of the held-out text.
            let place = heldOut.count / (PlanRecipe.samples.count + 1) * (number + 1)
            let prompt = Array(heldOut[place..<min(heldOut.count, place + 16)])
            samples.append(
                try session.run(
                    prompt: prompt, sampling: try Sampling(seed: UInt64(number)),
                    limit: PlanRecipe.samples.bytes))
        }
        let copied = VerbatimCopy.longest(samples: samples, corpus: train)?.length ?? 0
        return TaskYield(objects: [], metrics: [score, UInt64(copied)])
    }
}

/// The program's files inside the sandbox.
public enum TaskFiles {
    /// The order, as JSON.
    static let order = "order.json"
    /// The output: metrics and the number of objects, as JSON.
    static let result = "result.json"

    /// The order as JSON.
    static func encode(_ order: TaskOrder) -> JSON {
        [
            "kind": .int(order.kind.rawValue), "round": .int(order.round),
            "ordinal": .int(order.ordinal), "plan": .string(Hex.encode(order.plan.encoded)),
        ]
    }

    static func decode(_ json: JSON) throws(Refusal) -> TaskOrder {
        guard
            let kind = json["kind"]?.unsigned.flatMap({ UInt8(exactly: $0) })
                .flatMap({ TaskKind(rawValue: $0) }),
            let round = json["round"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
            let ordinal = json["ordinal"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
            let plan = json["plan"]?.text.flatMap({ Hex.decode($0) })
        else { throw Refusal("task.order", "the order is malformed") }
        return TaskOrder(
            kind: kind, round: round, ordinal: ordinal, plan: try TrainingPlan(decoding: plan))
    }

    /// Runs the order in `inputs` and writes what it gives to `output`: the whole program.
    public static func run(inputs: String, output: String) throws(Refusal) {
        let order = try decode(
            try JSON.parse(try Files.read("\(inputs)/\(TaskFiles.order)", limit: 4 << 20)))
        var data: [UInt8] = []
        for number in order.plan.data.indices { data += try Files.read("\(inputs)/data-\(number)") }
        var deltas: [[UInt8]] = []
        if order.kind == .aggregate {
            for number in 0..<order.plan.recipe.segmentsPerRound {
                deltas.append(try Files.read("\(inputs)/delta-\(number)"))
            }
        }
        func optional(_ name: String) throws(Refusal) -> [UInt8] {
            Files.exists("\(inputs)/\(name)") ? try Files.read("\(inputs)/\(name)") : []
        }
        let yield = try TaskProgram(order).compute(
            data: data, parameters: try optional("parameters"),
            momentum: try optional("momentum"), deltas: deltas)
        for (number, object) in yield.objects.enumerated() {
            try Files.writeAtomically("\(output)/object-\(number)", object)
        }
        let result: JSON = [
            "objects": .int(yield.objects.count),
            "metrics": .array(yield.metrics.map { .int($0) }),
        ]
        try Files.writeAtomically("\(output)/\(TaskFiles.result)", Array(result.compact.utf8))
    }

    /// Reads what the program wrote.
    static func collect(output: String) throws(Refusal) -> TaskYield {
        let result = try JSON.parse(
            try Files.read("\(output)/\(TaskFiles.result)", limit: 1 << 20))
        guard let count = result["objects"]?.integer, 0...16 ~= count,
            let metrics = result["metrics"]?.elements?.compactMap(\.unsigned)
        else { throw Refusal("task.result", "the program's result is malformed") }
        var objects: [[UInt8]] = []
        for number in 0..<count { objects.append(try Files.read("\(output)/object-\(number)")) }
        return TaskYield(objects: objects, metrics: metrics)
    }
}
