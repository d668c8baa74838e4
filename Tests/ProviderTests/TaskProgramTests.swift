// The built-in workload: from memory, from files, and as the sandbox runs it.

import ControlPlane
import Cryptography
import Glibc
import LanguageModel
import Platform
import Primitives
import Sandbox
import Testing

@testable import Provider

@Suite(.timeLimit(.minutes(1))) struct TaskProgramTests {
    /// One run, computed once for all tests.
    private static let outcome = Result { try SmallRun.run(threads: 1) }

    @Test func `a round goes from its first parameters to an evaluation`() throws {
        let outcome = try Self.outcome.get()
        #expect(outcome.metrics.map(\.count) == [2, 2, 2, 0, 2])
        // parameters, momentum; two deltas; parameters, momentum; nothing.
        #expect(outcome.digests.count == 6)
        #expect(outcome.inputs.final != outcome.inputs.parameters)
        #expect(outcome.inputs.deltas[0] != outcome.inputs.deltas[1])
        // The trained model is better than the one it began as.
        let start = outcome.metrics[0][0]
        let end = outcome.metrics[4][0]
        #expect(end < start)
    }

    @Test func `two threads give the same bytes as one`() throws {
        #expect(try SmallRun.run(threads: 2) == Self.outcome.get())
    }

    @Test func `inputs that are damaged are refused`() throws {
        let outcome = try Self.outcome.get()
        let segment = try TaskProgram(try SmallRun.order(.segment))
        for parameters in [[], Array(outcome.inputs.parameters.dropLast()), [1, 2, 3]] {
            #expect(throws: Refusal.self) {
                try segment.compute(
                    data: SmallRun.data, parameters: parameters, momentum: [], deltas: [])
            }
        }
        let aggregate = try TaskProgram(try SmallRun.order(.aggregate))
        #expect(throws: Refusal.self) {
            try aggregate.compute(
                data: SmallRun.data, parameters: outcome.inputs.parameters,
                momentum: outcome.inputs.momentum, deltas: [outcome.inputs.deltas[0], [0]])
        }
        #expect(throws: Refusal.self) {
            try TaskProgram(try SmallRun.order(.initialise)).compute(
                data: [], parameters: [], momentum: [], deltas: [])
        }
    }

    // MARK: Files

    /// Lays a segment's inputs out as the agent does.
    private func layOut(_ folder: String) throws {
        let outcome = try Self.outcome.get()
        try Files.makeFolders("\(folder)/inputs")
        try Files.makeFolders("\(folder)/output")
        try Files.create(
            "\(folder)/inputs/order.json",
            Array(TaskFiles.encode(try SmallRun.order(.segment, ordinal: 1)).compact.utf8))
        try Files.create("\(folder)/inputs/data-0", SmallRun.data)
        try Files.create("\(folder)/inputs/parameters", outcome.inputs.parameters)
    }

    @Test func `the program reads its folder and writes its folder`() throws {
        let folder = try TemporaryFolder(prefix: "provider-tests")
        try layOut(folder.path)
        try TaskFiles.run(inputs: "\(folder.path)/inputs", output: "\(folder.path)/output")
        let yield = try TaskFiles.collect(output: "\(folder.path)/output")
        #expect(try yield.objects == [Self.outcome.get().inputs.deltas[1]])
        #expect(try yield.metrics == Self.outcome.get().metrics[2])
    }

    @Test func `a folder without its inputs is refused`() throws {
        let folder = try TemporaryFolder(prefix: "provider-tests")
        try layOut(folder.path)
        let inputs = "\(folder.path)/inputs"
        let output = "\(folder.path)/output"
        try Files.remove("\(inputs)/parameters")
        #expect(throws: Refusal.self) { try TaskFiles.run(inputs: inputs, output: output) }
        try Files.writeAtomically("\(inputs)/order.json", Array(#"{"kind":9}"#.utf8))
        let refusal = #expect(throws: Refusal.self) {
            try TaskFiles.run(inputs: inputs, output: output)
        }
        #expect(refusal?.code == "task.order")
    }

    @Test(arguments: ["", "{}", #"{"objects":17,"metrics":[]}"#, #"{"objects":-1,"metrics":[]}"#])
    func `a result that is none is refused`(_ text: String) throws {
        let folder = try TemporaryFolder(prefix: "provider-tests")
        try Files.create("\(folder.path)/result.json", Array(text.utf8))
        #expect(throws: Refusal.self) { try TaskFiles.collect(output: folder.path) }
    }

    @Test func `the sandbox runs the program to the same bytes`() async throws {
        guard let program = BuiltProgram.path else { return }
        let report = await SandboxProbe.check()
        guard report.isIsolationAvailable else {
            print("skipped: \(report.problems.joined(separator: "; "))")
            return
        }
        let folder = try TemporaryFolder(prefix: "provider-tests")
        try layOut(folder.path)
        var task = SandboxTask(
            program, ["run-task", "{inputs}", "{output}"], outputFolder: "\(folder.path)/output")
        for name in ["order.json", "data-0", "parameters"] {
            task.inputs.append(.init(name: name, path: "\(folder.path)/inputs/\(name)"))
        }
        task.limits.wallMilliseconds = 30_000
        let sandbox = Sandbox(report)
        let result = try await sandbox.run(task)
        #expect(result.isSuccess, "\(result.ending) \(result.error.text)")
        let yield = try TaskFiles.collect(output: "\(folder.path)/output")
        #expect(try yield.objects == [Self.outcome.get().inputs.deltas[1]])
        // A program that fails says why, in one sentence.
        task.inputs.removeLast()
        let failed = try await sandbox.run(task)
        #expect(failed.ending == .exited(1))
        #expect(failed.error.text.hasPrefix("error["))
    }
}

/// The program `althing`, where it was built beside the tests.
enum BuiltProgram {
    static let path: String? = {
        var candidates: [String] = []
        if let given = Environment.value("ALTHING_PROGRAM") { candidates.append(given) }
        if let own = try? Executable.own() {
            candidates.append("\(Files.parent(of: own))/althing")
        }
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            candidates.append("\(Files.parent(of: argument))/althing")
        }
        let found = candidates.first { access($0, X_OK) == 0 }
        if found == nil { print("skipped: the program althing was not built beside the tests") }
        return found
    }()
}
