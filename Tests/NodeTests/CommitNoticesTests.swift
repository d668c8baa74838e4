// Appends without entries wait for something to travel with, and for nothing else.

import Raft
import Testing

@testable import Node

@Suite struct CommitNoticesTests {
    private func append(
        to member: MemberID, term: Term = 2, commit: LogIndex, entries: [Entry] = []
    ) -> Message {
        Message(.append, to: member, from: 1, term: term, entries: entries, commit: commit)
    }

    @Test func `the next append to the same member makes it superfluous`() {
        var notices = CommitNotices()
        let next = append(to: 2, commit: 7, entries: [Entry(term: 2, index: 8)])
        #expect(notices.pass(append(to: 2, commit: 7), at: 0).isEmpty)
        #expect(notices.pass(append(to: 3, commit: 7), at: 0).isEmpty)
        #expect(notices.pass(next, at: 1) == [next])
        #expect(notices.takeDue(at: .max - CommitNotices.patience).map(\.to) == [3])
        #expect(notices.nextDue == nil)
    }

    @Test func `only what says as much does`() {
        var notices = CommitNotices()
        let held = append(to: 2, commit: 7)
        for next in [
            append(to: 2, commit: 6, entries: [Entry(term: 2, index: 8)]),
            append(to: 2, term: 3, commit: 7, entries: [Entry(term: 3, index: 8)]),
            Message(.heartbeat, to: 2, from: 1, term: 2, commit: 7),
            Message(.readIndexResponse, to: 2, from: 1, term: 2, index: 7),
        ] {
            #expect(notices.pass(held, at: 0).isEmpty)
            #expect(notices.pass(next, at: 1) == [held, next])
            #expect(notices.nextDue == nil)
        }
    }

    @Test func `it goes by itself when it has waited, the newest for the oldest`() {
        var notices = CommitNotices()
        let patience = CommitNotices.patience
        #expect(notices.pass(append(to: 2, commit: 7), at: 10).isEmpty)
        #expect(notices.pass(append(to: 3, commit: 7), at: 20).isEmpty)
        #expect(notices.pass(append(to: 2, commit: 8), at: 30).isEmpty)
        #expect(notices.nextDue == 10 + patience)
        #expect(notices.takeDue(at: 9 + patience).isEmpty)
        #expect(notices.takeDue(at: 10 + patience) == [append(to: 2, commit: 8)])
        #expect(notices.nextDue == 20 + patience)
        #expect(notices.takeDue(at: 30 + patience) == [append(to: 3, commit: 7)])
    }

    @Test func `everything else goes at once`() {
        var notices = CommitNotices()
        let vote = Message(.preVote, to: 2, from: 1, term: 3)
        #expect(notices.pass(vote, at: 0) == [vote])
        #expect(notices.nextDue == nil)
    }
}
