// `althing policy`: the rules in force, and files that would change them.

import ArgumentParser
import ControlPlane
import Platform
import Primitives
import Terminal

/// The noun `policy`.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Read the policies in force; check and compare files.",
        discussion: """
            Example:
              althing policy show revenue
              althing policy diff Policies/revenue.yaml
            """,
        subcommands: [
            PolicyList.self, PolicyCheckFile.self, PolicyShow.self, PolicyDiff.self,
            PolicySimulate.self,
        ])
}

/// `policy list`.
struct PolicyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the policies in force.",
        discussion: """
            Example:
              althing policy list
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let policies = try await read.get("/api/v1/policies")
        let table = Presentation.table(
            policies,
            [
                .text("NAME", "name"), .text("DIGEST", "digest"),
                .number("SINCE ENTRY", "since_index"), .number("PROPOSAL", "proposal"),
            ])
        read.printer.show(table, json: ["policies": policies])
    }
}

/// A policy's file: its name is the policy's.
struct PolicyDocument {
    /// The policy's name.
    let name: String
    /// The file's text.
    let text: String

    /// Reads `NAME.yaml`.
    init(_ path: String) throws(Refusal) {
        let file = Files.name(of: path)
        guard file.hasSuffix(".yaml") else {
            throw Refusal("policy.file", "a policy's file is NAME.yaml, not `\(file)`")
        }
        name = String(file.dropLast(5))
        text = try Files.readText(path, limit: YAML.byteLimit)
    }
}

/// `policy check`.
struct PolicyCheckFile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a policy's file without a cluster.",
        discussion: """
            Refusals name file, line and rule. Floors are those of production unless --timings \
            names a deployment's timings file.

            Example:
              althing policy check Policies/revenue.yaml
            """)

    @Argument(help: "The file, NAME.yaml.")
    var file: String

    @Option(help: ArgumentHelp("A deployment's timings file.", valueName: "file"))
    var timings: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let document = try PolicyDocument(file)
        var floors = Timings.production
        if let timings {
            floors = try Timings(parsing: try Files.readText(timings), name: timings)
        }
        try PolicyCheck.check(document.name, text: document.text, timings: floors, at: file)
        output.printer.show(
            ["\(file): well formed"], json: ["ok": true, "policy": .string(document.name)])
    }
}

/// `policy show`.
struct PolicyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a policy's text in force and its history.",
        discussion: """
            Example:
              althing policy show constitution
            """)

    @Argument(help: "The policy's name.")
    var name: String

    @Flag(help: "Show what changed it and when, not the text.")
    var history = false

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let policy = try await read.get("/api/v1/policies/\(name)")
        guard !history else {
            let table = Presentation.table(
                policy["history"] ?? [],
                [
                    .number("SINCE ENTRY", "since_index"), .number("PROPOSAL", "proposal"),
                    .text("DIGEST", "digest"),
                ])
            return read.printer.show(table, json: policy)
        }
        read.printer.show(Presentation.lines(of: policy["text"]?.text ?? ""), json: policy)
    }
}

/// `policy diff`.
struct PolicyDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare a file with the policy in force.",
        discussion: """
            Prints the digest that a change-policy proposal must name as its base.

            Example:
              althing policy diff Policies/revenue.yaml
            """)

    @Argument(help: "The file, NAME.yaml.")
    var file: String

    @OptionGroup var read: ReadOptions

    func run() async throws { try await compare() }

    private func compare() async throws(Refusal) {
        let document = try PolicyDocument(file)
        let policy = try await read.get("/api/v1/policies/\(document.name)")
        let lines = PolicyDiff.changes(policy["text"]?.text ?? "", document.text)
        let base = policy["digest"]?.shown ?? "-"
        read.printer.show(
            ["base \(base)"] + (lines.isEmpty ? ["no difference"] : lines.map(Screen.sanitized)),
            json: [
                "policy": .string(document.name), "base": .string(base),
                "changed_lines": .array(lines.map { .string($0) }),
            ])
    }

    /// Lines that only one of two texts has, in the order of the places.
    private static func changes(_ old: String, _ new: String) -> [String] {
        let before = old.split(separator: "\n", omittingEmptySubsequences: false)
        let after = new.split(separator: "\n", omittingEmptySubsequences: false)
        let difference = after.difference(from: before)
        let changes = difference.map { change -> (line: Int, order: Int, text: String) in
            switch change {
            case .remove(let offset, let line, _): (offset + 1, 0, "-\(offset + 1) \(line)")
            case .insert(let offset, let line, _): (offset + 1, 1, "+\(offset + 1) \(line)")
            }
        }
        return changes.sorted { ($0.line, $0.order) < ($1.line, $1.order) }.map(\.text)
    }
}
