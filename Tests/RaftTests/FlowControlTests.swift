import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct FlowControlTests {
    @Test func `the window closes by messages and by bytes`() {
        var window = Inflights(maximumCount: 3, maximumBytes: 100)
        window.add(lastIndex: 5, bytes: 10)
        window.add(lastIndex: 6, bytes: 10)
        #expect(!window.isFull)
        window.add(lastIndex: 7, bytes: 10)
        #expect(window.isFull)
        window.add(lastIndex: 8, bytes: 10)
        #expect(window.count == 3, "nothing is added past the limit")
        window.free(through: 6)
        #expect(window.count == 1)
        #expect(window.bytes == 10)
        window.add(lastIndex: 9, bytes: 500)
        #expect(window.isFull, "the bytes are used up, and one message may pass them")
    }

    @Test(arguments: UInt64(1)...50)
    func `the ring agrees with a list`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let limit = 1 + Int(random.next(below: 20))
        var window = Inflights(maximumCount: limit)
        var list: [(index: LogIndex, bytes: UInt64)] = []
        var index: LogIndex = 0
        for _ in 0..<300 {
            if random.next(below: 2) == 0, !window.isFull {
                index += 1 + random.next(below: 3)
                let bytes = random.next(below: 50)
                window.add(lastIndex: index, bytes: bytes)
                list.append((index, bytes))
            } else {
                let freed = index - min(index, random.next(below: 20))
                window.free(through: freed)
                list.removeAll { $0.index <= freed }
            }
            #expect(window.count == list.count)
            #expect(window.bytes == list.reduce(0) { $0 + $1.bytes })
            #expect(window.isFull == (list.count == limit))
        }
    }

    private func progress(match: LogIndex = 0, next: LogIndex = 1) -> Progress {
        Progress(
            match: match, next: next, inflights: Inflights(maximumCount: 2), isLearner: false)
    }

    @Test func `a probe waits for its answer`() {
        var progress = progress(next: 5)
        progress.sent(entries: 3, bytes: 30)
        #expect(progress.isPaused)
        #expect(progress.next == 5, "a probe is not optimistic")
        let isOld = progress.retreat(rejected: 9, hint: 1)
        #expect(!isOld)
        let isTaken = progress.retreat(rejected: 4, hint: 2)
        #expect(isTaken)
        #expect(progress.next == 3)
        #expect(!progress.isPaused)
    }

    @Test func `replication runs ahead until the window is full`() {
        var progress = progress(match: 4, next: 5)
        progress.becomeReplicate()
        progress.sent(entries: 2, bytes: 10)
        #expect(progress.next == 7)
        #expect(!progress.isPaused)
        progress.sent(entries: 1, bytes: 10)
        #expect(progress.isPaused)
        _ = progress.acknowledge(6)
        progress.freeInflights(through: 6)
        #expect(!progress.isPaused)
        #expect(progress.match == 6)
        let isOld = progress.retreat(rejected: 5, hint: 1)
        #expect(!isOld, "what is known to match cannot be rejected")
    }

    @Test func `after a snapshot the probe begins behind it`() {
        var progress = progress(match: 2, next: 3)
        progress.becomeSnapshot(10)
        #expect(progress.isPaused)
        progress.becomeProbe()
        #expect(progress.next == 11)
    }
}
