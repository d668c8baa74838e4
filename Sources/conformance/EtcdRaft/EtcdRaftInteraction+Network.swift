// Delivering messages, and running a group until it rests.

import Primitives
import Raft

extension EtcdRaftInteraction {
    private struct Recipient {
        var id: MemberID
        var isDropped: Bool
    }

    func deliver(_ directive: Directive) throws(Refusal) {
        var recipients: [Recipient] = []
        var kind: String?
        for argument in directive.arguments {
            if argument.values.isEmpty {
                guard let id = MemberID(argument.key) else { throw malformed(directive) }
                recipients.append(Recipient(id: id, isDropped: false))
            }
            for value in argument.values {
                switch argument.key {
                case "drop":
                    guard let id = MemberID(value), !recipients.contains(where: { $0.id == id })
                    else { throw malformed(directive) }
                    recipients.append(Recipient(id: id, isDropped: true))
                case "type": kind = value
                default: break
                }
            }
        }
        if try deliver(to: recipients, kind: kind) == 0 { output.write("no messages\n") }
    }

    /// Delivers or drops what is in flight to each recipient in turn; answers how many.
    @discardableResult
    private func deliver(to recipients: [Recipient], kind: String?) throws(Refusal) -> Int {
        var count = 0
        for recipient in recipients {
            let taken = network.filter { isFor(recipient, $0, kind) }
            network.removeAll { isFor(recipient, $0, kind) }
            count += taken.count
            for message in taken {
                let prefix = recipient.isDropped ? "dropped: " : ""
                output.write(prefix + EtcdRaftText.message(message) + "\n")
                if recipient.isDropped { continue }
                let receiver = try member(Int(truncatingIfNeeded: message.to))
                do throws(Refusal) {
                    try receiver.node.step(message)
                } catch {
                    output.write(EtcdRaftText.error(error) + "\n")
                }
            }
        }
        return count
    }

    /// Messages inside one member are never dropped: the core relies on them.
    private func isFor(_ recipient: Recipient, _ message: Message, _ kind: String?) -> Bool {
        guard message.to == recipient.id else { return false }
        let isInternal =
            message.from == message.to || ReservedMember.isLocalThread(message.from)
        if recipient.isDropped && isInternal { return false }
        return kind == nil || kind == EtcdRaftText.kind(message.kind)
    }

    func sendSnapshot(_ directive: Directive) throws(Refusal) {
        let pair = try indexes(directive)
        guard pair.count == 2 else { throw malformed(directive) }
        let source = members[pair[0]]
        var message = Message(
            .snapshot, to: MemberID(pair[1] + 1), from: source.node.id, term: source.node.term)
        message.snapshot = try source.storage.snapshot()
        network.append(message)
        output.write(EtcdRaftText.message(message))
    }

    func stabilize(_ directive: Directive) throws(Refusal) {
        let before = output.level
        defer { output.level = before }
        for argument in directive.arguments where argument.key == "log-level" {
            let name = (argument.values.first ?? "").uppercased()
            guard let level = EtcdRaftOutput.levels.firstIndex(of: name) else {
                throw malformed(directive)
            }
            output.level = level
        }
        let named = try indexes(directive)
        let chosen = named.isEmpty ? Array(members.indices) : named
        while try stabilizeOnce(chosen) {}
    }

    /// One pass over all members: Ready, network, append tasks, apply tasks.
    private func stabilizeOnce(_ chosen: [Int]) throws(Refusal) -> Bool {
        var didWork = false
        for index in chosen where members[index].node.hasReady {
            output.write("> \(index + 1) handling Ready\n")
            try indented { () throws(Refusal) in try processReady(index) }
            didWork = true
        }
        for index in chosen {
            let id = MemberID(index + 1)
            guard network.contains(where: { $0.to == id }) else { continue }
            output.write("> \(id) receiving messages\n")
            try indented { () throws(Refusal) in
                try deliver(to: [Recipient(id: id, isDropped: false)], kind: nil)
            }
            didWork = true
        }
        for index in chosen where !members[index].appendWork.isEmpty {
            output.write("> \(index + 1) processing append thread\n")
            while !members[index].appendWork.isEmpty {
                try indented { () throws(Refusal) in try processAppendThread(index) }
            }
            didWork = true
        }
        for index in chosen where !members[index].applyWork.isEmpty {
            output.write("> \(index + 1) processing apply thread\n")
            while !members[index].applyWork.isEmpty {
                try indented { () throws(Refusal) in try processApplyThread(index) }
            }
            didWork = true
        }
        return didWork
    }
}
