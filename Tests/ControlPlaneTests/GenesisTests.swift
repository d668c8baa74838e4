// A deployment starts from files that people write: what is wrong with them is said with its place.

import ControlPlane
import Cryptography
import Primitives
import Testing

@Suite
struct GenesisTests {
    private static let text = """
        name: althing-test
        chain-id: 1
        governance-asset: VOTE
        currency-asset: CREDIT
        assets:
          - symbol: VOTE
            scale: 0
          - symbol: CREDIT
            scale: 6
        holders:
          - account: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
            VOTE: 50_000
            CREDIT: 10
        treasury:
          CREDIT: 10_000

        """

    private func read(_ text: String) throws(Refusal) -> Genesis {
        try Genesis(
            parsing: text, name: "genesis.yaml",
            timings: Timings(production: false, dayMilliseconds: 1000), timestamp: .zero)
    }

    @Test func `a genesis file comes through`() throws {
        let genesis = try read(GenesisTests.text)
        #expect(genesis.allocations.count == 3)
        #expect(genesis.allocations.map(\.amount.units) == [50_000, 10, 10_000])
        #expect(genesis.allocations.last?.holder == nil)
        #expect(try Genesis(decoding: genesis.encoded) == genesis)
    }

    @Test(arguments: [
        ("chain-id: 1", "chain-id: 0", "schema.range", 2),
        ("chain-id: 1", "chain-id: one", "schema.number", 2),
        ("chain-id: 1\n", "chain-id: 1\nchain-id: 2\n", "yaml.malformed", 3),
        ("governance-asset: VOTE", "governance-asset: GOLD", "genesis.asset", 3),
        ("currency-asset: CREDIT", "currency-asset: credit", "genesis.asset", 4),
        ("symbol: VOTE", "symbol: vote", "genesis.asset", 6),
        ("symbol: VOTE", "symbol: VOTEVOTES", "genesis.asset", 6),
        ("symbol: CREDIT", "symbol: VOTE", "genesis.asset", 8),
        ("scale: 6", "scale: 31", "schema.range", 9),
        ("scale: 6", "scale: 6\n    colour: red", "schema.unknown-key", 10),
        ("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0xf39F", "schema.address", 11),
        ("VOTE: 50_000", "VOTE: -5", "schema.number", 12),
        ("VOTE: 50_000", "VOTES: 5", "schema.unknown-key", 12),
        ("  CREDIT: 10_000", "  GOLD: 10_000", "genesis.asset", 15),
        ("treasury:\n  CREDIT: 10_000\n", "", "schema.missing", 1),
        ("name: althing-test", "nome: althing-test", "schema.missing", 1),
    ])
    func `a wrong genesis file is refused with its line`(
        old: String, new: String, code: String, line: Int
    ) throws {
        let text = GenesisTests.text.replacing(old, with: new, maxReplacements: 1)
        try #require(text != GenesisTests.text)
        let refusal = #expect(throws: Refusal.self) { try read(text) }
        #expect(refusal?.code == code, "\(refusal?.description ?? "")")
        #expect(refusal?.place == "genesis.yaml:\(line)", "\(refusal?.description ?? "")")
    }

