// OpenGov's referenda, block by block. The machine is modelled here, over our curves: preparing,
// queueing for a slot, deciding, confirming, and what becomes of deposits.

import Governance
import Primitives

enum ReferendumCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        guard let name = item["config"]?.text, let config = document["configs"]?[name] else {
            throw mismatch("the configuration is missing")
        }
        let chamber = ReferendumChamber(config: config)
        for step in try item.items("steps") {
            let block = try step.integer("at")
            try chamber.run(to: block)
            var refusal: String?
            do {
                try chamber.perform(step)
            } catch {
                guard error.code != "case.mismatch" else { throw error }
                refusal = error.code
            }
            try expectEqual(refusal, step["expectError"]?.text, "block \(block): refusal")
        }
    }
}

/// A referendum under way or ended.
struct Referendum {
    enum Status: String {
        case ongoing = "Ongoing"
        case approved = "Approved"
        case rejected = "Rejected"
        case cancelled = "Cancelled"
        case timedOut = "TimedOut"
        case killed = "Killed"
    }

    var track: String
    var submitted: Int
    var enactment: (after: Bool, block: Int)
    var status = Status.ongoing
    var since = 0
    var decisionDeposit: Int?
    var submissionDeposit: Int?
    var decidingSince: Int?
    var confirmingUntil: Int?
    var isQueued = false
    var ayes: UInt64 = 0
    var nays: UInt64 = 0
    var enactsAt: Int?
}

/// All referenda of a chain, and the blocks that move them.
final class ReferendumChamber {
    private let config: JSON
    private var referenda: [Int: Referendum] = [:]
    private var deciding: [String: Int] = [:]
    private var queues: [String: [Int]] = [:]
    /// Slots that become free in the next block.
    private var freed: [(track: String, block: Int)] = []
    private var block = 0

    init(config: JSON) { self.config = config }

    private func track(_ name: String) throws(Refusal) -> JSON {
        try config.field("tracks").field(name)
    }

    // MARK: Blocks

    func run(to target: Int) throws(Refusal) {
        while block < target {
            block += 1
            let free = freed.filter { $0.block <= block }
            freed.removeAll { $0.block <= block }
            for slot in free { try release(slot.track) }
            for number in referenda.keys.sorted() { try service(number) }
        }
    }

    /// A slot is free: the queued referendum with the most ayes takes it.
    private func release(_ name: String) throws(Refusal) {
        if let next = queues[name]?.popLast() {
            referenda[next]?.isQueued = false
            try beginDeciding(next)
        } else {
            deciding[name, default: 1] -= 1
        }
    }

    private func beginDeciding(_ number: Int) throws(Refusal) {
        guard var referendum = referenda[number] else { return }
        referendum.decidingSince = block
        if try isPassing(referendum) {
            referendum.confirmingUntil =
                block + (try track(referendum.track).integer("confirmPeriod"))
        }
        referenda[number] = referendum
    }

    private func isPassing(_ referendum: Referendum) throws(Refusal) -> Bool {
        let track = try track(referendum.track)
        let period = UInt64(try track.integer("decisionPeriod"))
        let elapsed = UInt64(block - (referendum.decidingSince ?? block))
        let whole = ThresholdCurve.whole
        let x = Swift.min(elapsed, period) * whole / Swift.max(period, 1)
        let cast = referendum.ayes + referendum.nays
        let approval = cast == 0 ? 0 : referendum.ayes * whole / cast
        let support = Swift.min(referendum.ayes, 100) * (whole / 100)
        let approvalCurve = try OpenGovCases.curve(try track.field("minApproval"))
        let supportCurve = try OpenGovCases.curve(try track.field("minSupport"))
        return support >= supportCurve.threshold(at: x)
            && approval >= approvalCurve.threshold(at: x)
    }

