// The log as a member with a planted flaw reads it after a restart.

import Primitives
import Raft

/// Passes everything on but what a flaw changes.
final class FlawedStorage: Storage {
    private let storage: any Storage
    private let flaw: Flaw?
    private let member: MemberID

    init(_ storage: any Storage, flaw: Flaw?, member: MemberID) {
        self.storage = storage
        self.flaw = flaw
        self.member = member
    }

    func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        var (state, configuration) = try storage.initialState()
        switch flaw {
        case .forgetsVote: state.vote = ReservedMember.none
        case .restartsOnStaleMembership: configuration = ConfigurationState(voters: [member])
        default: break
        }
        return (state, configuration)
    }

    func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        try storage.entries(from: low, to: high, maximumBytes: maximumBytes)
    }

    func term(at index: LogIndex) throws(Refusal) -> Term? { try storage.term(at: index) }

    var firstIndex: LogIndex { storage.firstIndex }

    var lastIndex: LogIndex { storage.lastIndex }

    func snapshot() throws(Refusal) -> Snapshot { try storage.snapshot() }

    var damaged: [ClosedRange<LogIndex>] { storage.damaged }

    var isVoteCertain: Bool { storage.isVoteCertain }
}
