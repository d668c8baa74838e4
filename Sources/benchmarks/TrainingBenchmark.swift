// The built-in trainer against PyTorch: the same model, parameters, batches and optimiser, one
// thread each, taking turns. The losses are compared too, so that a fast wrong answer cannot win.

import Glibc
import LanguageModel
import Platform
import Primitives

/// Trains one segment with each engine, several times.
struct TrainingBenchmark {
    let repeats: Int

    private struct Case {
        let name: String
        let recipe: TrainingRecipe
    }

    /// What one engine reports of one run.
    private struct Outcome {
        var tokensPerSecond: Double
        var firstLoss: Double
        var lastLoss: Double
    }

    func run() {
        do {
            print(
                "kernels: \(Kernels.instructionSet); tokens a second of processor time, one thread")
            let peer = findPeer()
            for entry in try cases() { try compare(entry, peer: peer) }
            try demonstrate()
        } catch {
            print("error[\(error.code)]: \(error.message)")
            exit(1)
        }
    }

    /// A Python that has PyTorch: the one on the path, or else the system's own, for which packages
    /// of the distribution are installed.
    private func findPeer() -> String? {
        for python in ["python3", "/usr/bin/python3"] {
            let version = capture(
                "\(python) -c 'import torch; print(torch.__version__)' 2>/dev/null")
            guard version.status == 0 else { continue }
            print("PyTorch \(version.output.filter { $0 != "\n" })")
            return python
        }
        print("PyTorch is not installed: apt-get install -y python3-torch")
        return nil
    }

    private func cases() throws(Refusal) -> [Case] {
        var long = try TrainingRecipe.demonstration
        long.stepsPerSegment = 400
        var larger = long
        larger.configuration = try ModelConfiguration(layers: 4, heads: 4, width: 128, context: 64)
        larger.batch = 12
        larger.stepsPerSegment = 40
        return [
            Case(name: "demonstration, batches of 4 x 32", recipe: long),
            Case(name: "0.83 M parameters, batches of 12 x 64", recipe: larger),
        ]
    }

    private func corpus() throws(Refusal) -> [UInt8] {
        let path = packageRoot + "/Deploy/corpus/kings.txt"
        guard let text = readFile(path) else {
            throw Refusal("benchmarks.corpus", "there is no corpus at \(path)")
        }
        return text
    }

    private func compare(_ entry: Case, peer: String?) throws(Refusal) {
        let text = try corpus()
        let parameters = ModelParameters(configuration: entry.recipe.configuration, seed: 1)
        var ours: [Outcome] = []
        var theirs: [Outcome] = []
        for _ in 0..<repeats {
            ours.append(try train(entry.recipe, parameters, text))
            if let peer { theirs.append(try trainPeer(peer, entry.recipe, parameters, text)) }
        }
        print("\(entry.name): \(parameters.configuration.parameterCount) parameters")
        report("  ours   ", ours)
        guard peer != nil else { return }
        report("  PyTorch", theirs)
        let ratio = median(ours.map(\.tokensPerSecond)) / median(theirs.map(\.tokensPerSecond))
        print("  ratio  ", column(ratio, digits: 2, width: 9), "x")
    }

    private func report(_ name: String, _ outcomes: [Outcome]) {
        let rates = outcomes.map(\.tokensPerSecond)
        print(
            name, column(median(rates), width: 9), "tokens/s (",
            column(rates.min() ?? 0, width: 0), "to", column(rates.max() ?? 0, width: 0),
            ")  loss", column(outcomes[0].firstLoss, digits: 4, width: 0), "to",
            column(outcomes[0].lastLoss, digits: 4, width: 0), "bits a byte")
    }

    private func train(
        _ recipe: TrainingRecipe, _ parameters: ModelParameters, _ text: [UInt8]
    ) throws(Refusal) -> Outcome {
        let start = processorSeconds()
        let result = try TrainingSegment(recipe: recipe, round: 0, seed: 1)
            .run(from: parameters, corpus: text)
        let seconds = processorSeconds() - start
        let tokens =
            Int(recipe.stepsPerSegment) * Int(recipe.batch) * recipe.configuration.context
        return Outcome(
            tokensPerSecond: Double(tokens) / seconds,
            firstLoss: Double(result.startMicrobitsPerByte) / 1e6,
            lastLoss: Double(result.endMicrobitsPerByte) / 1e6)
    }

