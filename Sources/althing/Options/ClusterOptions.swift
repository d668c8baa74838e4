// Options that several commands share: where to ask, how to print.

import ArgumentParser
import Client
import Platform
import Primitives
import Terminal

/// How results are printed.
struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .long], help: "How to print: a table or one JSON document.")
    var output: OutputFormat = .table

    /// Where results go.
    var printer: Output { Output(output) }
}

/// Where the cluster is.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Origins of members, separated by commas; ALTHING_CLUSTER otherwise.",
            valueName: "urls"))
    var cluster: String?

    /// The origins that were named, without a slash at the end.
    var origins: [String] {
        let text = cluster ?? Environment.value("ALTHING_CLUSTER") ?? ""
        return text.split(separator: ",").map { origin in
            var trimmed = origin.filter { $0 != " " }
            while trimmed.hasSuffix("/") { trimmed.removeLast() }
            return trimmed
        }.filter { !$0.isEmpty }
    }

    /// A client of the members that were named.
    func client() throws(Refusal) -> ClusterClient { try ClusterClient(origins: origins) }
}

/// What a command needs that only reads.
struct ReadOptions: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var output: OutputOptions

    /// Where results go.
    var printer: Output { output.printer }

    /// Asks with a client that is closed afterwards.
    func ask<Result>(
        _ body: (ClusterClient) async throws(Refusal) -> Result
    ) async throws(Refusal) -> Result {
        let client = try cluster.client()
        defer { client.close() }
        return try await body(client)
    }

    /// Reads one path of the API.
    func get(_ path: String) async throws(Refusal) -> JSON {
        try await ask { (client) throws(Refusal) in try await client.get(path) }
    }
}
