// `althing proposal submit`: sign a file, then bring the data that it names.

import ArgumentParser
import Client
import ControlPlane
import Cryptography
import Governance
import Platform
import Primitives
import Terminal

/// `proposal submit`.
struct ProposalSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Sign and submit a proposal, and upload its data.",
        discussion: """
            Training data is looked for by the name that the proposal gives it, in --corpus, and \
            in the files given with --data; only bytes with the digest in the proposal are sent.

            Example:
              althing proposal submit Proposals/0001-train-kings.md
            """)

    @Argument(help: "The file.")
    var file: String

    @Option(help: ArgumentHelp("A data file; may be given more than once.", valueName: "file"))
    var data: [String] = []

    @Option(help: ArgumentHelp("Folder of data files.", valueName: "folder"))
    var corpus = "Deploy/corpus"

    @OptionGroup var options: SigningCommandOptions

    func run() async throws { try await submit() }

    private func submit() async throws(Refusal) {
        let document = try ProposalDocument(file)
        let proposal = document.file
        let wanted = DataFiles.wanted(by: proposal)
        let found = try DataFiles(files: data, folder: corpus).find(wanted)
        let printer = options.printer
        for missing in wanted where found[missing.digest] == nil {
            printer.warn(
                "no file here has the digest of `\(missing.name)`: whoever has it must upload it"
                    + " before training can start")
        }
        let receipt = try await options.read.ask { (client) throws(Refusal) in
            let receipt = try await options.signing.submit(
                .submitProposal(
                    fileName: document.name, text: proposal.text, title: proposal.title,
                    effects: proposal.effectsDigest), to: client, printer: printer)
            try await upload(wanted, found, client, printer)
            return receipt
        }
        let id = Receipts.event("proposal.submitted", in: receipt)?["proposal"]?.text ?? ""
        let opens = Receipts.field("opens_at", of: "proposal.submitted", in: receipt)
        printer.show(
            Presentation.facts([
                ("proposal", id), ("title", proposal.title),
                ("effects", proposal.effectsDigest.hex), ("voting opens", Presentation.time(opens)),
                ("data uploaded", "\(found.count) of \(wanted.count)"),
            ]) + [Receipts.line(receipt)],
            json: [
                "id": UInt64(id).map { .int($0) } ?? .null,
                "effects": .string(proposal.effectsDigest.hex),
                "uploaded": .array(
                    wanted.filter { found[$0.digest] != nil }.map { .string($0.digest.contentName) }
                ), "receipt": receipt,
            ])
    }

    private func upload(
        _ wanted: [TrainingData], _ found: [Digest: String], _ client: ClusterClient,
        _ printer: Output
    ) async throws(Refusal) {
        for data in wanted {
            guard let path = found[data.digest] else { continue }
            printer.errorScreen.line("uploading \(path)")
            try await client.upload(try Files.read(path, limit: DataFiles.byteLimit))
        }
    }
}
