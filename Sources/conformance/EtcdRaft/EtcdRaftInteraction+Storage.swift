// Taking Ready, and the two storage tasks.

import Primitives
import Raft

extension EtcdRaftInteraction {
    func processReady(_ index: Int) throws(Refusal) {
        let member = members[index]
        let ready = try member.node.ready()
        output.write(EtcdRaftText.ready(ready))
        let isAsynchronous = member.options.asynchronousStorageWrites
        if !isAsynchronous {
            try member.persist(ready.hardState, ready.entries, ready.snapshot)
            try member.apply(ready.committedEntries)
        }
        for message in ready.messages {
            switch message.to {
            case ReservedMember.appendThread: member.appendWork.append(message)
            case ReservedMember.applyThread: member.applyWork.append(message)
            default: network.append(message)
            }
        }
        if !isAsynchronous { try member.node.advance() }
    }

    func processAppendThread(_ index: Int) throws(Refusal) {
        let member = members[index]
        guard !member.appendWork.isEmpty else {
            output.write("no append work to perform")
            return
        }
        let message = member.appendWork.removeFirst()
        try process(message) { () throws(Refusal) in
            try member.persist(message.hardState, message.entries, message.snapshot)
        }
    }

    func processApplyThread(_ index: Int) throws(Refusal) {
        let member = members[index]
        guard !member.applyWork.isEmpty else {
            output.write("no apply work to perform")
            return
        }
        let message = member.applyWork.removeFirst()
        try process(message) { () throws(Refusal) in try member.apply(message.entries) }
    }

    /// Does the work of a storage message, then sends its responses.
    private func process(
        _ message: Message, _ work: () throws(Refusal) -> Void
    ) throws(Refusal) {
        var request = message
        request.responses = []
        output.write("Processing:\n" + EtcdRaftText.message(request) + "\n")
        try work()
        output.write("Responses:\n")
        for response in message.responses {
            output.write(EtcdRaftText.message(response) + "\n")
        }
        network += message.responses
    }
}
