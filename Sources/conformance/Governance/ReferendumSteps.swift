// What a referendum case does with its chamber, and what it asks of it.

import Governance
import Primitives

extension ReferendumChamber {
    /// Does one step.
    func perform(_ step: JSON) throws(Refusal) {
        let number = step["ref"]?.integer ?? 0
        switch try step.string("op") {
        case "submit": try submit(number, step)
        case "placeDecisionDeposit": try placeDeposit(number, step)
        case "setTally":
            try ongoing(number)
            guard let ayes = step["ayes"]?.unsigned, let nays = step["nays"]?.unsigned else {
                throw mismatch("the tally is not readable")
            }
            referenda[number]?.ayes = ayes
            referenda[number]?.nays = nays
        case "cancel":
            try checkOrigin(step, allowed: ["4", "root", "canceller"])
            try ongoing(number)
            end(number, .cancelled)
        case "kill":
            try checkOrigin(step, allowed: ["root", "killer"])
            try ongoing(number)
            end(number, .killed)
        case "refundDecisionDeposit": try refundDecision(number)
        case "refundSubmissionDeposit": try refundSubmission(number)
        case "check", "run", "runTo", "note": break
        case let op: throw mismatch("the step \(op) is not known")
        }
        // Whatever a step did, it may also say what holds after it.
        try check(number, step)
    }

    /// Cancelling is the fourth account's right, killing the root's, in the mock runtime.
    private func checkOrigin(_ step: JSON, allowed: [String]) throws(Refusal) {
        guard let by = (step["by"] ?? step["origin"])?.scalar else { return }
        guard allowed.contains(by.lowercased()) else {
            throw Refusal("BadOrigin", "\(by) may not do this")
        }
    }

    /// Only accounts 1 to 6 have money in the mock runtime.
    private func checkFunds(_ step: JSON) throws(Refusal) {
        guard let by = step["by"]?.integer else { return }
        let funded =
            config["balances"]?[String(by)]?.amount.map { !$0.isZero } ?? (1...6).contains(by)
        guard funded else { throw Refusal("InsufficientBalance", "\(by) cannot pay the deposit") }
    }

    private func submit(_ number: Int, _ step: JSON) throws(Refusal) {
        guard let track = (step["track"] ?? step["origin"])?.scalar,
            config["tracks"]?[track] != nil
        else { throw Refusal("NoTrack", "no track") }
        try checkFunds(step)
        referenda[number] = Referendum(
            track: track, submitted: block, enactment: enactment(step["enactment"]),
            submissionDeposit: step["by"]?.integer ?? 0)
    }

    /// `At(10)`, `After(4)`, or the same as an object.
    private func enactment(_ value: JSON?) -> (after: Bool, block: Int) {
        if let member = value?.members?.first {
            return (member.key.lowercased() == "after", member.value.integer ?? 0)
        }
        let wish = value?.scalar ?? "At(0)"
        let digits = Int(wish.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
        return (wish.lowercased().hasPrefix("after"), digits)
    }

    private func ongoing(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number], referendum.status == .ongoing else {
            throw Refusal("NotOngoing", "the referendum is not ongoing")
        }
    }

    private func placeDeposit(_ number: Int, _ step: JSON) throws(Refusal) {
        try ongoing(number)
        guard referenda[number]?.decisionDeposit == nil else {
            throw Refusal("HasDeposit", "the deposit is placed")
        }
        try checkFunds(step)
        referenda[number]?.decisionDeposit = step["by"]?.integer ?? 0
        try service(number)
    }

