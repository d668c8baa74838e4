// Conviction voting: a case is a script of steps on a chamber of our convictions.

import Governance
import Primitives

enum ConvictionCases {
    static func check(_ item: JSON) throws(Refusal) {
        let steps = try item.items("steps")
        let chamber = try ConvictionChamber(
            config: try item.field("config"),
            // A case that names classes somewhere means "none given" where it names none.
            namesClasses: steps.contains { $0["op"]?.text == "removeVote" && $0.anyClass != nil })
        for (number, step) in steps.enumerated() {
            var refusal: String?
            do {
                try chamber.perform(step)
            } catch {
                guard error.code != "case.mismatch" else {
                    throw mismatch("step \(number): \(error.message)")
                }
                refusal = error.code
            }
            try expectEqual(refusal, step["expectError"]?.text, "step \(number): refusal")
        }
    }
}

extension JSON {
    /// The class that a step names, under any of its spellings.
    var anyClass: Int? {
        self["cls"]?.integer ?? self["class"]?.integer ?? self["track"]?.integer
    }
}

extension ConvictionChamber {
    /// Does one step, and checks what the step says of the result.
    func perform(_ step: JSON) throws(Refusal) {
        if let at = step["at"]?.integer ?? step["block"]?.integer { advance(to: at) }
        let who = step["who"]?.integer ?? step["by"]?.integer ?? 0
        let poll = step["poll"]?.integer ?? 3
        switch try step.string("op") {
        case "vote", "aye", "nay": try vote(who, poll, try vote(step))
        case "voteSplit", "split", "voteSplitAbstain", "splitAbstain", "abstain":
            var split = try vote(step)
            split.isStandard = false
            try vote(who, poll, split)
        case "removeVote":
            try removeVote(of: who, poll, cls: step.anyClass, by: who)
        case "removeOtherVote":
            let target = step["target"]?.integer ?? step["of"]?.integer ?? who
            try removeVote(of: target, poll, cls: step.anyClass ?? 0, by: who)
        case "delegate":
            let balance = step["balance"] ?? step["amount"]
            guard let amount = balance?.amount else { throw mismatch("no balance is delegated") }
            try delegate(
                who, cls: step.anyClass ?? 0, to: try step.integer("to"),
                conviction: try conviction(step), balance: amount)
        case "undelegate": try undelegate(who, cls: step.anyClass ?? 0)
        case "unlock":
            let target = step["target"]?.integer ?? who
            try unlock(target, cls: step.anyClass)
        case "usable": try checkUsable(who, step)
        case "tally": try checkTally(poll, try step.field("expect"))
        case "poll", "setPoll", "completePoll", "endPoll", "complete", "end":
            try setPoll(poll, step)
        case "setPolls", "polls": try setPolls(step)
        case "runTo", "run", "goto", "setBlock":
            guard let block = step["to"]?.integer ?? step["block"]?.integer ?? step["at"]?.integer
            else { throw mismatch("to which block?") }
            advance(to: block)
        case let op: throw mismatch("the step \(op) is not known")
        }
        if try step.string("op") != "tally", let expected = step["expect"], expected.members != nil
        {
            try checkTally(poll, expected)
        }
    }

    private func vote(_ step: JSON) throws(Refusal) -> ConvictionVote {
        let abstain = step["abstain"]?.amount
        let aye = step["aye"]?.amount
        let nay = step["nay"]?.amount
        let isSplit = abstain != nil || (aye != nil && nay != nil)
        return ConvictionVote(
            aye: aye ?? .zero, nay: nay ?? .zero, abstain: abstain ?? .zero,
            conviction: try conviction(step),
            isStandard: step["split"]?.flag.map { !$0 } ?? !isSplit)
    }

    private func conviction(_ step: JSON) throws(Refusal) -> Conviction {
        guard
            let number = UInt8(exactly: step["conviction"]?.integer ?? 0),
            let level = Conviction(number)
        else { throw mismatch("no such conviction") }
        return level
    }

    private func checkUsable(_ who: Int, _ step: JSON) throws(Refusal) {
        let ours = usable(who)
        if let limit = (step["expectAtMost"] ?? step["atMost"] ?? step["max"])?.amount {
            try expect(ours <= limit, "usable of \(who): ours \(ours), at most \(limit)")
            return
        }
        try expectEqual(ours.description, try step.field("expect").scalar ?? "", "usable of \(who)")
    }

    private func checkTally(_ poll: Int, _ expected: JSON) throws(Refusal) {
        let tally = try tally(of: poll)
        let parts = [
            ("ayes", tally.ayes), ("nays", tally.nays), ("support", tally.support),
        ]
        for (position, (key, ours)) in parts.enumerated() {
            let listed = expected.elements.flatMap { $0.count > position ? $0[position] : nil }
            guard let theirs = (expected[key] ?? listed)?.scalar else { continue }
            try expectEqual(ours.description, theirs, "\(key) of poll \(poll)")
        }
    }

    // MARK: Polls

    private func setPolls(_ step: JSON) throws(Refusal) {
        guard let members = step["polls"]?.members else { throw mismatch("which polls?") }
        removePolls()
        for member in members {
            guard let number = Int(member.key) else { throw mismatch("a poll is no number") }
            try setPoll(number, member.value)
        }
    }

    private func setPoll(_ number: Int, _ value: JSON) throws(Refusal) {
        let word = (value["state"] ?? value["status"])?.text?.lowercased()
        let ended = value["completed"]
        let isOngoing =
            word?.hasPrefix("ongoing")
            ?? (value["ongoing"]?.flag != false && value["ongoing"] != nil)
            || value.integer != nil
        if isOngoing, ended == nil || ended?.flag == false {
            setPoll(
                number,
                .ongoing(
                    cls: value.anyClass ?? value["ongoing"]?.integer
                        ?? value.integer ?? 0))
            return
        }
        let won =
            ["approved", "aye", "passed", "result", "success", "won"].lazy
            .compactMap { value[$0]?.flag }.first ?? ended?.elements?.last?.flag ?? true
        let at =
            value["when"]?.integer ?? value["end"]?.integer ?? value["at"]?.integer
            ?? ended?.integer ?? ended?.elements?.first?.integer ?? block
        setPoll(number, .completed(at: at, ayesWon: won))
    }
}
