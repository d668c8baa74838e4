// Files the demonstration finds in the repository, and the one it writes itself.

import Platform
import Primitives

enum DemoFiles {
    /// The repository: the folder at or above the working folder, or above the program, that has
    /// `Deploy/genesis.yaml`.
    static func root(given: String?) throws(Refusal) -> String {
        if let given { return given }
        var candidates: [String] = [try Files.resolved(".")]
        candidates.append(Files.parent(of: try Executable.own()))
        for start in candidates {
            var folder = start
            while folder != "/" && !folder.isEmpty {
                if Files.exists("\(folder)/Deploy/genesis.yaml") { return folder }
                folder = Files.parent(of: folder)
            }
        }
        throw Refusal(
            "demo.repository",
            "Deploy/genesis.yaml was not found: run this in the repository, or name it with --root")
    }

    /// The proposal that trains a model: `Proposals/0001-*.md`.
    static func trainingProposal(in root: String) throws(Refusal) -> String {
        let names = try Files.list("\(root)/Proposals").sorted()
        guard let name = names.first(where: { $0.hasPrefix("0001-") }) else {
            throw Refusal("demo.repository", "Proposals/0001-*.md is missing")
        }
        return "Proposals/\(name)"
    }

    /// A proposal to release a model, with the digest that the cluster named.
    static func releaseProposal(_ model: String, _ digest: String) -> String {
        """
        ---
        format: proposal/1
        kind: release-model
        title: Release \(model)
        effects:
          - model: \(model)
            digest: \(digest)
            asset: CREDIT
            price_per_input_token: 200
            price_per_output_token: 600
            licence: CC0-1.0
        ---
        # Release \(model)

        Training is done and the gate of `Policies/release.yaml` holds: the model is better than the
        bigram baseline, its data are listed with their licences, and sampling copies nothing long.

        """
    }
}
