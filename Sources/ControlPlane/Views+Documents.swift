// Longer answers: what a proposal would do, a model's card, an epoch's claims tree.

import Governance
import Ledger
public import Primitives
import Transparency

extension Views {
    // MARK: Plan

    /// What a proposal would do if it were executed now: its actions run on a copy of the state.
    ///
    /// Throws where the file itself is wrong; an action that would be refused is part of the
    /// answer.
    public func plan(proposal text: String, name: String) throws(Refusal) -> JSON {
        let file = try ProposalFile(parsing: text, name: name)
        let now = Tables.meta.record(ChainPosition.key, in: state)?.timestamp ?? .zero
        let overlay = StateOverlay(state)
        let bridge = GovernanceBridge(genesis: genesis, now: now, index: .max - 2)
        let track = try PolicyBook.constitution(state, genesis: genesis).track(for: file.kind)
        var effects: [JSON] = []
        let engine = GovernanceEngine(host: bridge)
        for (position, effect) in file.effects.enumerated() {
            var refusal: Refusal?
            do throws(Refusal) {
                try bridge.check(effect, in: overlay)
                try engine.checkFunds(Array(file.effects[...position]), in: overlay)
            } catch {
                refusal = error
            }
            effects.append(try describe(effect, refusal: refusal))
        }
        return [
            "title": .string(file.title), "kind": .string(file.kind.word),
            "effects_digest": .string(file.effectsDigest.hex), "effects": .array(effects),
            "track": [
                "name": .string(track.name), "deposit": .amount(track.deposit),
                "delay_milliseconds": .int(track.times.delay),
                "period_milliseconds": .int(track.times.period),
                "timelock_milliseconds": .int(track.times.timelock),
            ],
        ]
    }

    private func describe(_ effect: Effect, refusal: Refusal?) throws(Refusal) -> JSON {
        var members: [JSON.Member] = [JSON.Member("kind", .string(effect.kind.word))]
        switch effect {
        case .trainModel(let plan): members += try describe(plan)
        case .changePolicy(let change):
            let old = try PolicyBook.record(change.policy, in: state).text
            members += [
                JSON.Member("policy", .string(change.policy)),
                JSON.Member("changed_lines", .array(Views.changedLines(old, change.text))),
            ]
        case .releaseModel(let release):
            members += [
                JSON.Member("model", .string(release.model)),
                JSON.Member("digest", .string(release.digest.contentName)),
            ]
        case .treasurySpend(let spend):
            members += [
                JSON.Member("to", .string(spend.to.hex)),
                JSON.Member("amount", .amount(spend.amount)),
            ]
        case .changeMembers(let change): members += describe(change)
        default: break
        }
        members.append(JSON.Member("would_execute", .bool(refusal == nil)))
        members.append(JSON.Member("refusal", refusal.map { .string("\($0)") } ?? .null))
        return .object(members)
    }

    private func describe(_ plan: TrainingPlan) throws(Refusal) -> [JSON.Member] {
        let work = plan.work(of: .segment)
        let rates = Tables.providers.records(in: state).compactMap { key, record -> UInt64? in
            guard let agent = Address(key), !record.draining else { return nil }
            let rate = ProvedScores(of: agent, in: state).rate("cpu.sgemm.1t")
            return rate > 0 ? rate : nil
        }
        let total = UInt64(clamping: rates.reduce(UInt128(0)) { $0 + UInt128($1) })
        let operations = work.operations.multipliedReportingOverflow(by: plan.segmentCount)
        let seconds = total > 0 && !operations.overflow ? operations.partialValue / total : 0
        return [
            JSON.Member("model", .string(plan.model)),
            JSON.Member("segments", .int(plan.segmentCount)),
            JSON.Member("budget", .amount(plan.budget.amount)),
            JSON.Member("least_cost", .amount(try plan.leastCost())),
            JSON.Member("machines_able", .int(rates.count)),
            JSON.Member("predicted_seconds_at_proved_rates", .int(seconds)),
            JSON.Member(
                "data",
                .array(
                    plan.data.map {
                        [
                            "name": .string($0.name), "digest": .string($0.digest.contentName),
                            "bytes": .int($0.bytes), "licence": .string($0.licence),
                        ]
                    })),
        ]
    }

