// The policies, the proposals and the genesis that ship with the repository: each is read by its
// own parser, they fit each other, and a deployment starts from them.

import ControlPlane
import Cryptography
import Governance
import Primitives
import Testing
import Wallet

@Suite struct PolicyFilesTests {
    private static let timings: [Timings] = [
        .production, Timings(production: false, dayMilliseconds: 1000),
    ]

    private func genesis() throws -> Genesis {
        let timings = try Timings(
            parsing: try RepositoryFiles.text("Deploy/development.yaml"), name: "development.yaml")
        var genesis = try Genesis(
            parsing: try RepositoryFiles.text("Deploy/genesis.yaml"), name: "genesis.yaml",
            timings: timings, timestamp: Timestamp(milliseconds: 1_700_000_000_000))
        genesis.policies = try Genesis.requiredPolicies.map { name in
            PolicyText(name: name, text: try RepositoryFiles.text("Policies/\(name).yaml"))
        }
        return genesis
    }

    // MARK: Policies

    @Test func `the folder holds the required policies and nothing else`() throws {
        let names = try RepositoryFiles.names(in: "Policies")
        #expect(names == Genesis.requiredPolicies.map { $0 + ".yaml" })
    }

    @Test(arguments: Genesis.requiredPolicies)
    func `a shipped policy passes its check, with production floors and with development's`(
        name: String
    ) throws {
        let text = try RepositoryFiles.text("Policies/\(name).yaml")
        for timings in PolicyFilesTests.timings {
            try PolicyCheck.check(name, text: text, timings: timings)
        }
    }

    @Test(arguments: Genesis.requiredPolicies)
    func `a key that a policy does not know is refused with its line`(name: String) throws {
        let text = try RepositoryFiles.text("Policies/\(name).yaml") + "\nmistyped: 1\n"
        do {
            try PolicyCheck.check(name, text: text, timings: .production)
            Issue.record("the policy was taken")
        } catch {
            #expect(error.code == "schema.unknown-key")
            let line = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
            #expect(error.place == "Policies/\(name).yaml:\(line)")
        }
    }

