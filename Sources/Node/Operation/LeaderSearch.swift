// Why there is no leader, in one sentence that says what to look at.

import Primitives

/// What a member without a leader knows.
struct LeaderSearch {
    /// This member's name in consensus; likewise all of these.
    var own: UInt64
    var voters: [UInt64]
    /// The voters before, while the membership changes: a majority of them is needed too.
    var outgoing: [UInt64] = []
    var connected: Set<UInt64>
    /// Why seats are not connected.
    var faults: [UInt64: Refusal] = [:]
    /// Whether this member stands for election.
    var isStanding = false
    var term: UInt64
    /// Whether its log lost something that others still have to supply.
    var isImpaired = false
    var isDiskFull = false
    var isDiskStuck = false
    /// How long an election may be waited for.
    var longestMilliseconds: Int

    /// The sentence.
    var reason: String { "no leader: " + (pastEpoch ?? lackOfMembers ?? ownTrouble ?? wait) }

    /// Where others have gone on in a later epoch, that is why they cannot be reached.
    private var pastEpoch: String? {
        let telling = faults.filter { $0.value.code == PastEpoch.code }.keys.sorted()
        guard let first = telling.first, let fault = faults[first], lackOfMembers != nil else {
            return nil
        }
        return fault.message + "; " + PastEpoch.remedy
    }

    private var lackOfMembers: String? {
        for group in [voters, outgoing] where !group.isEmpty {
            let here = group.filter { $0 == own || connected.contains($0) }
            let majority = group.count / 2 + 1
            guard here.count < majority else { continue }
            let missing = group.filter { !here.contains($0) }
            let names = missing.map(MemberLife.words).joined(separator: ", ")
            let whose = group == outgoing ? " of the membership that is being left" : ""
            return "\(here.count) of \(group.count) members\(whose) are connected and \(majority)"
                + " are needed; member\(missing.count == 1 ? "" : "s") \(names) cannot be reached"
                + why(missing)
        }
        return nil
    }

    /// What the lines to them say, where they say more than that nobody answers.
    private func why(_ missing: [UInt64]) -> String {
        let words = missing.compactMap { id -> String? in
            let seat = MemberLife.seat(of: id)
            guard let fault = faults[seat], fault.code.hasPrefix("peer.") else { return nil }
            return "\(seat): \(fault.message)"
        }
        return words.isEmpty ? "" : " (\(words.joined(separator: "; ")))"
    }

    private var ownTrouble: String? {
        if isDiskFull {
            return "this member's disk is full, so it cannot vote; another may be elected"
        }
        if isDiskStuck {
            return "this member's disk is stuck in one operation, so it cannot vote; another may be"
                + " elected"
        }
        if isImpaired {
            return "this member's log lost entries that the others still have to supply, and until"
                + " then it does not stand"
        }
        if !voters.contains(own), !outgoing.contains(own) {
            return "this member has no vote yet, and has not heard of a leader"
        }
        return nil
    }

    private var wait: String {
        isStanding
            ? "an election is under way in term \(term)"
            : "enough members are connected, an election follows within \(longestMilliseconds) ms"
    }
}
