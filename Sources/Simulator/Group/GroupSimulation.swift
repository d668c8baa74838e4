// A whole group under a hostile network, from one seed: messages are lost, doubled and reordered,
// members crash and come back, logs are compacted, the membership changes. After every step the
// properties that Raft promises are checked.

package import Primitives
package import Raft

/// What can go wrong, in thousandths a step.
package struct Hostility {
    package var loss: UInt64 = 50
    package var duplication: UInt64 = 20
    package var crash: UInt64 = 3
    package var partition: UInt64 = 5
    package var compaction: UInt64 = 5
    package var membershipChange: UInt64 = 5
    /// Of the crashes of one member, how many leave entries unreadable.
    package var damage: UInt64 = 0

    /// As the core's own tests have it.
    package init() {}

    static let calm: Hostility = {
        var calm = Hostility()
        (calm.loss, calm.duplication, calm.crash) = (0, 0, 0)
        (calm.partition, calm.compaction, calm.membershipChange) = (0, 0, 0)
        return calm
    }()
}

/// A group of consensus cores alone, a thousand times faster than whole members.
package final class GroupSimulation {
    private(set) var members: [GroupMember] = []
    var hostility: Hostility
    /// The one member whose disk loses what was flushed.
    private let victim: MemberID
    private let storageFlaw: GroupStorage.Flaw?
    private var random: SplitMix64
    private var network: [Message] = []
    private var isolated: Set<MemberID> = []
    private var proposed: UInt64 = 0

    /// The first broken property, in words.
    package private(set) var violation: String?
    private var leaderOfTerm: [Term: MemberID] = [:]
    private var lastTermChecked: Term = 0
    private var chainAt: [LogIndex: ChainState] = [:]
    package private(set) var lastApplied: LogIndex = 0
    private var readFloor: [[UInt8]: LogIndex] = [:]
    package private(set) var readsAnswered = 0
    package private(set) var elections = 0
    package private(set) var changesApplied = 0
    /// Entries that were made unreadable.
    package private(set) var damagedEntries = 0
    private var trace = TraceHash()
    /// The fingerprint of everything that was applied.
    package var traceHash: UInt64 { trace.value }

    package init(
        seed: UInt64, voters: Int = 3, spares: Int = 2, hostility: Hostility = Hostility(),
        storageFlaw: GroupStorage.Flaw? = nil, configure: (inout RaftOptions) -> Void = { _ in }
    ) throws(Refusal) {
        random = SplitMix64(seed: seed)
        self.hostility = hostility
        self.storageFlaw = storageFlaw
        victim = 1 + seed % UInt64(voters)
        var founding = ChainState()
        founding.position = LogPosition(term: 0, index: 1)
        founding.configuration = ConfigurationState(voters: (1...voters).map(MemberID.init))
        chainAt[1] = founding
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
                    flaw: storageFlaw
                ) { [unowned self] event in self.observe(event, at: id) })
        }
    }

    private func chance(_ thousandths: UInt64) -> Bool {
        random.next(below: 1000) < thousandths
    }

    private func fail(_ what: String) { violation = violation ?? what }

    // MARK: Properties

    /// Election safety: at most one leader a term.
    private func observe(_ event: TraceEvent, at id: MemberID) {
        switch event {
        case .becameLeader(let term):
            elections += 1
            // Not even the same member twice: each time it writes entries of its own.
            if let other = leaderOfTerm[term] {
                fail("members \(other) and \(id) were both elected in term \(term)")
            }
            leaderOfTerm[term] = id
        case .configurationSwitched: changesApplied += 1
        default: break
        }
    }

    /// State machine safety: whoever applies an index applies the same history.
    private func check(_ state: ChainState, at id: MemberID) {
        let index = state.position.index
        if let known = chainAt[index], known.chain != state.chain {
            fail("member \(id) applied another history up to \(index)")
        }
        chainAt[index] = state
        lastApplied = max(lastApplied, index)
        trace.add(id)
        trace.add(state.chain)
    }

    /// Leader completeness: the log of the latest leader holds, in the same terms, everything that
    /// was applied anywhere. Looked at once a term.
    private func checkLeader(_ member: GroupMember) throws(Refusal) {
        let term = member.node.term
        guard member.node.role == .leader, leaderOfTerm[term] == member.id,
            term > lastTermChecked, term == leaderOfTerm.keys.max()
        else { return }
        lastTermChecked = term
        guard member.node.status.lastIndex >= lastApplied else {
            fail("leader \(member.id) lacks entries up to \(lastApplied)")
            return
        }
        var index = member.node.firstIndex
        while index <= lastApplied {
            let own = try member.node.term(at: index)
            let isUnknown = own == nil && member.storage.damagedIndexes[index] == false
            if let known = chainAt[index], own != known.position.term, !isUnknown {
                fail("leader \(member.id) has another entry at \(index)")
            }
            index += 1
        }
    }

    private func checkRead(_ read: ReadState) {
        readsAnswered += 1
        if let floor = readFloor[read.context], read.index < floor {
            fail("a read answered at \(read.index) had to see \(floor)")
        }
    }

    // MARK: Steps

    /// One step of the whole group.
    func step() throws(Refusal) {
        for member in members where member.isUp {
            if chance(300) { try member.node.tick() }
            try work(member)
        }
        try misbehave()
        if chance(300) { propose() }
        if chance(100) { read() }
        try deliver()
        for member in members where member.isUp {
            try checkLeader(member)
            if let failure = member.node.status.failure {
                fail("member \(member.id) stopped: \(failure)")
            }
        }
    }

    package func run(steps: Int) throws(Refusal) {
        for _ in 0..<steps where violation == nil { try step() }
    }

    private func work(_ member: GroupMember) throws(Refusal) {
        if !member.appendQueue.isEmpty, chance(500) {
            let message = member.appendQueue.removeFirst()
            try member.persist(
                message.hardState, message.entries, message.snapshot,
                isFlushed: !message.responses.isEmpty, repair: message.repair)
            if message.snapshot != nil { check(member.storage.state, at: member.id) }
            for response in message.responses { try route(response, from: member) }
        }
        if !member.applyQueue.isEmpty, chance(500) {
            let message = member.applyQueue.removeFirst()
            try member.apply(message.entries) { check($0, at: member.id) }
            for response in message.responses { try route(response, from: member) }
        }
        guard member.node.hasReady, chance(700) else { return }
        let ready = try member.node.ready()
        ready.readStates.forEach(checkRead)
        if member.options.asynchronousStorageWrites {
            for message in ready.messages { try route(message, from: member) }
            return
        }
        try member.persist(
            ready.hardState, ready.entries, ready.snapshot, isFlushed: ready.needsFlush,
            repair: ready.repair)
        if ready.snapshot != nil { check(member.storage.state, at: member.id) }
        try member.apply(ready.committedEntries) { check($0, at: member.id) }
        for message in ready.messages { try route(message, from: member) }
        try member.node.advance()
    }

    private func route(_ message: Message, from member: GroupMember) throws(Refusal) {
        switch message.to {
        case ReservedMember.appendThread: member.appendQueue.append(message)
        case ReservedMember.applyThread: member.applyQueue.append(message)
        case member.id: try? member.node.step(message)
        default:
            // Everything that travels survives its encoding.
            network.append(try Message(decoding: message.encoded))
            if chance(hostility.duplication) { network.append(message) }
        }
    }

    private func deliver() throws(Refusal) {
        var budget = network.count
        while budget > 0, !network.isEmpty {
            budget -= 1
            let place = Int(random.next(below: UInt64(min(network.count, 8))))
            let message = network.remove(at: place)
            let isCut = isolated.contains(message.to) != isolated.contains(message.from)
            let receiver = members[Int(message.to) - 1]
            let sender = members[Int(message.from) - 1]
            let isLost = isCut || chance(hostility.loss) || !receiver.isUp
            if message.kind == .snapshot, sender.isUp, sender.node.role == .leader {
                try sender.node.reportSnapshot(to: message.to, isDelivered: !isLost)
            }
            if isLost { continue }
            // Strangers' answers and the like are refused; whoever fails for good is found by
            // its status.
            try? receiver.node.step(message)
        }
    }

    private func misbehave() throws(Refusal) {
        let member = members[Int(random.next(below: UInt64(members.count)))]
        if !member.isUp {
            if chance(100) || hostility.crash == 0 { try member.restart(seed: random.next()) }
        } else if chance(hostility.crash) {
            member.crash(losesState: chance(500))
            try member.storage.forget()
            if member.id == victim, chance(hostility.damage) { damage(member) }
        } else if chance(hostility.compaction) {
            try member.compact(keeping: random.next(below: 8))
        }
        if chance(hostility.partition) {
            isolated = []
            for member in members where chance(300) { isolated.insert(member.id) }
        }
        if chance(hostility.membershipChange), member.isUp { proposeChange(at: member) }
    }

    /// What is committed stays readable on another member's disk: no log survives the loss of the
    /// only copy.
    private func damage(_ member: GroupMember) {
        let voters = member.node.configuration.voters
        guard voters.incoming.voters.count > 1, !voters.isJoint else { return }
        let before = member.storage.damagedIndexes
        member.storage.damage(&random) { index in
            guard index <= self.lastApplied else { return true }
            let term = try? member.storage.memory.term(at: index)
            return self.members.contains { other in
                other.id != member.id && (try? other.storage.memory.term(at: index)) == term
            }
        }
        damagedEntries += member.storage.damagedIndexes.count - before.count
    }

    private func proposeChange(at member: GroupMember) {
        var changes: [MemberChange] = []
        for _ in 0...random.next(below: 3) {
            let kinds: [MemberChange.Kind] = [.addVoter, .addVoter, .addLearner, .remove]
            changes.append(
                MemberChange(
                    kinds[Int(random.next(below: 4))],
                    1 + random.next(below: UInt64(members.count))))
        }
        let transitions: [ConfigurationChange.Transition] = [
            .automatic, .jointImplicit, .jointExplicit,
        ]
        let transition = transitions[Int(random.next(below: 3))]
        try? member.node.propose(ConfigurationChange(changes, transition: transition))
        // Leave an explicit joint configuration, if this happens to be the leader of one.
        if chance(500) { try? member.node.propose(ConfigurationChange()) }
    }

    func propose() {
        proposed += 1
        var encoder = BinaryEncoder()
        encoder.number(proposed)
        let member = members[Int(random.next(below: UInt64(members.count)))]
        if member.isUp {
            try? member.node.propose(encoder.bytes + random.bytes(Int(proposed % 40)))
        }
    }

    /// Asks for a read, which must see everything that was applied anywhere before.
    private func read() {
        let member = members[Int(random.next(below: UInt64(members.count)))]
        guard member.isUp else { return }
        let context = random.bytes(8)
        readFloor[context] = lastApplied
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

    // MARK: Recovery

    /// Ends all trouble and lets the group come to rest; answers whether it serves again.
    package func heal(steps: Int = 4000) throws(Refusal) -> Bool {
        hostility = .calm
        isolated = []
        for member in members where !member.isUp { try member.restart(seed: random.next()) }
        let floor = lastApplied
        for _ in 0..<steps where violation == nil {
            try step()
            leaveExplicitJoint()
            if isConverged(past: floor + 20) { return true }
        }
        return false
    }

    private func leaveExplicitJoint() {
        for member in members where member.node.role == .leader {
            let configuration = member.node.configuration
            if configuration.isJoint, !configuration.autoLeave, chance(20) {
                try? member.node.propose(ConfigurationChange())
            }
        }
    }

    /// Whether every voter of the leader's configuration has applied past `index`.
    private func isConverged(past index: LogIndex) -> Bool {
        let leaders = members.filter { $0.node.role == .leader }
        guard let leader = leaders.max(by: { $0.node.term < $1.node.term }) else { return false }
        return leader.node.configuration.voters.voters.allSatisfy { id in
            let member = members[Int(id) - 1]
            return member.storage.state.position.index > index && !member.node.isImpaired
        }
    }
}
