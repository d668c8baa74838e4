// How etcd-io/raft writes entries, messages and Ready.

import Raft

extension EtcdRaftText {
    static func entry(_ entry: Entry) -> String {
        let kind =
            switch entry.kind {
            case .normal: "EntryNormal"
            case .singleConfigurationChange: "EntryConfChange"
            case .configurationChange: "EntryConfChangeV2"
            }
        var content = entry.kind == .normal ? quoted(entry.data) : ""
        if entry.kind != .normal, let change = try? entry.configurationChange() {
            content = changes(change.changes)
        }
        let suffix = content.isEmpty ? "" : " " + content
        return "\(entry.term)/\(entry.index) \(kind)\(suffix)"
    }

    static func entries(_ entries: [Entry]) -> String {
        entries.map { entry($0) + "\n" }.joined()
    }

    static func snapshot(_ snapshot: Snapshot) -> String {
        "Index:\(snapshot.index) Term:\(snapshot.term) "
            + "ConfState:\(state(snapshot.configuration))"
    }

    static func target(_ id: MemberID) -> String {
        switch id {
        case ReservedMember.none: "None"
        case ReservedMember.appendThread: "AppendThread"
        case ReservedMember.applyThread: "ApplyThread"
        default: hexadecimal(id)
        }
    }

    static func kind(_ kind: MessageKind) -> String {
        switch kind {
        case .campaign: "MsgHup"
        case .beat: "MsgBeat"
        case .propose: "MsgProp"
        case .append: "MsgApp"
        case .appendResponse: "MsgAppResp"
        case .vote: "MsgVote"
        case .voteResponse: "MsgVoteResp"
        case .snapshot: "MsgSnap"
        case .heartbeat: "MsgHeartbeat"
        case .heartbeatResponse: "MsgHeartbeatResp"
        case .unreachable: "MsgUnreachable"
        case .snapshotStatus: "MsgSnapStatus"
        case .checkQuorum: "MsgCheckQuorum"
        case .transferLeader: "MsgTransferLeader"
        case .timeoutNow: "MsgTimeoutNow"
        case .readIndex: "MsgReadIndex"
        case .readIndexResponse: "MsgReadIndexResp"
        case .preVote: "MsgPreVote"
        case .preVoteResponse: "MsgPreVoteResp"
        case .storageAppend: "MsgStorageAppend"
        case .storageAppendResponse: "MsgStorageAppendResp"
        case .storageApply: "MsgStorageApply"
        case .storageApplyResponse: "MsgStorageApplyResp"
        case .forgetLeader: "MsgForgetLeader"
        case .repairRequest: "MsgRepair"
        case .repairResponse: "MsgRepairResp"
        }
    }

    static func message(_ message: Message, indent: String = "") -> String {
        var text =
            "\(indent)\(target(message.from))->\(target(message.to)) \(kind(message.kind)) "
            + "Term:\(message.term) Log:\(message.logTerm)/\(message.index)"
        if message.isRejected { text += " Rejected (Hint: \(message.rejectHint))" }
        if message.commit != 0 { text += " Commit:\(message.commit)" }
        if message.vote != ReservedMember.none { text += " Vote:\(message.vote)" }
        if let only = message.entries.first, message.entries.count == 1 {
            text += " Entries:[\(entry(only))]"
        } else if !message.entries.isEmpty {
            text += " Entries:["
            for each in message.entries { text += "\n\(indent)  " + entry(each) }
            text += "\n\(indent)]"
        }
        if let carried = message.snapshot, !carried.isEmpty {
            text += "\n\(indent)  Snapshot: \(snapshot(carried))"
        }
        if !message.responses.isEmpty {
            text += " Responses:["
            for response in message.responses {
                text += "\n" + self.message(response, indent: indent + "  ")
            }
            text += "\n\(indent)]"
        }
        return text
    }

    static func ready(_ ready: Ready) -> String {
        var text = ""
        if let state = ready.softState {
            text += "Lead:\(state.leader ?? 0) State:\(role(state.role))\n"
        }
        if let state = ready.hardState {
            let vote = state.vote == ReservedMember.none ? "" : " Vote:\(state.vote)"
            text += "HardState Term:\(state.term)\(vote) Commit:\(state.commit)\n"
        }
        if !ready.readStates.isEmpty {
            let states = ready.readStates.map { state in
                "{\(state.index) [\(state.context.map(String.init).joined(separator: " "))]}"
            }
            text += "ReadStates [\(states.joined(separator: " "))]\n"
        }
        if !ready.entries.isEmpty { text += "Entries:\n" + entries(ready.entries) }
        if let taken = ready.snapshot { text += "Snapshot \(snapshot(taken))\n" }
        if !ready.committedEntries.isEmpty {
            text += "CommittedEntries:\n" + entries(ready.committedEntries)
        }
        if !ready.messages.isEmpty {
            text += "Messages:\n"
            for each in ready.messages { text += message(each) + "\n" }
        }
        return text.isEmpty ? "<empty Ready>" : "Ready MustSync=\(ready.mustSync):\n\(text)"
    }
}
