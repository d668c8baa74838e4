// A member's view of the group, for operators and tests.

public import Primitives

/// How things stand, as this member sees them.
public struct Status: Sendable {
    /// This member.
    public var id: MemberID
    /// Its term, vote and commit index.
    public var hardState: HardState
    /// Its role, and who leads.
    public var softState: SoftState
    /// The last entry applied.
    public var applied: LogIndex
    /// The last entry of its log.
    public var lastIndex: LogIndex
    /// The successor, while leadership is being transferred.
    public var transferTarget: MemberID?
    /// The active membership.
    public var configuration: GroupConfiguration
    /// What a leader knows of the members; empty on others.
    public var progress: ProgressMap
    /// Why this member stopped for good, if it did.
    public var failure: Refusal?
}

extension RaftCore {
    var status: Status {
        Status(
            id: id, hardState: hardState, softState: softState, applied: log.applied,
            lastIndex: log.lastIndex,
            transferTarget: transferTarget == ReservedMember.none ? nil : transferTarget,
            configuration: tracker.configuration,
            progress: role == .leader ? tracker.progress : ProgressMap(), failure: failure)
    }
}