    @Test(arguments: [
        ("floors: development\nday: 0s\n", "schema.range", 2),
        ("floors: production\nday: 2s\n", "genesis.timings", 2),
        ("floors: soft\nday: 2s\n", "schema.word", 1),
        ("floors: development\nday: soon\n", "schema.unit", 2),
        ("floors: development\n", "schema.missing", 1),
        ("floors: development\nday: 2s\nweek: 7d\n", "schema.unknown-key", 3),
    ])
    func `wrong timings are refused with their line`(text: String, code: String, line: Int) {
        let refusal = #expect(throws: Refusal.self) {
            try Timings(parsing: text, name: "timings.yaml")
        }
        #expect(refusal?.code == code, "\(refusal?.description ?? "")")
        #expect(refusal?.place == "timings.yaml:\(line)", "\(refusal?.description ?? "")")
    }

    @Test func `days scale without losing the shortest periods`() throws {
        let timings = try Timings(parsing: "floors: development\nday: 1s\n", name: "t")
        #expect(timings.scaled(86_400_000) == 1000)
        #expect(timings.scaled(1) == 1, "a period is never scaled to nothing")
        #expect(timings.scaled(0) == 0)
        #expect(timings.scaled(.max) == UInt64.max / 86_400)
        #expect(Timings(production: false, dayMilliseconds: .max).scaled(.max) == .max)
        #expect(Timings.production.scaled(.max) == .max)
    }

    // MARK: Installing

    private func install(_ change: (inout Genesis) -> Void) throws(Refusal) {
        var genesis = try TestDeployment().genesis
        change(&genesis)
        _ = try StateMachine(genesis: genesis, database: try StateDatabase(path: ":memory:"))
    }

    @Test func `a genesis that does not hold together is refused, wherever it comes from`() {
        let seat = Seat(
            id: 2, publicKey: [UInt8](repeating: 1, count: 32), peerAddress: "", clientOrigin: "")
        let cases: [(String, (inout Genesis) -> Void)] = [
            ("genesis.asset", { $0.currencyAsset = "GOLD" }),
            ("genesis.asset", { $0.governanceAsset = "" }),
            ("genesis.asset", { $0.assets[0].symbol = "vote" }),
            ("genesis.asset", { $0.assets[0].scale = 300 }),
            ("ledger.asset-exists", { $0.assets.append($0.assets[0]) }),
            ("asset.unknown", { $0.allocations[0].asset = "GOLD" }),
            ("ledger.overflow", { $0.allocations[0].amount = .max }),
            ("genesis.policy", { $0.policies.removeFirst() }),
            ("genesis.policy", { $0.policies.append($0.policies[0]) }),
            (
                "policy.unknown",
                { $0.policies.append(PolicyText(name: "weather", text: "sun: yes\n")) }
            ),
            ("schema.missing", { $0.policies[0].text = "version: 1\n" }),
            ("genesis.seat", { $0.seats[0].publicKey = [] }),
            ("genesis.seat", { $0.seats[0].id = 0 }),
            ("genesis.seat", { $0.seats.append(contentsOf: [seat, seat]) }),
            ("genesis.timings", { $0.timings.dayMilliseconds = 0 }),
            ("genesis.timings", { $0.timings.production = true }),
        ]
        for (code, change) in cases {
            let refusal = #expect(throws: Refusal.self) { try install(change) }
            #expect(refusal?.code == code, "\(refusal?.description ?? "")")
        }
    }

    @Test func `a policy that another currency pays for is refused`() throws {
        let text = try Shipped.policy("revenue").replacing("asset: CREDIT", with: "asset: VOTE")
        let refusal = #expect(throws: Refusal.self) {
            try TestDeployment(policies: ["revenue": text])
        }
        #expect(refusal?.code == "policy.asset")
        try PolicyCheck.check("revenue", text: text)
    }

    @Test(arguments: Genesis.requiredPolicies)
    func `a shipped policy passes, and a word too many is named with its line`(name: String) throws
    {
        let text = try Shipped.policy(name)
        try PolicyCheck.check(name, text: text)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
        let refusal = #expect(throws: Refusal.self) {
            try PolicyCheck.check(name, text: text + "weather: fine\n")
        }
        #expect(refusal?.place == "Policies/\(name).yaml:\(lines)", "\(refusal?.description ?? "")")
        #expect(throws: Refusal.self) { try PolicyCheck.check(name, text: "") }
        #expect(throws: Refusal.self) { try PolicyCheck.check(name, text: "\u{0}") }
    }

    @Test func `a genesis file's bytes are bounded and versioned`() throws {
        let bytes = try TestDeployment().genesis.encoded
        #expect(throws: Refusal.self) { try Genesis(decoding: bytes + [0]) }
        #expect(throws: Refusal.self) { try Genesis(decoding: Array(bytes.dropLast())) }
        var other = bytes
        other[16] = UInt8(ascii: "2")
        #expect(throws: Refusal("genesis.malformed", "")) { try Genesis(decoding: other) }
    }
}
