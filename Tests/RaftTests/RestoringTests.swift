// What heals a member whose disk lost entries that are in nobody's log any more, or its vote; and
// what frees one that remembers a membership from before.

import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct RestoringTests {
    /// Entries 2 to 6, of the terms given.
    private func log(_ terms: [Term] = [1, 1, 1, 1, 1]) -> [Entry] {
        zip(terms, 2...).map { Entry(term: $0, index: $1, data: [UInt8($1)]) }
    }

    private func node(
        _ storage: DamagedStorage, configure: (inout RaftOptions) -> Void = { _ in }
    ) throws -> RawNode {
        var options = RaftOptions(id: 1, seed: 1)
        options.asynchronousStorageWrites = true
        options.appliedIndex = 1
        configure(&options)
        return try RawNode(options: options, storage: storage)
    }

    private func offer(
        _ node: inout RawNode, _ position: LogPosition, term: Term = 9
    ) throws -> [Message] {
        var message = Message(.snapshot, to: 1, from: 2, term: term)
        message.snapshot = Snapshot(
            position: position, configuration: ConfigurationState(voters: [1, 2, 3]))
        try node.step(message)
        return node.hasReady ? try node.ready().messages : []
    }

    private func answers(_ messages: [Message], _ kind: MessageKind) -> [Message] {
        messages.flatMap { [$0] + $0.responses }.filter { $0.kind == kind }
    }

    /// Does what a batch says, and tells the member.
    private func store(
        _ batch: Message, _ storage: DamagedStorage, _ node: inout RawNode
    ) throws {
        if let snapshot = batch.snapshot {
            if batch.keepsTail {
                try storage.memory.compact(through: snapshot.index)
            } else {
                try storage.memory.apply(snapshot)
            }
            storage.damaged = []
        }
        try storage.memory.append(batch.entries)
        for response in batch.responses where response.to == 1 { try node.step(response) }
    }

    private func leader(_ storage: DamagedStorage) throws -> RawNode {
        var node = try node(storage)
        try node.campaign()
        for kind in [MessageKind.preVoteResponse, .voteResponse] {
            let asked = try node.ready().messages
            for batch in asked where batch.kind == .storageAppend {
                try store(batch, storage, &node)
            }
            try node.step(Message(kind, to: 1, from: 2, term: 2))
        }
        #expect(node.role == .leader)
        for batch in try node.ready().messages where batch.kind == .storageAppend {
            try store(batch, storage, &node)
        }
        return node
    }

    /// Does all the work there is but the log's; answers what was sent to others.
    private func work(_ node: inout RawNode) throws -> [Message] {
        var sent: [Message] = []
        while node.hasReady {
            for work in try node.ready().messages {
                guard work.kind == .storageApply else {
                    sent.append(work)
                    continue
                }
                for response in work.responses { try node.step(response) }
            }
        }
        return sent
    }

    // MARK: Snapshots

    @Test func `a snapshot takes the place of what rotted, and the log behind it stays`() throws {
        let storage = try DamagedStorage(log())
        storage.damaged = [3...3]
        storage.state.commit = 5
        var node = try node(storage)
        let messages = try offer(&node, LogPosition(term: 1, index: 4))
        let batch = try #require(messages.first { $0.kind == .storageAppend })
        #expect(batch.snapshot?.index == 4)
        #expect(batch.keepsTail)
        // What it answers for is what it knows to be committed, not the rest of its log.
        #expect(answers(messages, .appendResponse).map(\.index) == [5])
        #expect(node.lastIndex == 6)
        #expect(node.committedIndex == 5)
        #expect(!node.isImpaired)
        try store(batch, storage, &node)
        let next = try node.ready()
        #expect(next.committedEntries.map(\.index) == [5])
        #expect(node.appliedIndex == 4)
        #expect(try node.term(at: 6) == 1)
    }

    @Test func `who asks says what it has applied, so that no snapshot is sent in vain`() throws {
        let storage = try DamagedStorage(log())
        storage.damaged = [2...3, 5...5]
        storage.state.commit = 6
        var node = try node(storage) { $0.appliedIndex = 4 }
        var asked: Message?
        for _ in 0..<10 where asked == nil {
            try node.tick()
            guard node.hasReady else { continue }
            asked = try node.ready().messages.first { $0.kind == .repairRequest && $0.to == 2 }
        }
        // What is to be applied comes first.
        #expect(asked?.index == 5)
        #expect(asked?.knownCommit == 4)
    }

    @Test(arguments: [(applied: LogIndex(1), isSent: true), (applied: 3, isSent: false)])
    func `who leads, or knows of no leader, has a snapshot for who must apply it`(
        applied: LogIndex, isSent: Bool
    ) throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        for byte in UInt8(1)...8 { try group[1].node.propose([byte]) }
        try group.settle()
        try group[1].compact(keeping: 1)
        var request = Message(.repairRequest, to: 1, from: 2, index: 3)
        (request.rejectHint, request.knownCommit) = (3, applied)
        try group[1].node.step(request)
        let answer = try group[1].node.ready().messages.first { $0.kind == .repairResponse }
        #expect((answer?.snapshot != nil) == isSent)
        // Nobody but the leader does, as long as there is one.
        request.to = 3
        try group[3].compact(keeping: 1)
        try group[3].node.step(request)
        let other = try group[3].node.ready().messages.first { $0.kind == .repairResponse }
        #expect(other?.snapshot == nil)
        try group[3].node.forgetLeader()
        try group[3].node.step(request)
        let third = try group[3].node.ready().messages.first { $0.kind == .repairResponse }
        #expect((third?.snapshot != nil) == isSent)
    }

    /// Two of three, one of which lost what the other let go of and has the longer log: neither
    /// could lead, and nobody would send a snapshot.
    @Test func `a snapshot heals where nobody can be elected for want of it`() throws {
        let storage = try DamagedStorage(log())
        storage.damaged = [3...3]
        storage.state.commit = 5
        var node = try node(storage)
        var asked: Message?
        while asked == nil {
            try node.tick()
            guard node.hasReady else { continue }
            let work = try node.ready().messages
            asked = asked ?? work.first { $0.kind == .repairRequest && $0.to == 2 }
            for message in work where message.kind == .storageApply {
                for response in message.responses { try node.step(response) }
            }
        }
        let question = try #require(asked)
        var answer = Message(
            .repairResponse, to: 1, from: 2, logTerm: 1, index: question.index, commit: 4)
        answer.context = question.context
        answer.snapshot = Snapshot(
            position: LogPosition(term: 1, index: 4),
            configuration: ConfigurationState(voters: [1, 2, 3]))
        try node.step(try Message(decoding: answer.encoded))
        let messages = try node.ready().messages
        #expect(messages.contains { $0.snapshot?.index == 4 && $0.keepsTail })
        #expect(!node.isImpaired)
        #expect(node.lastIndex == 6)
    }

    /// Group seed 158: without pre-vote each of two may raise its term and never hear of the
    /// other's.
    @Test func `a candidate of an earlier term is told of the later one`() throws {
        let storage = try DamagedStorage(log([1, 1, 1, 5, 5]))
        var node = try node(storage)
        try node.step(Message(.vote, to: 1, from: 2, term: 3, logTerm: 1, index: 6))
        let refusal = answers(try node.ready().messages, .voteResponse).first
        #expect(refusal?.isRejected == true)
        #expect(refusal?.term == 5)
    }

    @Test func `a snapshot that cannot be compared is waited for, and takes nothing away`() throws {
        // Entry 4 may be of term 1, 2 or 3.
        let storage = try DamagedStorage(log([1, 1, 2, 3, 3]))
        storage.damaged = [4...4]
        storage.lostTerms = [4]
        var node = try node(storage)
        let messages = try offer(&node, LogPosition(term: 2, index: 4))
        #expect(answers(messages, .storageAppend).allSatisfy { $0.snapshot == nil })
        #expect(node.lastIndex == 6)
        #expect(node.committedIndex == 1)
    }

    @Test(arguments: [Term(1), 2])
    func `a lost term between two alike is theirs`(term: Term) throws {
        let storage = try DamagedStorage(log([Term](repeating: term, count: 5)))
        storage.damaged = [4...4]
        storage.lostTerms = [4]
        var node = try node(storage)
        let messages = try offer(&node, LogPosition(term: term, index: 4))
        #expect(messages.contains { $0.snapshot?.index == 4 && $0.keepsTail })
        #expect(node.lastIndex == 6)
    }

    @Test func `what contradicts a snapshot was never committed, and goes`() throws {
        let storage = try DamagedStorage(log([1, 1, 1, 2, 2]))
        storage.damaged = [4...4]
        storage.lostTerms = [4]
        var node = try node(storage)
        let messages = try offer(&node, LogPosition(term: 3, index: 4))
        #expect(messages.contains { $0.snapshot?.index == 4 && !$0.keepsTail })
        #expect(node.lastIndex == 4)
    }

    @Test func `a leader that cannot apply what is committed gives way`() throws {
        let storage = try DamagedStorage(log())
        var node = try leader(storage)
        storage.damaged = [3...3]
        var acknowledgement = Message(.appendResponse, to: 1, from: 2, term: 2, index: 7)
        try node.step(acknowledgement)
        #expect(node.committedIndex == 7)
        for _ in 0..<15 {
            try node.tick()
            // Its quorum is there all the time.
            acknowledgement.kind = .heartbeatResponse
            try node.step(acknowledgement)
            _ = try work(&node)
        }
        #expect(node.appliedIndex == 2)
        #expect(node.role == .follower)
    }

    /// Group seed 6407: the leader's disk lost what a follower needs, and the rest let go of it.
    @Test func `a leader sends its snapshot in place of what it cannot read`() throws {
        let storage = try DamagedStorage(log())
        var node = try leader(storage)
        try node.step(Message(.appendResponse, to: 1, from: 2, term: 2, index: 7))
        _ = try work(&node)
        #expect(node.appliedIndex == 7)
        try storage.memory.createSnapshot(
            at: 6, configuration: ConfigurationState(voters: [1, 2, 3]), data: [])
        storage.damaged = [4...4]
        var rejection = Message(.appendResponse, to: 1, from: 3, term: 2, logTerm: 1, index: 6)
        (rejection.isRejected, rejection.rejectHint) = (true, 3)
        try node.step(rejection)
        #expect(try !work(&node).contains { $0.kind == .snapshot }, "others may supply it")
        var snapshot: Snapshot?
        for _ in 0..<15 where snapshot == nil {
            try node.tick()
            for member in [2, 3] as [MemberID] {
                try node.step(Message(.heartbeatResponse, to: 1, from: member, term: 2))
            }
            snapshot = try work(&node).first { $0.kind == .snapshot && $0.to == 3 }?.snapshot
        }
        #expect(snapshot?.index == 6)
    }

    // MARK: Votes

    /// Group seed 4603.
    @Test func `a vote is known again once all have answered that still count`() throws {
        let storage = try DamagedStorage(
            log(), configuration: ConfigurationState(voters: [1, 2, 3, 4]))
        storage.isVoteCertain = false
        var node = try node(storage)
        var name: [UInt8] = []
        while name.isEmpty {
            try node.tick()
            guard node.hasReady else { continue }
            name = try node.ready().messages.first { $0.kind == .repairRequest }?.context ?? []
        }
        func answer(from member: MemberID) throws {
            var answer = Message(.repairResponse, to: 1, from: member, logTerm: 1, commit: 1)
            answer.context = name
            try node.step(answer)
        }
        try answer(from: 2)
        try answer(from: 3)
        #expect(node.isImpaired)
        // An entry that was committed long ago takes the fourth out, which never answers.
        try node.applyConfigurationChange(ConfigurationChange([MemberChange(.remove, 4)]))
        try answer(from: 2)
        #expect(!node.isImpaired)
        #expect(node.hasReady)
    }

    /// A member that was alone led by its own vote, which its disk lost; who joined since need not
    /// know the term, and must not be given a vote in it.
    @Test func `a vote in the term of the last entry counts as cast`() throws {
        let storage = try DamagedStorage(
            log([1, 1, 1, 4, 4]), configuration: ConfigurationState(voters: [1, 2]))
        storage.state = HardState(term: 2, commit: 1)
        storage.isVoteCertain = false
        var node = try node(storage)
        var name: [UInt8] = []
        while name.isEmpty {
            try node.tick()
            guard node.hasReady else { continue }
            name = try node.ready().messages.first { $0.kind == .repairRequest }?.context ?? []
        }
        var answer = Message(.repairResponse, to: 1, from: 2, logTerm: 3, commit: 1)
        answer.context = name
        try node.step(answer)
        #expect(!node.isImpaired)
        #expect(node.term == 4)
    }

    /// Group seed 4743.
    @Test func `whoever must not stand answers a leader of an earlier term`() throws {
        let storage = try DamagedStorage(log([1, 1, 1, 5, 5]))
        storage.damaged = [6...6]
        var node = try node(storage) { ($0.preVote, $0.checkQuorum) = (false, false) }
        try node.step(Message(.heartbeat, to: 1, from: 2, term: 3))
        let messages = try node.ready().messages
        #expect(answers(messages, .appendResponse).map(\.term) == [5])
    }

    /// Group seed 5070: member 3 was voted out, knows it, and has the longer log.
    @Test func `a candidate learns from a refusal that it needs no such vote`() throws {
        var entries = log()
        entries[4] = Entry(term: 1, index: 6, kind: .configurationChange)
        let storage = try DamagedStorage(
            entries,
            configuration: ConfigurationState(voters: [1], votersOutgoing: [1, 3]))
        var node = try node(storage) { $0.appliedIndex = 1 }
        try node.campaign()
        #expect(node.role == .preCandidate)
        var refusal = Message(.preVoteResponse, to: 1, from: 3, term: 1)
        (refusal.isRejected, refusal.knownCommit, refusal.knownCommitTerm) = (true, 6, 2)
        try node.step(try Message(decoding: refusal.encoded))
        #expect(node.committedIndex == 1, "of another term, so perhaps another entry")
        refusal.knownCommitTerm = 1
        try node.step(try Message(decoding: refusal.encoded))
        #expect(node.committedIndex == 6)
        #expect(node.role == .follower)
        for work in try node.ready().messages where work.kind == .storageApply {
            for entry in work.entries {
                guard let change = try entry.configurationChange() else { continue }
                try node.applyConfigurationChange(change)
            }
            for response in work.responses { try node.step(response) }
        }
        #expect(!node.configuration.isJoint)
        try node.campaign()
        for _ in 0..<4 where node.hasReady {
            for batch in try node.ready().messages where batch.kind == .storageAppend {
                try store(batch, storage, &node)
            }
        }
        #expect(node.role == .leader)
    }

    @Test func `whoever refuses a vote tells what is committed`() throws {
        let storage = try DamagedStorage(log())
        storage.state.commit = 4
        var node = try node(storage)
        try node.step(Message(.preVote, to: 1, from: 2, term: 2, logTerm: 1, index: 3))
        let refusal = answers(try node.ready().messages, .preVoteResponse).first
        #expect(refusal?.isRejected == true)
        #expect(refusal?.knownCommit == 4)
        #expect(refusal?.knownCommitTerm == 1)
    }
}
