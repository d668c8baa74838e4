// How etcd-io/raft writes configurations, progress and errors.

import Primitives
import Raft

/// The words of etcd's transcripts. None of them is known to the core.
enum EtcdRaftText {
    // MARK: Membership

    static func set(_ members: MemberSet) -> String {
        "(" + members.map(String.init).joined(separator: " ") + ")"
    }

    static func configuration(_ configuration: GroupConfiguration) -> String {
        var text = "voters=" + set(configuration.voters.incoming.voters)
        if configuration.isJoint {
            text += "&&" + set(configuration.voters.outgoing.voters)
        }
        if !configuration.learners.isEmpty { text += " learners=" + set(configuration.learners) }
        if !configuration.learnersNext.isEmpty {
            text += " learners_next=" + set(configuration.learnersNext)
        }
        if configuration.autoLeave { text += " autoleave" }
        return text
    }

    /// `v1 l2 r3 u4`
    static func changes(_ text: String) throws(Refusal) -> [MemberChange] {
        var changes: [MemberChange] = []
        for token in text.split(whereSeparator: \.isWhitespace) {
            guard token.count >= 2 else {
                throw Refusal("conformance.text", "unknown token \(token)")
            }
            let kind: MemberChange.Kind
            switch token.first {
            case "v": kind = .addVoter
            case "l": kind = .addLearner
            case "r": kind = .remove
            case "u": kind = .update
            default: throw Refusal("conformance.text", "unknown input: \(token)")
            }
            guard let id = MemberID(token.dropFirst()) else {
                throw Refusal(
                    "conformance.text",
                    "strconv.ParseUint: parsing \(quoted(Array(token.dropFirst().utf8))): "
                        + "invalid syntax")
            }
            changes.append(MemberChange(kind, id))
        }
        return changes
    }

    static func changes(_ changes: [MemberChange]) -> String {
        changes.map { change in
            switch change.kind {
            case .addVoter: "v\(change.member)"
            case .addLearner: "l\(change.member)"
            case .remove: "r\(change.member)"
            case .update: "u\(change.member)"
            }
        }.joined(separator: " ")
    }

    /// The text form of the protocol-buffer message that carries the change.
    static func protocolBuffer(_ entry: Entry) -> String {
        guard !entry.data.isEmpty, let change = try? entry.configurationChange() else { return "" }
        func step(_ change: MemberChange) -> String {
            let kind =
                switch change.kind {
                case .addVoter: "ConfChangeAddNode"
                case .addLearner: "ConfChangeAddLearnerNode"
                case .remove: "ConfChangeRemoveNode"
                case .update: "ConfChangeUpdateNode"
                }
            return "type:\(kind) node_id:\(change.member)"
        }
        if entry.kind == .singleConfigurationChange {
            return change.changes.map(step).joined(separator: " ")
        }
        let transition =
            switch change.transition {
            case .automatic: "ConfChangeTransitionAuto"
            case .jointImplicit: "ConfChangeTransitionJointImplicit"
            case .jointExplicit: "ConfChangeTransitionJointExplicit"
            }
        let parts = ["transition:\(transition)"] + change.changes.map { "changes:{\(step($0))}" }
        return parts.joined(separator: " ")
    }

    static func state(_ state: ConfigurationState) -> String {
        func list(_ ids: [MemberID]) -> String {
            "[" + ids.map(String.init).joined(separator: " ") + "]"
        }
        return "Voters:\(list(state.voters)) VotersOutgoing:\(list(state.votersOutgoing)) "
            + "Learners:\(list(state.learners)) LearnersNext:\(list(state.learnersNext)) "
            + "AutoLeave:\(state.autoLeave)"
    }

    // MARK: Progress

    static func progress(_ progress: Progress) -> String {
        let state =
            switch progress.state {
            case .probe: "StateProbe"
            case .replicate: "StateReplicate"
            case .snapshot: "StateSnapshot"
            }
        var text = "\(state) match=\(progress.match) next=\(progress.next)"
        if progress.isLearner { text += " learner" }
        if progress.isPaused { text += " paused" }
        if progress.pendingSnapshot > 0 { text += " pendingSnap=\(progress.pendingSnapshot)" }
        if !progress.isRecentlyActive { text += " inactive" }
        if progress.inflights.count > 0 {
            text += " inflight=\(progress.inflights.count)"
            if progress.inflights.isFull { text += "[full]" }
        }
        return text
    }

    static func progress(_ map: ProgressMap) -> String {
        var text = ""
        for id in map.ids {
            if let value = map[id] { text += "\(id): \(progress(value))\n" }
        }
        return text
    }

    // MARK: States and errors

    static func role(_ role: Role) -> String {
        switch role {
        case .follower: "StateFollower"
        case .candidate: "StateCandidate"
        case .leader: "StateLeader"
        case .preCandidate: "StatePreCandidate"
        }
    }

    static func error(_ refusal: Refusal) -> String {
        switch refusal.code {
        case "configuration.already-joint": "config is already joint"
        case "configuration.no-voters-to-join": "can't make a zero-voter config joint"
        case "configuration.not-joint": "can't leave a non-joint config"
        case "configuration.simple-while-joint":
            "can't apply simple config change in joint config"
        case "configuration.too-many-voters":
            "more than one voter changed without entering joint config"
        case "configuration.no-voters-left": "removed all voters"
        case "raft.proposal-dropped", "raft.too-much-uncommitted": "raft proposal dropped"
        case "raft.local-message": "raft: cannot step raft local message"
        case "raft.unknown-member": "raft: cannot step as peer not found"
        case "storage.compacted": "requested index is unavailable due to compaction"
        case "storage.unavailable": "requested entry at index is unavailable"
        case "storage.snapshot-out-of-date":
            "requested index is older than the existing snapshot"
        default: refusal.message
        }
    }

    /// Go's `%q`.
    static func quoted(_ bytes: [UInt8]) -> String {
        var text = "\""
        for byte in bytes {
            switch byte {
            case 0x22: text += "\\\""
            case 0x5C: text += "\\\\"
            case 0x0A: text += "\\n"
            case 0x0D: text += "\\r"
            case 0x09: text += "\\t"
            case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + Hex.encode([byte])
            }
        }
        return text + "\""
    }

    static func hexadecimal(_ id: MemberID) -> String { String(id, radix: 16) }
}
