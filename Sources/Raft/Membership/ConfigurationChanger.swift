// The algebra of configuration changes: a configuration and changes in, a configuration or a
// refusal out. Nothing is changed in place, so a change can be tried before it is proposed.

public import Primitives

/// Applies changes to a configuration.
public struct ConfigurationChanger: Sendable {
    /// A configuration and the progress of its members.
    public struct Result: Sendable {
        /// The membership.
        public var configuration: GroupConfiguration
        /// The progress of exactly its members.
        public var progress: ProgressMap
    }

    /// The state that changes apply to.
    public var current: Result
    /// The last index of the log, where a new member is first probed.
    public var lastIndex: LogIndex
    private let inflights: Inflights

    /// A changer of `configuration`.
    public init(
        configuration: GroupConfiguration = GroupConfiguration(),
        progress: ProgressMap = ProgressMap(), lastIndex: LogIndex, inflights: Inflights
    ) {
        current = Result(configuration: configuration, progress: progress)
        self.lastIndex = lastIndex
        self.inflights = inflights
    }

    /// Applies a configuration change by the way that it asks for.
    public func apply(_ change: ConfigurationChange) throws(Refusal) -> Result {
        if change.leavesJoint { return try leaveJoint() }
        if change.entersJoint {
            return try enterJoint(change.changes, autoLeave: change.leavesAutomatically)
        }
        return try simple(change.changes)
    }

    /// From `(1 2 3)` to `(...)&&(1 2 3)`, with the changes applied to the incoming half.
    public func enterJoint(
        _ changes: [MemberChange], autoLeave: Bool
    ) throws(Refusal) -> Result {
        var result = try checked(current)
        guard !result.configuration.isJoint else {
            throw Refusal("configuration.already-joint", "the configuration is already joint")
        }
        guard !result.configuration.voters.incoming.voters.isEmpty else {
            throw Refusal(
                "configuration.no-voters-to-join",
                "a configuration without voters cannot become joint")
        }
        result.configuration.voters.outgoing = result.configuration.voters.incoming
        try apply(changes, to: &result)
        result.configuration.autoLeave = autoLeave
        return try checked(result)
    }

    /// From `(...)&&(1 2 3)` to `(...)`; members of neither are forgotten, staged learners learn.
    public func leaveJoint() throws(Refusal) -> Result {
        var result = try checked(current)
        guard result.configuration.isJoint else {
            throw Refusal("configuration.not-joint", "the configuration is not joint")
        }
        for id in result.configuration.learnersNext {
            result.configuration.learners.insert(id)
            result.progress[id]?.isLearner = true
        }
        result.configuration.learnersNext = MemberSet()
        for id in result.configuration.voters.outgoing.voters {
            let stays =
                result.configuration.voters.incoming.voters.contains(id)
                || result.configuration.learners.contains(id)
            if !stays { result.progress[id] = nil }
        }
        result.configuration.voters.outgoing = MajorityConfiguration()
        result.configuration.autoLeave = false
        return try checked(result)
    }

    /// Changes at most one voter, which is safe without a joint configuration.
    public func simple(_ changes: [MemberChange]) throws(Refusal) -> Result {
        var result = try checked(current)
        guard !result.configuration.isJoint else {
            throw Refusal(
                "configuration.simple-while-joint",
                "a simple change cannot be applied to a joint configuration")
        }
        try apply(changes, to: &result)
        let before = current.configuration.voters.incoming.voters
        let after = result.configuration.voters.incoming.voters
        let difference =
            before.count { !after.contains($0) } + after.count { !before.contains($0) }
        guard difference <= 1 else {
            throw Refusal(
                "configuration.too-many-voters",
                "more than one voter would change without a joint configuration")
        }
        return try checked(result)
    }
}

// MARK: Steps

extension ConfigurationChanger {
    private func apply(_ changes: [MemberChange], to result: inout Result) throws(Refusal) {
        for change in changes where change.member != ReservedMember.none {
            switch change.kind {
            case .addVoter: makeVoter(change.member, in: &result)
            case .addLearner: makeLearner(change.member, in: &result)
            case .remove: remove(change.member, from: &result)
            case .update: break
            }
        }
        guard !result.configuration.voters.incoming.voters.isEmpty else {
            throw Refusal("configuration.no-voters-left", "every voter would be removed")
        }
    }

    private func makeVoter(_ id: MemberID, in result: inout Result) {
        if result.progress.position(of: id) == nil {
            result.progress[id] = newProgress(isLearner: false)
        }
        result.progress[id]?.isLearner = false
        result.configuration.learners.remove(id)
        result.configuration.learnersNext.remove(id)
        result.configuration.voters.incoming.voters.insert(id)
    }

    /// A voter of the outgoing half keeps its vote until the joint configuration is left.
    private func makeLearner(_ id: MemberID, in result: inout Result) {
        guard var progress = result.progress[id] else {
            result.progress[id] = newProgress(isLearner: true)
            result.configuration.learners.insert(id)
            return
        }
        if progress.isLearner { return }
        remove(id, from: &result)
        if result.configuration.voters.outgoing.voters.contains(id) {
            result.configuration.learnersNext.insert(id)
        } else {
            progress.isLearner = true
            result.configuration.learners.insert(id)
        }
        result.progress[id] = progress
    }

    private func remove(_ id: MemberID, from result: inout Result) {
        guard result.progress.position(of: id) != nil else { return }
        result.configuration.voters.incoming.voters.remove(id)
        result.configuration.learners.remove(id)
        result.configuration.learnersNext.remove(id)
        if !result.configuration.voters.outgoing.voters.contains(id) { result.progress[id] = nil }
    }

    /// A new member counts as active, or the leader could lose its quorum before the member had a
    /// chance to answer. It is probed from the end of the log.
    private func newProgress(isLearner: Bool) -> Progress {
        var progress = Progress(
            next: max(lastIndex, 1), inflights: inflights, isLearner: isLearner)
        progress.isRecentlyActive = true
        return progress
    }

    /// Refuses a configuration that contradicts itself or the progress of its members.
    private func checked(_ result: Result) throws(Refusal) -> Result {
        let configuration = result.configuration
        let voters = configuration.voters.voters
        let members = voters.union(configuration.learners).union(configuration.learnersNext)
        for id in members where result.progress.position(of: id) == nil {
            throw inconsistent("no progress is known for member \(id)")
        }
        for id in configuration.learnersNext {
            guard configuration.voters.outgoing.voters.contains(id),
                result.progress[id]?.isLearner == false
            else { throw inconsistent("member \(id) waits to learn, and is no outgoing voter") }
        }
        for id in configuration.learners {
            guard !voters.contains(id), result.progress[id]?.isLearner == true
            else { throw inconsistent("member \(id) is voter and learner") }
        }
        if !configuration.isJoint {
            guard configuration.learnersNext.isEmpty, !configuration.autoLeave
            else { throw inconsistent("it carries joint parts without being joint") }
        }
        return result
    }

    private func inconsistent(_ why: String) -> Refusal {
        Refusal("configuration.inconsistent", "the configuration is inconsistent: \(why)")
    }
}
