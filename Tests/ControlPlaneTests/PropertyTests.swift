// Random commands, most of them wrong: nothing traps, money is conserved at every index, and a
// replay agrees.

import ControlPlane
import Cryptography
import Ledger
import Primitives
import Testing

/// Draws commands that are sometimes right.
private struct Chance {
    var generator: SplitMix64
    let deployment: TestDeployment
    var everybody: [Person]

    init(seed: UInt64, _ deployment: TestDeployment) {
        generator = SplitMix64(seed: seed)
        self.deployment = deployment
        let people = deployment.people
        everybody =
            people.voters + people.owners + people.allMachines
            + [people.maintainer, people.delegator, people.customer]
    }

    mutating func below(_ bound: Int) -> Int { Int(generator.next(below: UInt64(bound))) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    mutating func amount() -> Amount {
        pick([
            .zero, Amount(1), Amount(UInt128(below(1000))), Amount(UInt128(below(200_000_000))),
            Amount(10_000_000_000), .max,
        ])
    }

    mutating func number() -> UInt64 {
        pick([0, 1, 2, 3, UInt64(below(40)), UInt64(below(40)), .max])
    }

    mutating func digest() -> Digest { SHA256.hash([UInt8(below(6))]) }

    mutating func output() -> TaskOutput {
        var objects: [Digest] = []
        for _ in 0..<below(3) { objects.append(digest()) }
        var metrics: [UInt64] = []
        for _ in 0..<below(3) { metrics.append(number()) }
        return TaskOutput(objects: objects, metrics: metrics)
    }

    mutating func command(_ texts: [String]) throws -> AccountCommand {
        switch below(12) {
        case 0, 1:
            return .transfer(
                asset: pick(["CREDIT", "VOTE", "GOLD"]), to: pick(everybody).address,
                amount: amount(), memo: "")
        case 2:
            var parts: [DelegationPart] = []
            for _ in 0..<below(4) {
                parts.append(
                    DelegationPart(
                        delegate: pick(everybody).address, parts: pick([0, 3000, 10_000, .max])))
            }
            return .delegate(track: pick(["", "signal", "train-model", "x"]), parts: parts)
        case 3: return try deployment.submission(pick(texts))
        case 4, 5:
            let proposal = UInt64(below(5))
            let known = try? deployment.views.proposal(proposal)
            return .vote(
                proposal: proposal, title: known?["title"]?.text ?? "",
                choice: pick(["for", "for", "against", "abstain", "veto", "maybe"]),
                effects: known?["effects"]?.text.flatMap { Digest(hex: $0) } ?? .zero, reason: "r")
        case 6:
            return pick([
                .cancelProposal(proposal: number(), reason: ""),
                .cancelJob(job: UInt64(below(3)), reason: ""),
            ])
        case 7:
            return .registerProvider(
                machine: MachineDescription(
                    name: pick(["m", "Bad Name"]), agent: pick(everybody).address, cores: number(),
                    memoryBytes: pick([1 << 30, .max, 1]), isolation: pick(["process", "magic"])),
                stake: amount())
        case 8: return .drainProvider(provider: pick(everybody).address, draining: below(2) == 0)
        case 9: return .fundPrepaid(amount: amount())
        case 10:
            return pick([
                .createKey(keyDigest: digest(), label: "l"), .revokeKey(keyDigest: digest()),
                .offerServing(model: pick(["kings", "x", ""]), offered: below(2) == 0),
            ])
        default:
            return .failTask(
                lease: number(), task: number(), reason: String(repeating: "é", count: 500))
        }
    }

    mutating func said() -> MemberCommand {
        switch below(7) {
        case 0:
            var record = deployment.passed(pick(everybody), "cpu.sgemm.1t")
            record.passed = below(3) > 0
            record.work = number()
            record.nanoseconds = number()
            return .recordBenchmark(record)
        case 1:
            var plan: [Placement] = []
            for _ in 0..<below(6) {
                plan.append(Placement(task: number(), provider: pick(everybody).address))
            }
            return .place(plan)
        case 2: return .releaseLeases(leases: [number(), number()], reason: "r")
        case 3:
            return .reserveUsage(
                request: digest(), key: digest(), model: pick(["kings", "x"]),
                promptTokens: number(), maximumTokens: number())
        case 4:
            return .postUsage(
                UsageReading(
                    request: digest(), provider: pick(everybody).address, promptTokens: number(),
                    completionTokens: number(), completion: digest(), signature: []))
        case 5: return .voidUsage(request: digest(), reason: "r")
        default: return .tick
        }
    }

    /// An honest or a random answer to a lease that runs, if there is one.
    mutating func answer() throws -> Envelope? {
        for machine in deployment.people.allMachines {
            guard let assignment = deployment.views.assignments(of: machine.address).first else {
                continue
            }
            let output = below(4) == 0 ? output() : Crew().honest(assignment)
            return try deployment.signed(
                try deployment.completion(assignment, output), by: machine)
        }
        return nil
    }
}

@Suite
struct PropertyTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random commands break nothing`(seed: UInt64) throws {
        let deployment = try TestDeployment.released()
        let texts = [
            try Shipped.trainingProposal().replacing("model: kings", with: "model: queens"),
            try TestDeployment.shortProposal().replacing("model: kings", with: "model: pawns"),
            try Shipped.text("Proposals/0003-signal-publish-evaluations.md"),
            try Shipped.text("Proposals/0004-spend-translation.md"),
        ]
        var chance = Chance(seed: seed, deployment)
        for _ in 0..<120 {
            var commands: [Envelope] = []
            for _ in 0..<chance.below(4) {
                let person = chance.pick(chance.everybody)
                commands.append(try deployment.signed(try chance.command(texts), by: person))
            }
            if chance.below(2) == 0 { commands.append(try deployment.said(chance.said())) }
            if chance.below(3) == 0, let answer = try chance.answer() { commands.append(answer) }
            if chance.below(4) == 0, let again = commands.first { commands.append(again) }
            // Applying looks at the books: debits equal credits, nobody below zero.
            try deployment.apply(commands, after: chance.pick([0, 1, 100, 1000, 61_000]))
            let supply = deployment.ledger.supply(of: try #require(AssetSymbol("CREDIT")))
            #expect(supply.units <= 14_050_000_000, "money only ever burns")
        }
        _ = deployment.views.jobs()
        _ = deployment.views.providers()
        #expect(deployment.events("due.failed").isEmpty)
        #expect(deployment.receipts.contains { $0.accepted && $0.index > 100 })
        let twin = try TestDeployment()
        try twin.replay(deployment)
        #expect(twin.machine.stateDigest == deployment.machine.stateDigest)
    }
}
