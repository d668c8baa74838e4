// Constitution and proposal files: the ones in the repository, and what is refused.

import Governance
import Primitives
import Testing

@Suite("Documents")
struct DocumentTests {
    @Test("the constitution of the repository keeps the production bounds")
    func repositoryConstitution() throws {
        let text = try Repository.text("Policies/constitution.yaml")
        let constitution = try Constitution(parsing: text, name: "Policies/constitution.yaml")
        #expect(constitution.tracks.count == 10)
        let members = try constitution.track(for: .changeMembers)
        #expect(members.tally.threshold == Fraction("2/3"))
        #expect(try Track(decoding: members.encoded) == members)
    }

    @Test(
        "the proposals of the repository are valid",
        arguments: [
            "template.md", "0001-train-first-light.md", "0003-signal-publish-evaluations.md",
            "0004-spend-translation.md",
        ])
    func repositoryProposals(name: String) throws {
        let file = try ProposalFile(
            parsing: try Repository.text("Proposals/\(name)"), name: "Proposals/\(name)")
        for effect in file.effects { #expect(try Effect(decoding: effect.encoded) == effect) }
    }
}
