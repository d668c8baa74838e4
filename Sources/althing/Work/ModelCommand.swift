// `althing model`: what was trained.

import ArgumentParser
import Client
import Primitives
import Terminal

/// The noun `model`.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Models, their cards, and deriving them again.",
        discussion: """
            Example:
              althing model card kings
              althing model rederive kings --threads 4
            """,
        subcommands: [ModelList.self, ModelShow.self, ModelCard.self, ModelRederive.self])
}

/// `model list`.
struct ModelList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List models.",
        discussion: """
            Example:
              althing model list
            """)

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let models = try await read.get("/api/v1/models")
        let table = Presentation.table(
            models,
            [
                .text("NAME", "name"), .text("STATUS", "status"),
                .number("BITS/BYTE", "bits_per_byte_end"),
                .number("BIGRAM", "bigram_bits_per_byte"), .text("DIGEST", "digest"),
            ])
        read.printer.show(table, json: ["models": models])
    }
}

/// `model show`.
struct ModelShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a model.",
        discussion: """
            Example:
              althing model show kings
            """)

    @Argument(help: "The model's name.")
    var name: String

    @OptionGroup var read: ReadOptions

    func run() async throws { try await show() }

    private func show() async throws(Refusal) {
        let (model, money) = try await read.ask { (client) throws(Refusal) in
            (try await client.get("/api/v1/models/\(name)"), try await AssetAmounts(client))
        }
        read.printer.show(
            Presentation.facts(model, ModelShow.keys)
                + Presentation.facts([
                    ("price of a prompt token", money.text(model["prompt_price"])),
                    ("price of a completion token", money.text(model["completion_price"])),
                ]), json: model)
    }

    private static let keys = [
        ("name", "name"), ("status", "status"), ("digest", "digest"), ("job", "job"),
        ("decided to train by proposal", "training_proposal"),
        ("released by proposal", "release_proposal"),
        ("bits per byte, before", "bits_per_byte_start"),
        ("bits per byte, after", "bits_per_byte_end"),
        ("bits per byte, bigram", "bigram_bits_per_byte"),
        ("longest copy, bytes", "longest_verbatim_copy_bytes"), ("served by", "served_by"),
    ].map { (label: $0.0, key: $0.1) }
}

/// `model card`.
struct ModelCard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card", abstract: "Print a model's card, Markdown made from the state.",
        discussion: """
            Example:
              althing model card kings > README.md
            """)

    @Argument(help: "The model's name.")
    var name: String

    @OptionGroup var read: ReadOptions

    func run() async throws {
        let bytes = try await read.ask { (client) throws(Refusal) in
            try await client.bytes("/api/v1/models/\(name)/card")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        read.printer.show(
            Presentation.lines(of: text), json: ["name": .string(name), "card": .string(text)])
    }
}
