// The built program for tests that need several processes: run to the end, or left running beside
// the test.

import Glibc
import Platform
import Primitives
import Testing

/// How the program is started.
enum RoadProgram {
    /// The repository, found upwards from this file.
    static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// Ports in a row that nobody else has while the block lives.
    static func freePorts(_ count: Int) throws(Refusal) -> PortBlock {
        // Processes of tests that run at the same time begin to look in different places.
        try PortBlock(count, startingAt: 10_000 + Int(getpid()) &* 97 % 20_000)
    }

    /// How long any single command may take.
    private static let commandLimit: UInt64 = 120_000_000_000

    private static func command(
        _ program: String, _ words: [String], environment: [(name: String, value: String)]
    ) -> ChildCommand {
        var command = ChildCommand(program, words)
        let given = Set(environment.map(\.name))
        command.environment =
            Environment.all().filter { !$0.name.hasPrefix("ALTHING_") && !given.contains($0.name) }
            + environment
        command.workingFolder = root
        return command
    }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ words: [String], environment: [(name: String, value: String)] = [],
        limit: UInt64 = commandLimit
    ) async throws(Refusal) -> ChildOutcome {
        var command = command(program, words, environment: environment)
        command.output = .captured(limit: 4 << 20)
        command.timeLimitNanoseconds = limit
        return try await ChildProcess.run(command)
    }

    /// Starts a program that goes on running, its standard error in a file.
    static func start(
        _ program: String, _ words: [String], log: String,
        environment: [(name: String, value: String)] = []
    ) async throws(Refusal) -> ChildProcess {
        var command = command(program, words, environment: environment)
        command.output = .none
        command.error = .file(log)
        return try await ChildProcess.start(command)
    }

    /// Asks until `ready` gives something; fails the test after `limit`.
    static func eventually<Value>(
        _ what: String, limit: Duration = .seconds(30),
        sourceLocation: SourceLocation = #_sourceLocation,
        _ ready: () async throws -> Value?
    ) async throws -> Value {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if let value = try? await ready() { return value }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("waited in vain for \(what)", sourceLocation: sourceLocation)
        throw Refusal("test.timeout", what)
    }
}

extension ChildOutcome {
    /// The exit code; nil when a signal ended it.
    var status: Int32? {
        if case .exited(let status) = ending { return status }
        return nil
    }

    /// The one refusal on standard error, or what else was said there.
    var refusal: String {
        let lines = error.text.split(separator: "\n").filter { $0.hasPrefix("error[") }
        return lines.count == 1 ? String(lines[0]) : error.text
    }
}