    private func service(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number], referendum.status == .ongoing else { return }
        if referendum.decidingSince != nil {
            try serviceDeciding(number)
        } else {
            try servicePreparing(number)
        }
    }

    private func servicePreparing(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number] else { return }
        let track = try track(referendum.track)
        if referendum.isQueued {
            queues[referendum.track]?.removeAll { $0 == number }
            try enqueue(number)
        } else if referendum.decisionDeposit != nil,
            block >= referendum.submitted + (try track.integer("preparePeriod"))
        {
            if deciding[referendum.track, default: 0] < (try track.integer("maxDeciding")) {
                deciding[referendum.track, default: 0] += 1
                try beginDeciding(number)
                return
            }
            try enqueue(number)
        }
        guard let after = referenda[number], !after.isQueued else { return }
        if block >= after.submitted + (try config.integer("undecidingTimeout")) {
            end(number, .timedOut)
        }
    }

    /// Puts it where its ayes belong; when the queue is full the least leaves.
    private func enqueue(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number] else { return }
        var queue = queues[referendum.track] ?? []
        let place = queue.firstIndex { (referenda[$0]?.ayes ?? 0) >= referendum.ayes }
        queue.insert(number, at: place ?? queue.count)
        referenda[number]?.isQueued = true
        if queue.count > (try config.integer("maxQueued")) {
            referenda[queue.removeFirst()]?.isQueued = false
        }
        queues[referendum.track] = queue
    }

    private func serviceDeciding(_ number: Int) throws(Refusal) {
        guard let referendum = referenda[number], let since = referendum.decidingSince else {
            return
        }
        let track = try track(referendum.track)
        if try isPassing(referendum) {
            guard let until = referendum.confirmingUntil else {
                referenda[number]?.confirmingUntil = block + (try track.integer("confirmPeriod"))
                return
            }
            if block >= until {
                let least = block + (try track.integer("minEnactment"))
                let wish = referendum.enactment
                referenda[number]?.enactsAt =
                    max(least, wish.after ? block + wish.block : wish.block)
                end(number, .approved)
            }
        } else if block >= since + (try track.integer("decisionPeriod")) {
            end(number, .rejected)
        } else {
            referenda[number]?.confirmingUntil = nil
        }
    }

    private func end(_ number: Int, _ status: Referendum.Status) {
        guard let referendum = referenda[number] else { return }
        if referendum.decidingSince != nil { freed.append((referendum.track, block + 1)) }
        if referendum.isQueued { queues[referendum.track]?.removeAll { $0 == number } }
        referenda[number]?.status = status
        referenda[number]?.since = block
        if status == .killed {
            referenda[number]?.decisionDeposit = nil
            referenda[number]?.submissionDeposit = nil
        }
    }

    // MARK: Steps

    func perform(_ step: JSON) throws(Refusal) {
        let number = step["ref"]?.integer ?? 0
        switch try step.string("op") {
        case "submit": try submit(number, step)
        case "placeDecisionDeposit": try placeDeposit(number, step)
        case "setTally":
            try ongoing(number)
            referenda[number]?.ayes = UInt64(try step.integer("ayes"))
            referenda[number]?.nays = UInt64(try step.integer("nays"))
        case "cancel":
            try ongoing(number)
            end(number, .cancelled)
        case "kill":
            try ongoing(number)
            end(number, .killed)
        case "refundDecisionDeposit": try refundDecision(number)
        case "refundSubmissionDeposit": try refundSubmission(number)
        case "check": try check(number, step)
        case let op: throw mismatch("the step \(op) is not known")
        }
    }

    private func submit(_ number: Int, _ step: JSON) throws(Refusal) {
        let track = try step.string("track")
        guard config["tracks"]?[track] != nil else { throw Refusal("NoTrack", "no track") }
        let wish = step["enactment"]?.text ?? "At(0)"
        let digits = Int(wish.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
        referenda[number] = Referendum(
            track: track, submitted: block, enactment: (wish.hasPrefix("After"), digits),
            submissionDeposit: step["by"]?.integer)
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
        referenda[number]?.decisionDeposit = try step.integer("by")
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
        guard referendum.status != .ongoing else { throw Refusal("BadStatus", "not ended") }
        guard referendum.status == .approved || referendum.status == .cancelled,
            referendum.submissionDeposit != nil
        else { throw Refusal("NoDeposit", "none to return") }
        referenda[number]?.submissionDeposit = nil
    }

    private func check(_ number: Int, _ step: JSON) throws(Refusal) {
        let referendum = referenda[number]
        let place = "block \(block)"
        for member in step.members ?? [] {
            switch member.key {
            case "at", "op", "ref", "expectError": continue
            case "decidingCount":
                let track = step["track"]?.text ?? referendum?.track ?? "root"
                try expectEqual(deciding[track] ?? 0, member.value.integer, "\(place) deciding")
            case "track": continue
            case "state":
                let theirs = member.value.text ?? ""
                try expectEqual(state(referendum), theirs, "\(place) state")
            case "since": try expectEqual(since(referendum), member.value.integer, "\(place) since")
            case "confirmingUntil":
                try expectEqual(
                    referendum?.confirmingUntil, member.value.integer, "\(place) confirming")
            case "confirming":
                try expectEqual(
                    referendum?.confirmingUntil != nil, member.value.flag ?? false,
                    "\(place) confirming")
            case "decidingSince", "deciding":
                if let flag = member.value.flag {
                    try expectEqual(referendum?.decidingSince != nil, flag, "\(place) deciding")
                } else {
                    try expectEqual(
                        referendum?.decidingSince, member.value.integer, "\(place) deciding")
                }
            case "queued", "inQueue":
                try expectEqual(
                    referendum?.isQueued ?? false, member.value.flag ?? false, "\(place) queued")
            case "enacted":
                let ours = referendum?.enactsAt.map { $0 <= block } ?? false
                try expectEqual(ours, member.value.flag ?? false, "\(place) enacted")
            case let key: throw mismatch("the check \(key) is not known")
            }
        }
    }

    private func state(_ referendum: Referendum?) -> String {
        guard let referendum else { return "None" }
        guard referendum.status == .ongoing else { return referendum.status.rawValue }
        if referendum.confirmingUntil != nil { return "Confirming" }
        if referendum.decidingSince != nil { return "Deciding" }
        return referendum.isQueued ? "Queued" : "Preparing"
    }

    private func since(_ referendum: Referendum?) -> Int? {
        guard let referendum else { return nil }
        return referendum.status == .ongoing ? referendum.decidingSince : referendum.since
    }
}
