// `althing model rederive`: the whole training again, calmly, on one machine. The digest says
// whether strangers' machines did what was voted.

import ArgumentParser
import Client
import ControlPlane
import Cryptography
import Governance
import LanguageModel
import Platform
import Primitives
import Provider
import Terminal

/// `model rederive`.
struct ModelRederive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rederive", abstract: "Train a model again from its plan; compare digests.",
        discussion: """
            Needs the data and the time that training took, and nothing that a provider handed in. \
            Exit code 1 when the digests differ. Neither the threads nor the instruction set may \
            make a difference: try them.

            Example:
              althing model rederive kings --threads 4
              althing model rederive kings --threads 1 --instruction-set avx2
            """)

    @Argument(help: "The model's name.")
    var name: String

    @Option(help: "How many segments of a round to run at once; one per processor otherwise.")
    var threads: Int?

    @Option(
        help: "avx512, avx2, neon or baseline; the fastest that the processor has otherwise.")
    var instructionSet: String?

    @OptionGroup var read: ReadOptions

    func run() async throws { try await derive() }

    private func derive() async throws(Refusal) {
        if let instructionSet { try Kernels.use(instructionSet: instructionSet) }
        let (digest, plan, data) = try await inputs()
        let printer = read.printer
        let started = SystemClock.monotonicNanoseconds()
        let progress = printer.progress("segments")
        let derivation = Rederivation(
            plan: plan, data: data, width: max(1, threads ?? Machine.cores))
        let found = try await derivation.run { done in
            progress.update(done, of: plan.segmentCount)
        }
        progress.finish("\(plan.segmentCount) run")
        let nanoseconds = SystemClock.monotonicNanoseconds() - started
        let isEqual = found == digest
        printer.show(
            Presentation.facts([
                ("model", name), ("digest", digest.contentName), ("rederived", found.contentName),
                ("equal", isEqual ? "yes" : "no"), ("segments", String(plan.segmentCount)),
                ("kernels", Kernels.instructionSet),
                ("seconds", ModelRederive.seconds(nanoseconds)),
            ]),
            json: [
                "model": .string(name), "digest": .string(digest.contentName),
                "rederived": .string(found.contentName), "equal": .bool(isEqual),
                "segments": .int(plan.segmentCount),
                "instruction_set": .string(Kernels.instructionSet),
                "seconds": .number(ModelRederive.seconds(nanoseconds)),
            ])
        guard isEqual else {
            throw Refusal(
                "model.not-rederived",
                "the plan gives \(found.contentName), the cluster says \(digest.contentName)")
        }
    }

    private func inputs() async throws(Refusal) -> (Digest, TrainingPlan, [UInt8]) {
        try await read.ask { (client) throws(Refusal) in
            let model = try await client.get("/api/v1/models/\(name)")
            guard let digest = model["digest"]?.text.flatMap({ Digest(hex: $0) }),
                let job = model["job"]?.unsigned,
                let bytes = try await client.get("/api/v1/jobs/\(job)")["plan"]?.text.flatMap({
                    Hex.decode($0)
                })
            else { throw Refusal("cluster.answer", "the member's model is malformed") }
            let plan = try TrainingPlan(decoding: bytes)
            var data: [UInt8] = []
            for source in plan.data { data += try await client.object(source.digest) }
            return (digest, plan, data)
        }
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// A training run on one machine.
struct Rederivation: Sendable {
    /// What was voted.
    let plan: TrainingPlan
    /// The training data, joined in the plan's order.
    let data: [UInt8]
    /// How many segments run at once, each on one thread.
    let width: Int

    /// Trains and gives the digest of the last parameters; `progress` hears of every segment.
    func run(_ progress: (UInt64) -> Void) async throws(Refusal) -> Digest {
        let first = try compute(.initialise, round: 0, parameters: [], momentum: [], deltas: [])
        guard first.objects.count == 2 else { throw Rederivation.malformed }
        var parameters = first.objects[0]
        var momentum = first.objects[1]
        for round in 0..<plan.recipe.rounds {
            let done = UInt64(round) * UInt64(plan.recipe.segmentsPerRound)
            let deltas = try await segments(round: round, parameters) { progress(done + $0) }
            let result = try compute(
                .aggregate, round: round, parameters: parameters, momentum: momentum,
                deltas: deltas)
            guard result.objects.count == 2 else { throw Rederivation.malformed }
            parameters = result.objects[0]
            momentum = result.objects[1]
        }
        return SHA256.hash(parameters)
    }

    private static let malformed = Refusal("task.result", "the program's result is malformed")

    private func compute(
        _ kind: TaskKind, round: UInt32, ordinal: UInt32 = 0, parameters: [UInt8],
        momentum: [UInt8], deltas: [[UInt8]]
    ) throws(Refusal) -> TaskYield {
        let order = TaskOrder(kind: kind, round: round, ordinal: ordinal, plan: plan)
        return try TaskProgram(order).compute(
            data: data, parameters: parameters, momentum: momentum, deltas: deltas)
    }

    private typealias Outcome = (ordinal: Int, delta: Result<[UInt8], Refusal>)

    /// A round's deltas in the segments' order, at most `width` of them at once.
    private func segments(
        round: UInt32, _ parameters: [UInt8], _ progress: (UInt64) -> Void
    ) async throws(Refusal) -> [[UInt8]] {
        let count = Int(plan.recipe.segmentsPerRound)
        let outcomes = await withTaskGroup(of: Outcome.self) { group in
            var deltas = [Result<[UInt8], Refusal>?](repeating: nil, count: count)
            var next = 0
            func start() {
                guard next < count else { return }
                let ordinal = next
                next += 1
                group.addTask { (ordinal, segment(round, ordinal, parameters)) }
            }
            for _ in 0..<width { start() }
            var done: UInt64 = 0
            while let outcome = await group.next() {
                deltas[outcome.ordinal] = outcome.delta
                done += 1
                progress(done)
                start()
            }
            return deltas
        }
        var deltas: [[UInt8]] = []
        for outcome in outcomes {
            guard let outcome else { throw Rederivation.malformed }
            deltas.append(try outcome.get())
        }
        return deltas
    }

    private func segment(_ round: UInt32, _ ordinal: Int, _ parameters: [UInt8])
        -> Result<[UInt8], Refusal>
    {
        do throws(Refusal) {
            let yield = try compute(
                .segment, round: round, ordinal: UInt32(ordinal), parameters: parameters,
                momentum: [], deltas: [])
            guard let delta = yield.objects.first else { throw Rederivation.malformed }
            return .success(delta)
        } catch {
            return .failure(error)
        }
    }
}