    /// Lines that are in one text only, `-` for the old and `+` for the new.
    private static func changedLines(_ old: String, _ new: String) -> [JSON] {
        let before = old.split(separator: "\n", omittingEmptySubsequences: false)
        let after = new.split(separator: "\n", omittingEmptySubsequences: false)
        return after.difference(from: before).map { change in
            switch change {
            case .insert(let offset, let line, _): .string("+\(offset + 1) \(line)")
            case .remove(let offset, let line, _): .string("-\(offset + 1) \(line)")
            }
        }
    }

    // MARK: Claims

    /// An epoch's claims tree in OpenZeppelin's dump form, each claim with its proof.
    public func claims(epoch: UInt64) throws(Refusal) -> JSON {
        guard let statement = ledger.revenueStatement(epoch: epoch, asset: currency),
            let tree = try RevenueRules.claims(statement)
        else { throw Refusal("revenue.unknown-epoch", "epoch \(epoch) has no claims") }
        var claims: [JSON] = []
        for (index, claim) in tree.claims.enumerated() {
            claims.append([
                "index": .int(index), "account": .string(claim.account.hex),
                "amount": .amount(claim.amount),
                "proof": .array(try tree.tree.proof(index).map { .string("0x" + $0.hex) }),
            ])
        }
        return [
            "epoch": .int(epoch), "root": .string("0x" + tree.root.hex), "dump": tree.tree.dump,
            "claims": .array(claims),
        ]
    }

    // MARK: Cards

    /// A model's card in Markdown with a YAML header, made from the state alone.
    public func card(_ name: String) throws(Refusal) -> String {
        let model = try ModelRules.model(name, in: state)
        let job = try JobRules.job(model.job, in: state)
        let plan = job.plan
        let shape = plan.architecture
        let trainers = Tables.trainers.record(Key.text(name), in: state)?.shares ?? []
        let proposal = GovernanceEngine.proposal(model.trainingProposal, in: state)
        var text = """
            ---
            license: \(plan.data.map(\.licence).joined(separator: ", "))
            library_name: althing
            tags: [text-generation, byte-level]
            model_digest: \(model.digest.contentName)
            ---
            # \(model.name)

            A byte-level transformer of \(shape.layers) layers, \(shape.heads) heads, width
            \(shape.width) and context \(shape.context). Status: \(model.status.word).

            ## Decision
            Proposal \(model.trainingProposal), "\(proposal?.title ?? "")", decided to train it\
            \(model.releaseProposal == 0 ? "." : "; proposal \(model.releaseProposal) released it.")

            ## Data

            """
        for data in plan.data {
            text +=
                "- \(data.name), \(data.bytes) bytes, \(data.licence), \(data.digest.contentName)\n"
        }
        text += """

            ## Training
            \(plan.recipe.rounds) rounds of \(plan.recipe.segmentsPerRound) segments of
            \(plan.recipe.stepsPerSegment) steps; \(job.segmentsAccepted) segments accepted,
            \(job.duplicatesCompared) tasks compared between different owners. Anyone can
            re-derive the weights from the plan: `althing model rederive \(model.name)`.

            ## Evaluation
            | held-out bits per byte | |
            |---|---|
            | before training | \(BitsPerByte.text(model.bitsPerByteStart)) |
            | after training | \(BitsPerByte.text(model.bitsPerByteEnd)) |
            | bigram baseline | \(BitsPerByte.text(model.bigramBitsPerByte)) |

            The longest run of training bytes that sampling copied has \(model.verbatimBytes) bytes.

            ## Who trained it

            """
        for share in trainers { text += "- \(share.payee.hex): \(share.tasks) verified tasks\n" }
        text += """

            ## Limits
            A small model trained on little text: it imitates the style of its data and knows
            nothing. It is a demonstration of the process, not a source of facts.

            """
        return text
    }
}
