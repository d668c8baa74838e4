// A whole group under a hostile network, from one seed: messages are lost, doubled, reordered and
// late, members crash, stand still and come back, disks are slow, logs are compacted, the
// membership changes. After every step the properties that Raft promises are checked.

package import Primitives
package import Raft

/// A group of consensus cores alone, much faster than whole members.
package final class GroupSimulation {
    private(set) var members: [GroupMember] = []
    var hostility: Hostility
    /// The one member whose disk loses what was flushed.
    let victim: MemberID
    var random: SplitMix64
    var oracle: GroupOracle
    /// How many steps were taken.
    var clock = 0
    /// Whether all trouble has ended.
    var isCalm = false
    private var network: [Message] = []
    /// Messages that arrive at a later step.
    private var late: [(due: Int, message: Message)] = []
    var isolated: Set<MemberID> = []
    private var proposed: UInt64 = 0
    /// Who dies, or comes back, at which step.
    var fates: [(due: Int, member: MemberID, dies: Bool)] = []
    package private(set) var changesApplied = 0
    /// Entries that were made unreadable.
    package internal(set) var damagedEntries = 0
    /// How often a snapshot took the place of a log's beginning and left its end.
    package private(set) var tailsKept = 0
    private var trace = TraceHash()
    /// The fingerprint of everything that was applied.
    package var traceHash: UInt64 { trace.value }

    /// The first broken property, in words.
    package var violation: String? { oracle.violation }
    package var lastApplied: LogIndex { oracle.lastApplied }
    package var elections: Int { oracle.elections }
    package var readsAnswered: Int { oracle.readsAnswered }

    package init(
        seed: UInt64, voters: Int = 3, spares: Int = 2, hostility: Hostility = Hostility(),
        storageFlaw: GroupStorage.Flaw? = nil, offersSaved: Bool = false,
        configure: (inout RaftOptions) -> Void = { _ in }
    ) throws(Refusal) {
        random = SplitMix64(seed: seed)
        self.hostility = hostility
        victim = 1 + seed % UInt64(voters)
        var founding = ChainState()
        founding.position = LogPosition(term: 0, index: 1)
        founding.configuration = ConfigurationState(voters: (1...voters).map(MemberID.init))
        oracle = GroupOracle(founding: founding)
        for number in 1...(voters + spares) {
            let id = MemberID(number)
            var options = RaftOptions(id: id, seed: random.next())
            options.electionTicks = 10
            options.asynchronousStorageWrites = random.next(below: 2) == 0
            options.maximumMessageBytes = 1 + random.next(below: 200)
            options.maximumInflightMessages = 1 + Int(random.next(below: 6))
            options.maximumApplyingBytes = 1 + random.next(below: 400)
            configure(&options)
            members.append(
                try GroupMember(
                    options: options, founding: number <= voters ? founding.snapshot : nil,
                    flaw: storageFlaw, offersSaved: offersSaved
                ) { [unowned self] event in self.observe(event, at: id) })
        }
    }

    func chance(_ thousandths: UInt64) -> Bool { random.next(below: 1000) < thousandths }

    func anyMember() -> GroupMember { members[random.position(members.count)] }

    // MARK: Watching

    /// Called in the middle of a call of the core: nothing of the member may be looked at.
    private func observe(_ event: TraceEvent, at id: MemberID) {
        switch event {
        case .becameLeader(let term):
            oracle.noteLeader(id, term)
            if chance(hostility.suddenDeath) { doom(id) }
        case .voteCast(let request) where request.kind == .vote:
            oracle.noteCast(by: id, for: request.candidate, in: request.term)
            if chance(hostility.suddenDeath) { doom(id) }
        case .configurationSwitched: changesApplied += 1
        default: break
        }
    }

    /// Dies soon, and is back soon.
    private func doom(_ id: MemberID) {
        let death = clock + 1 + Int(random.next(below: 12))
        fates.append((death, id, true))
        fates.append((death + 1 + Int(random.next(below: 20)), id, false))
    }

    /// Holds what a call of the core did against what must hold.
    private func audit(_ member: GroupMember) throws(Refusal) {
        oracle.checkElections(member)
        let committed = member.node.committedIndex
        let leading = member.node.role == .leader ? member.node.term : 0
        if committed > member.seenCommit, leading != 0, leading == member.seenLeading {
            try oracle.checkCommit(by: member, members)
        }
        (member.seenCommit, member.seenLeading) = (committed, leading)
    }

    private func noteApplied(_ state: ChainState, by id: MemberID) {
        oracle.noteApplied(state, by: id)
        trace.add(id)
        trace.add(state.chain)
    }

    // MARK: Steps

    /// One step of the whole group.
    func step() throws(Refusal) {
        clock += 1
        for member in members where member.isUp && member.pausedUntil <= clock {
            if !member.held.isEmpty { try goOn(member) }
            if isTickDue(member) {
                try member.node.tick()
                try audit(member)
            }
            try work(member)
        }
        try misbehave()
        if chance(300), !isCalm || !isBacklogged { propose() }
        if chance(100) { try read(at: anyMember()) }
        try deliver()
        for member in members where member.isUp {
            try oracle.checkCompleteness(member)
            if let failure = member.node.failure {
                oracle.fail("member \(member.id) stopped: \(failure)")
            }
        }
    }

    /// In trouble clocks run as they like. In calm an election timeout is many times what a message
    /// and its answer take, without which nobody leads for long (Ongaro and Ousterhout 2014, 5.6).
    private func isTickDue(_ member: GroupMember) -> Bool {
        guard isCalm else { return chance(300) }
        let pace = max(GroupSimulation.calmElectionSteps / member.options.electionTicks, 1)
        return (clock + 3 * Int(member.id)).isMultiple(of: pace)
    }

    /// The least steps that an election timeout lasts in calm; a message and its answer take some
    /// five.
    private static let calmElectionSteps = 50

    /// Whether a leader has more to replicate than it soon can: clients wait for that.
    private var isBacklogged: Bool {
        members.contains { member in
            member.node.role == .leader && member.node.lastIndex > member.node.committedIndex + 40
        }
    }

    package func run(steps: Int) throws(Refusal) {
        for _ in 0..<steps where violation == nil { try step() }
    }

    private func work(_ member: GroupMember) throws(Refusal) {
        if !member.appendQueue.isEmpty, member.diskBusyUntil <= clock, chance(500) {
            let message = member.appendQueue.removeFirst()
            try store(message, isFlushed: !message.responses.isEmpty, at: member)
            for response in message.responses { try route(response, from: member) }
        }
        if !member.applyQueue.isEmpty, chance(500) {
            let message = member.applyQueue.removeFirst()
            try apply(message.entries, at: member)
            for response in message.responses { try route(response, from: member) }
        }
        guard member.node.hasReady, chance(700) else { return }
        let ready = try member.node.ready()
        for read in ready.readStates { oracle.checkRead(read) }
        if member.options.asynchronousStorageWrites {
            for message in ready.messages { try route(message, from: member) }
            return
        }
        try store(Message(storing: ready), isFlushed: ready.needsFlush, at: member)
        try apply(ready.committedEntries, at: member)
        for message in ready.messages { try route(message, from: member) }
        try member.node.advance()
        try audit(member)
    }

    private func store(
        _ batch: Message, isFlushed: Bool, at member: GroupMember
    ) throws(Refusal) {
        let isFlushed = isFlushed || batch.repair != nil
        try member.persist(
            batch.hardState, batch.entries, batch.snapshot, keepsTail: batch.keepsTail,
            isFlushed: isFlushed, repair: batch.repair)
        if let state = batch.hardState, isFlushed {
            oracle.noteVote(
                of: member.id, state, isRestored: batch.repair?.restoresVote == true)
        }
        if batch.snapshot != nil {
            if batch.keepsTail { tailsKept += 1 }
            noteApplied(member.storage.state, by: member.id)
        }
    }

    private func apply(_ entries: [Entry], at member: GroupMember) throws(Refusal) {
        guard !entries.isEmpty else { return }
        try member.apply(entries) { noteApplied($0, by: member.id) }
        try audit(member)
    }

    private func route(_ message: Message, from member: GroupMember) throws(Refusal) {
        switch message.to {
        case ReservedMember.appendThread: member.appendQueue.append(message)
        case ReservedMember.applyThread: member.applyQueue.append(message)
        case member.id:
            try? member.node.step(message)
            try audit(member)
        default:
            // Everything that travels survives its encoding.
            send(try Message(decoding: message.encoded))
            if chance(hostility.duplication) { send(message) }
        }
    }

    private func send(_ message: Message) {
        if hostility.delay > 0, chance(hostility.delay) {
            late.append((clock + 20 + Int(random.next(below: 280)), message))
        } else {
            network.append(message)
        }
    }

    private func deliver() throws(Refusal) {
        if late.contains(where: { $0.due <= clock }) {
            network += late.filter { $0.due <= clock }.map(\.message)
            late.removeAll { $0.due <= clock }
        }
        var budget = network.count
        while budget > 0, !network.isEmpty {
            budget -= 1
            try deliver(network.remove(at: random.position(min(network.count, 8))))
        }
    }

    private func deliver(_ message: Message) throws(Refusal) {
        let isCut = isolated.contains(message.to) != isolated.contains(message.from)
        let receiver = members[Int(message.to) - 1]
        let sender = members[Int(message.from) - 1]
        let isLost = isCut || chance(hostility.loss) || !receiver.isUp
        if message.kind == .snapshot, sender.isUp, sender.node.role == .leader {
            try sender.node.reportSnapshot(to: message.to, isDelivered: !isLost)
            try audit(sender)
        }
        if isLost { return }
        guard receiver.pausedUntil <= clock else {
            receiver.held.append(message)
            return
        }
        // Strangers' answers and the like are refused; whoever fails for good is found by its
        // status.
        try? receiver.node.step(message)
        try audit(receiver)
    }

    /// A member that stood still takes what came meanwhile, and perhaps a question first.
    private func goOn(_ member: GroupMember) throws(Refusal) {
        network.insert(contentsOf: member.held, at: 0)
        member.held = []
        if chance(500) { try read(at: member) }
    }

    func propose() {
        proposed += 1
        propose(at: anyMember())
    }

    /// Proposes bytes that nobody proposed before.
    func propose(at member: GroupMember) {
        proposed += 1
        var encoder = BinaryEncoder()
        encoder.number(proposed)
        if member.isUp, member.pausedUntil <= clock {
            try? member.node.propose(encoder.bytes + random.bytes(Int(proposed % 40)))
        }
    }

    /// Asks for a read, which must see everything that was applied anywhere before.
    private func read(at member: GroupMember) throws(Refusal) {
        guard member.isUp, member.pausedUntil <= clock else { return }
        let context = random.bytes(8)
        oracle.noteRead(context)
        try? member.node.readIndex(context)
    }

    /// Where every member stands, for a failing test's message.
    package var summary: String {
        members.map { member in
            let status = member.node.status
            let voters = status.configuration.state
            return "\(member.id): \(status.softState) term \(status.hardState.term) "
                + "commit \(status.hardState.commit) applied \(status.applied) "
                + "log \(member.storage.firstIndex)...\(status.lastIndex) \(voters)"
        }.joined(separator: "\n")
    }
}

extension Message {
    /// What synchronous storage is to write of a round of work, as the other kind is told it.
    fileprivate init(storing ready: Ready) {
        self.init(.storageAppend, entries: ready.entries)
        (snapshot, keepsTail, repair) = (ready.snapshot, ready.keepsTail, ready.repair)
        (term, vote, commit) = ready.hardState.map { ($0.term, $0.vote, $0.commit) } ?? (0, 0, 0)
    }
}
