// A group on a perfect network, moved by hand: for tests that arrange one situation.

import Primitives
import Raft
import Simulator

/// Members 1 to n with synchronous storage; messages flow when the test says so.
final class QuietGroup {
    var members: [GroupMember] = []
    var network: [Message] = []
    /// Messages to or from these are lost.
    var cut: Set<MemberID> = []
    var reads: [MemberID: [ReadState]] = [:]
    var applied: [MemberID: [Entry]] = [:]

    init(_ count: Int, configure: (inout RaftOptions) -> Void = { _ in }) throws {
        var founding = ChainState()
        founding.position = LogPosition(term: 0, index: 1)
        founding.configuration = ConfigurationState(voters: (1...count).map(MemberID.init))
        for id in 1...MemberID(count) {
            var options = RaftOptions(id: id, seed: id)
            configure(&options)
            members.append(
                try GroupMember(options: options, founding: founding.snapshot) { _ in })
        }
    }

    subscript(id: MemberID) -> GroupMember { members[Int(id) - 1] }

    /// Handles one Ready of `id`, if there is one.
    func work(_ id: MemberID) throws {
        let member = self[id]
        guard member.node.hasReady else { return }
        let ready = try member.node.ready()
        reads[id, default: []] += ready.readStates
        applied[id, default: []] += ready.committedEntries
        try member.persist(
            ready.hardState, ready.entries, ready.snapshot, isFlushed: ready.needsFlush)
        try member.apply(ready.committedEntries) { _ in }
        network += ready.messages
        try member.node.advance()
    }

    /// Delivers everything in flight.
    func deliver() {
        let messages = network
        network = []
        for message in messages where !cut.contains(message.to) && !cut.contains(message.from) {
            try? self[message.to].node.step(message)
        }
    }

    /// Works and delivers until nothing is left to do.
    func settle() throws {
        for _ in 0..<200 {
            for member in members { try work(member.id) }
            if network.isEmpty, !members.contains(where: { $0.node.hasReady }) { return }
            deliver()
        }
    }

    func elect(_ id: MemberID) throws {
        try self[id].node.campaign()
        try settle()
    }

    func tick(_ id: MemberID, times: Int = 1) throws {
        for _ in 0..<times { try self[id].node.tick() }
    }
}
