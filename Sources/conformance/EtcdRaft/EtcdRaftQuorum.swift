// `committed` and `vote`: what a quorum agrees on, with the drawing that etcd makes of it.

import Raft

struct EtcdRaftQuorum: DirectiveHandler {
    private struct Case {
        var voters: [MemberID] = []
        var jointVoters: [MemberID] = []
        var isJoint = false
        /// One a voter, in the order of the voters; 0 for "not heard from".
        var inputs: [UInt64] = []

        var incoming: MajorityConfiguration { MajorityConfiguration(MemberSet(voters)) }
        var outgoing: MajorityConfiguration { MajorityConfiguration(MemberSet(jointVoters)) }

        var known: [MemberID: UInt64] {
            var known: [MemberID: UInt64] = [:]
            var order: [MemberID] = []
            for id in voters + jointVoters where !order.contains(id) { order.append(id) }
            for (id, input) in zip(order, inputs) where input != 0 { known[id] = input }
            return known
        }
    }

    mutating func output(of directive: Directive) -> String {
        var item = Case()
        for argument in directive.arguments {
            for value in argument.values { read(value, of: argument.key, into: &item) }
        }
        let all = JointConfiguration(incoming: item.incoming, outgoing: item.outgoing).voters
        guard all.count == item.inputs.count else {
            let set = all.map { "\($0):{}" }.joined(separator: " ")
            let inputs = item.inputs.map(String.init).joined(separator: " ")
            return "error: mismatched input (explicit or _) for voters map[\(set)]: [\(inputs)]"
        }
        return directive.command == "vote" ? vote(item) : committed(item)
    }

    private func read(_ value: String, of key: String, into item: inout Case) {
        switch key {
        case "cfg": item.voters.append(MemberID(value) ?? 0)
        case "cfgj":
            item.isJoint = true
            if value != "zero" { item.jointVoters.append(MemberID(value) ?? 0) }
        case "idx": item.inputs.append(UInt64(value) ?? 0)
        case "votes": item.inputs.append(value == "y" ? 2 : value == "n" ? 1 : 0)
        default: break
        }
    }

    // MARK: Votes

    private func vote(_ item: Case) -> String {
        let known = item.known
        let ballot = { (id: MemberID) -> Bool? in known[id].map { $0 == 2 } }
        guard item.isJoint else { return text(item.incoming.voteResult(ballot)) + "\n" }
        let joint = JointConfiguration(incoming: item.incoming, outgoing: item.outgoing)
        let swapped = JointConfiguration(incoming: item.outgoing, outgoing: item.incoming)
        let result = joint.voteResult(ballot)
        let mirrored = swapped.voteResult(ballot)
        let note = mirrored == result ? "" : "\(text(mirrored)) <-- via symmetry\n"
        return note + text(result) + "\n"
    }

    private func text(_ result: VoteResult) -> String {
        switch result {
        case .pending: "VotePending"
        case .lost: "VoteLost"
        case .won: "VoteWon"
        }
    }

    // MARK: Commit index

    /// Every index is computed in several ways; where they differ, the output says so.
    private func committed(_ item: Case) -> String {
        let known = item.known
        let lookup = { (id: MemberID) -> LogIndex? in known[id] }
        let joint = JointConfiguration(incoming: item.incoming, outgoing: item.outgoing)
        var output = describe(joint.voters, known)
        var alternatives: [(LogIndex, String)] = []
        let index: LogIndex
        if item.isJoint {
            index = joint.committedIndex(lookup)
            let swapped = JointConfiguration(incoming: item.outgoing, outgoing: item.incoming)
            alternatives.append((swapped.committedIndex(lookup), "via symmetry"))
        } else {
            index = item.incoming.committedIndex(lookup)
            let zero = JointConfiguration(incoming: item.incoming)
            let own = JointConfiguration(incoming: item.incoming, outgoing: item.incoming)
            alternatives.append((sorted(item.incoming, known), "via alternative computation"))
            alternatives.append((zero.committedIndex(lookup), "via zero-joint quorum"))
            alternatives.append((own.committedIndex(lookup), "via self-joint quorum"))
            alternatives += overlays(item.incoming, known, index)
        }
        for (other, way) in alternatives where other != index {
            output += "\(text(other)) <-- \(way)\n"
        }
        return output + text(index) + "\n"
    }

    /// By sorting what is known and picking the element that a majority has reached.
    private func sorted(
        _ configuration: MajorityConfiguration, _ known: [MemberID: LogIndex]
    ) -> LogIndex {
        let indexes = configuration.voters.map { known[$0] ?? 0 }.sorted()
        return indexes.isEmpty ? .max : indexes[indexes.count - configuration.quorum]
    }

    /// Lowering an index that is already below the result must not change the result.
    private func overlays(
        _ configuration: MajorityConfiguration, _ known: [MemberID: LogIndex], _ index: LogIndex
    ) -> [(LogIndex, String)] {
        var results: [(LogIndex, String)] = []
        for id in configuration.voters {
            guard let own = known[id], own < index, own > 0 else { continue }
            for lower in [own - 1, 0] {
                var changed = known
                changed[id] = lower
                results.append(
                    (configuration.committedIndex { changed[$0] }, "overlaying \(id)->\(lower)"))
            }
        }
        return results
    }

    private func text(_ index: LogIndex) -> String { index == .max ? "∞" : String(index) }

    /// A bar a voter, longer for a higher index, equal for equal ones.
    private func describe(_ voters: MemberSet, _ known: [MemberID: LogIndex]) -> String {
        if voters.isEmpty { return "<empty majority quorum>" }
        let count = voters.count
        let ranked = voters.map { (index: known[$0] ?? 0, id: $0) }.sorted { $0 < $1 }
        var bars: [MemberID: Int] = [:]
        for (rank, voter) in ranked.enumerated() where rank > 0 {
            let previous = ranked[rank - 1]
            bars[voter.id] = previous.index < voter.index ? rank : bars[previous.id]
        }
        var output = String(repeating: " ", count: count) + "    idx\n"
        for id in voters {
            let bar = bars[id] ?? 0
            if known[id] == nil {
                output += "?" + String(repeating: " ", count: count)
            } else {
                output += String(repeating: "x", count: bar) + ">"
                output += String(repeating: " ", count: count - bar)
            }
            let digits = String(known[id] ?? 0)
            let pad = String(repeating: " ", count: max(0, 5 - digits.count))
            output += " \(pad)\(digits)    (id=\(id))\n"
        }
        return output
    }
}
