// Who votes and who learns, at one point of the log.

/// The active membership.
///
/// No member is voter and learner at once: a voter of the outgoing half that is to become a
/// learner waits in `learnersNext` until the joint configuration is left.
public struct GroupConfiguration: Hashable, Sendable {
    /// The voters.
    public var voters = JointConfiguration()
    /// Members that receive the log and do not vote.
    public var learners = MemberSet()
    /// Outgoing voters that become learners when the joint configuration is left.
    public var learnersNext = MemberSet()
    /// Whether the leader leaves the joint configuration by itself.
    public var autoLeave = false

    /// The empty membership.
    public init() {}

    /// Whether two sets of voters decide.
    public var isJoint: Bool { voters.isJoint }

    /// The form in which a snapshot stores it.
    public var state: ConfigurationState {
        ConfigurationState(
            voters: voters.incoming.voters.ids, votersOutgoing: voters.outgoing.voters.ids,
            learners: learners.ids, learnersNext: learnersNext.ids, autoLeave: autoLeave)
    }
}
