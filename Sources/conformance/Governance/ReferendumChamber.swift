// OpenGov's referenda, block by block, over our curves: preparing, queueing for a slot, deciding,
// confirming, and what becomes of deposits.

import Governance
import Primitives

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
    let config: JSON
    var referenda: [Int: Referendum] = [:]
    private(set) var deciding: [String: Int] = [:]
    private var queues: [String: [Int]] = [:]
    /// Slots that become free in the next block.
    private var freed: [(track: String, block: Int)] = []
    private(set) var block = 0

    init(config: JSON) { self.config = config }

    private func track(_ name: String) throws(Refusal) -> JSON {
        try config.field("tracks").field(name)
    }

    // MARK: Blocks

    func run(to target: Int) throws(Refusal) {
        guard target <= 100_000 else { throw mismatch("block \(target) is too far away") }
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
        let period = max(0, try track.integer("decisionPeriod"))
        let elapsed = min(block - (referendum.decidingSince ?? block), period)
        let x = Self.share(UInt64(elapsed), of: UInt64(period)) ?? 0
        let (cast, overflow) = referendum.ayes.addingReportingOverflow(referendum.nays)
        guard !overflow else { throw mismatch("the tally is too large") }
        let approval = Self.share(referendum.ayes, of: cast) ?? 0
        let support = Swift.min(referendum.ayes, 100) * (ThresholdCurve.whole / 100)
        let approvalCurve = try OpenGovCases.curve(try track.field("minApproval"))
        let supportCurve = try OpenGovCases.curve(try track.field("minSupport"))
        return support >= supportCurve.threshold(at: x)
            && approval >= approvalCurve.threshold(at: x)
    }

    /// A part in billionths, rounded down; nil of nothing.
    private static func share(_ part: UInt64, of all: UInt64) -> UInt64? {
        guard all > 0 else { return nil }
        return UInt64(UInt128(part) * UInt128(ThresholdCurve.whole) / UInt128(all))
    }

    func service(_ number: Int) throws(Refusal) {
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
                    max(least, wish.after ? block.later(by: wish.block) : wish.block)
                end(number, .approved)
            }
        } else if block >= since + (try track.integer("decisionPeriod")) {
            end(number, .rejected)
        } else {
            referenda[number]?.confirmingUntil = nil
        }
    }

    func end(_ number: Int, _ status: Referendum.Status) {
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
}