    private func refundDecision(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number] else {
            throw Refusal("BadReferendum", "no such referendum")
        }
        guard referendum.decisionDeposit != nil else { throw Refusal("NoDeposit", "none placed") }
        guard referendum.status != .ongoing else { throw Refusal("Unfinished", "not ended") }
        referenda[number]?.decisionDeposit = nil
    }

    private func refundSubmission(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number] else {
            throw Refusal("BadReferendum", "no such referendum")
        }
        // It returns only after approval or a cancellation; of what was killed none is left.
        switch referendum.status {
        case .ongoing, .rejected, .timedOut:
            throw Refusal("BadStatus", "neither approved nor cancelled")
        case .approved, .cancelled, .killed: break
        }
        guard referendum.submissionDeposit != nil else {
            throw Refusal("NoDeposit", "none to return")
        }
        referenda[number]?.submissionDeposit = nil
    }

    // MARK: Checks

    private static let inputs: Set = [
        "at", "op", "ref", "by", "track", "origin", "enactment", "ayes", "nays", "expectError",
        "note", "notes", "text", "because", "to",
    ]

    private func check(_ number: Int, _ step: JSON) throws(Refusal) {
        for member in step.members ?? [] where !Self.inputs.contains(member.key) {
            if member.key == "expect", let inner = member.value.members {
                for member in inner { try check(member, number, step) }
            } else {
                try check(member, number, step)
            }
        }
    }

    private func check(_ member: JSON.Member, _ number: Int, _ step: JSON) throws(Refusal) {
        let referendum = referenda[number]
        let place = "block \(block) \(member.key)"
        let value = member.value
        func same(_ ours: Int?) throws(Refusal) { try expectEqual(ours, value.integer, place) }
        func holds(_ ours: Bool) throws(Refusal) {
            try expectEqual(ours, value.flag ?? !ours, place)
        }
        /// A block, or whether there is one.
        func sameOrFlag(_ ours: Int?) throws(Refusal) {
            if value.flag != nil { try holds(ours != nil) } else { try same(ours) }
        }
        switch member.key {
        case "decidingCount":
            let track = step["track"]?.text ?? referendum?.track ?? "root"
            try same(deciding[track] ?? 0)
        case "state", "status":
            let theirs = (value.text ?? "").lowercased().filter(\.isLetter)
            try expect(
                states(referendum).contains(theirs),
                "\(place): ours \(states(referendum)), expected \(theirs)")
        case "since": try same(since(referendum))
        case "confirmingUntil", "confirming":
            try sameOrFlag(referendum?.confirmingUntil)
        case "decidingSince", "deciding", "decidingStarted":
            try sameOrFlag(referendum?.decidingSince)
        case "decidingAndFailingSince", "failingSince", "deciding_and_failing_since", "failing":
            let failing = referendum?.confirmingUntil == nil ? referendum?.decidingSince : nil
            try sameOrFlag(failing)
        case "waitingSince", "waiting", "submittedAt", "submitted":
            let waiting = referendum?.decidingSince == nil ? referendum?.submitted : nil
            try sameOrFlag(waiting)
        case "approvedSince": try same(referendum?.ended(as: .approved))
        case "rejectedSince": try same(referendum?.ended(as: .rejected))
        case "cancelledSince", "canceledSince": try same(referendum?.ended(as: .cancelled))
        case "killedSince": try same(referendum?.ended(as: .killed))
        case "timedOutSince": try same(referendum?.ended(as: .timedOut))
        case "queued", "inQueue": try holds(referendum?.isQueued ?? false)
        case "enacted": try holds(referendum?.enactsAt.map { $0 <= block } ?? false)
        case "trackName", "trackIs":
            try expectEqual(referendum?.track, value.text, place)
        case "referendumCount", "count": try same(referenda.count)
        case "alarm": try same(referendum.flatMap(alarm))
        case let key: throw mismatch("the check \(key) is not known")
        }
    }

    /// When a referendum that waits is looked at next.
    private func alarm(_ referendum: Referendum) -> Int? {
        guard referendum.decidingSince == nil, !referendum.isQueued else { return nil }
        let period = try? config.field("tracks").field(referendum.track).integer("preparePeriod")
        let timeout = try? config.integer("undecidingTimeout")
        let wait = referendum.decisionDeposit == nil ? timeout : period
        return wait.map { referendum.submitted + $0 }
    }

    /// The words that name a referendum's state: a confirming one is deciding too.
    private func states(_ referendum: Referendum?) -> [String] {
        guard let referendum else { return ["none", "unknown"] }
        guard referendum.status == .ongoing else {
            let word = referendum.status.rawValue.lowercased()
            return word == "cancelled" ? [word, "canceled"] : [word]
        }
        if referendum.confirmingUntil != nil { return ["confirming", "deciding", "ongoing"] }
        if referendum.decidingSince != nil {
            return ["deciding", "decidingandfailing", "failing", "ongoing"]
        }
        return [referendum.isQueued ? "queued" : "preparing", "waiting", "ongoing", "submitted"]
    }

    private func since(_ referendum: Referendum?) -> Int? {
        guard let referendum else { return nil }
        guard referendum.status == .ongoing else { return referendum.since }
        return referendum.decidingSince ?? referendum.submitted
    }
}

extension Referendum {
    fileprivate func ended(as status: Status) -> Int? { self.status == status ? since : nil }
}