    /// Runs `Deploy/benchmarks/pytorch_training.py` on the same checkpoint, batches and rates.
    private func trainPeer(
        _ python: String, _ recipe: TrainingRecipe, _ parameters: ModelParameters, _ text: [UInt8]
    ) throws(Refusal) -> Outcome {
        let folder = try TemporaryFolder(prefix: "althing-training")
        let path = folder.path
        let context = recipe.configuration.context
        var sampler = BatchSampler(seed: 1, corpusCount: text.count, context: context)
        var batches: [UInt8] = []
        for _ in 0..<recipe.stepsPerSegment * recipe.batch {
            let start = sampler.nextStart()
            batches.append(contentsOf: text[start...start + context])
        }
        let rates = (0..<UInt64(recipe.stepsPerSegment)).map {
            String(recipe.learningRate.rateNano(step: $0, of: recipe.totalSteps))
        }
        try Files.create(path + "/checkpoint", parameters.serialized)
        try Files.create(path + "/batches", batches)
        try Files.create(path + "/rates", Array(rates.joined(separator: " ").utf8))
        let script = packageRoot + "/Deploy/benchmarks/pytorch_training.py"
        // One thread in every library, none spinning beside it, and the widest kernels it has.
        var environment = "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1"
        environment += Kernels.instructionSet == "avx512" ? " OPENBLAS_CORETYPE=SkylakeX" : ""
        let (output, status) = capture(
            "env \(environment) \(python) '\(script)' '\(path)' \(recipe.batch)")
        let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        withExtendedLifetime(folder) {}
        guard status == 0, numbers.count == 3 else {
            throw Refusal("benchmarks.peer", "PyTorch failed: \(output)")
        }
        return Outcome(
            tokensPerSecond: numbers[0], firstLoss: numbers[1], lastLoss: numbers[2])
    }

    /// The whole demonstration run: what it costs and how good the model gets.
    private func demonstrate() throws(Refusal) {
        let recipe = try TrainingRecipe.demonstration
        let text = try corpus()
        let train = Array(text[..<(text.count * 9 / 10)])
        let heldOut = Array(text[(text.count * 9 / 10)...])
        var state = TrainingState(recipe: recipe, seed: 1)
        let before = try Evaluation.bitsPerByte(state.parameters, heldOut: heldOut)
        let start = processorSeconds()
        for round in 0..<recipe.rounds {
            var deltas: [[UInt8]] = []
            for index in 0..<recipe.segmentsPerRound {
                let segment = TrainingSegment(
                    recipe: recipe, run: Digest.zero, round: round, index: index)
                deltas.append(try segment.run(from: state.parameters, corpus: train).delta)
            }
            state = try Aggregation.apply(
                recipe, parameters: state.parameters, momentum: state.momentum, deltas: deltas)
        }
        let seconds = processorSeconds() - start
        let after = try Evaluation.bitsPerByte(state.parameters, heldOut: heldOut)
        let baseline = BigramBaseline.bitsPerByte(
            train: train, heldOut: heldOut, context: recipe.configuration.context)
        print("demonstration run:", column(seconds, digits: 1, width: 0), "s of processor time")
        print(
            "  held out:", column(Double(before) / 1e6, digits: 3, width: 0), "to",
            column(Double(after) / 1e6, digits: 3, width: 0), "bits a byte; bigram baseline",
            column(Double(baseline) / 1e6, digits: 3, width: 0))
        try decode(state.parameters)
    }

    private func decode(_ parameters: ModelParameters) throws(Refusal) {
        let session = try GenerationSession(parameters)
        let sampling = try Sampling(temperaturePermille: 600, topK: 20, seed: 1)
        let start = processorSeconds()
        let text = try session.run(
            prompt: Array("And the king said unto ".utf8), sampling: sampling, limit: 4000)
        let seconds = processorSeconds() - start
        print("  decoding:", column(4000 / seconds, width: 0), "bytes/s")
        print(
            "  sample: And the king said unto " + String(decoding: text.prefix(160), as: UTF8.self))
    }
}