    @Test func `use that is not metered is not given away`() throws {
        let text = try RepositoryFiles.text("Policies/pricing.yaml")
            .replacing("tokens-per-day: 0", with: "tokens-per-day: 1")
        let refusal = #expect(throws: Refusal.self) {
            try PolicyCheck.check("pricing", text: text, timings: .production)
        }
        #expect(refusal?.code == "policy.not-covered")
    }

    @Test(
        arguments: [
            ("below-baseline-share: 100%", "below-baseline-share: 101%", "schema.range"),
            ("below-baseline-share: 100%", "below-baseline-share: 0%", "schema.range"),
            ("independent-evaluators: 2", "independent-evaluators: 0", "schema.range"),
            ("copy-bytes: 64", "copy-bytes: 7", "schema.range"),
            ("copy-bytes: 64", "copy-byte: 64", "schema.missing"),
            ("- MIT", "- []", "schema.type"),
        ])
    func `a wrong release policy is refused`(from: String, to: String, code: String) throws {
        let text = try RepositoryFiles.text("Policies/release.yaml").replacing(from, with: to)
        let refusal = #expect(throws: Refusal.self) {
            _ = try ReleasePolicy(parsing: text, name: "release.yaml")
        }
        #expect(refusal?.code == code)
        #expect(refusal?.place?.hasPrefix("release.yaml:") == true)
    }

    // MARK: Proposals

    @Test func `a proposal to change a policy names the text in force and passes its check`() throws
    {
        var changes = 0
        for name in try RepositoryFiles.names(in: "Proposals") {
            let file = try ProposalFile(
                parsing: try RepositoryFiles.text("Proposals/\(name)"), name: name)
            guard case .changePolicy(let change) = file.effects.first else { continue }
            changes += 1
            let current = try RepositoryFiles.bytes("Policies/\(change.policy).yaml")
            #expect(change.base == SHA256.hash(current), "\(name) was written against another text")
            try PolicyCheck.check(change.policy, text: change.text, timings: .production)
        }
        #expect(changes >= 1)
    }

    @Test
    func `the training proposal names the corpus that ships, under a licence that may be released`()
        throws
    {
        let release = try ReleasePolicy(
            parsing: try RepositoryFiles.text("Policies/release.yaml"), name: "release.yaml")
        let names = try RepositoryFiles.names(in: "Proposals")
        let name = try #require(names.first { $0.hasPrefix("0001-") })
        let file = try ProposalFile(
            parsing: try RepositoryFiles.text("Proposals/\(name)"), name: name)
        guard case .trainModel(let plan) = file.effects.first else {
            Issue.record("\(name) trains nothing")
            return
        }
        let corpus = try RepositoryFiles.bytes("Deploy/corpus/kings.txt")
        let data = try #require(plan.data.first)
        #expect(data.digest == SHA256.hash(corpus))
        #expect(data.bytes == UInt64(corpus.count))
        #expect(plan.data.allSatisfy { release.licences.contains($0.licence) })
    }

    // MARK: Genesis

    @Test func `a deployment starts from the shipped genesis and policies`() throws {
        let genesis = try genesis()
        let machine = try StateMachine(
            genesis: genesis, database: try StateDatabase(path: ":memory:"))
        #expect(machine.appliedIndex == StateMachine.genesisIndex)
        #expect(try Genesis(decoding: genesis.encoded) == genesis)
    }

    @Test func `the holders' keys are those of the public phrase, in order`() throws {
        let phrase = try RepositoryFiles.text("Deploy/development.mnemonic")
            .trimmingSuffix { $0 == "\n" }
        let root = try ExtendedKey(
            seed: try Mnemonic(sentence: SecretBytes(utf8: phrase)).seed())
        var expected: [Address] = []
        for index in 0..<8 as Range<UInt32> {
            let path = try #require(DerivationPath.ethereum(index: index))
            expected.append(try root.derived(along: path).privateKey.address)
        }
        var holders: [Address] = []
        for allocation in try genesis().allocations {
            guard let holder = allocation.holder, !holders.contains(holder) else { continue }
            holders.append(holder)
        }
        #expect(holders == expected)
    }

    @Test func `each address of the genesis has the checksum of its spelling`() throws {
        let text = try RepositoryFiles.text("Deploy/genesis.yaml")
        let spellings = text.split(separator: "\"").filter { $0.hasPrefix("0x") }.map(String.init)
        #expect(spellings.count == 8)
        for spelling in spellings { #expect(Address(hex: spelling)?.checksummed == spelling) }
    }

    @Test func `the balances carry the road: quorum, deposit, stakes and budget`() throws {
        let genesis = try genesis()
        func held(_ holder: Address?, _ asset: String) -> UInt128 {
            genesis.allocations.filter { $0.holder == holder && $0.asset == asset }
                .reduce(0) { $0 + $1.amount.units }
        }
        let holders = Array(Set(genesis.allocations.compactMap(\.holder)))
        let supply = held(nil, "VOTE") + holders.reduce(0) { $0 + held($1, "VOTE") }
        #expect(supply == 1_000_000)
        let constitution = try Constitution(
            parsing: try RepositoryFiles.text("Policies/constitution.yaml"), name: "constitution")
        let order = genesis.allocations.compactMap(\.holder).reduce(into: [Address]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        var tally = Tally()
        for voter in [1, 2, 4] { try tally.add(Amount(held(order[voter], "VOTE")), to: .for) }
        try tally.add(Amount(held(order[3], "VOTE")), to: .against)
        for track in constitution.tracks {
            #expect(try track.tally.decide(tally, supply: Amount(supply)).passes, "\(track.name)")
            #expect(held(order[0], "CREDIT") >= track.deposit.units, "\(track.name)")
        }
        #expect(held(order[7], "VOTE") == 0)
        #expect(held(order[7], "CREDIT") > 0)
    }
}

extension String {
    /// Without the characters at the end that `matches` takes.
    fileprivate func trimmingSuffix(_ matches: (Character) -> Bool) -> String {
        var text = self
        while let last = text.last, matches(last) { text.removeLast() }
        return text
    }
}
