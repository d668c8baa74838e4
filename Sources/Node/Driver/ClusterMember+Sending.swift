// What a member sends, and what it has its log write before it does.

import Platform
import Primitives
import Raft
import Telemetry
import Transport

extension ClusterMember {
    /// Sends a message, unless it waits for something to travel with.
    func send(_ message: Message) {
        for message in notices.pass(message, at: SystemClock.monotonicNanoseconds()) {
            peers?.send(message)
            metrics.raft.messagesSent.add()
        }
        watchNotices()
    }

    private func watchNotices() {
        guard !isWatchingNotices, let due = notices.nextDue else { return }
        isWatchingNotices = true
        let now = SystemClock.monotonicNanoseconds()
        loop.call(afterNanoseconds: due > now ? due - now : 0) { [weak self] in
            self?.assumeIsolated { $0.sendNotices() }
        }
    }

    private func sendNotices() {
        isWatchingNotices = false
        for message in notices.takeDue(at: SystemClock.monotonicNanoseconds()) {
            peers?.send(message)
            metrics.raft.messagesSent.add()
        }
        watchNotices()
    }

    /// Has the log write a batch, and what it owes sent once it is durable.
    func store(_ batch: Message, at now: Timestamp) {
        let start = SystemClock.monotonicNanoseconds()
        do throws(Refusal) {
            if let snapshot = batch.snapshot { try install(snapshot) }
            // What the batch's durability lets go to others leaves from the log's thread: it need
            // not wait for a turn of this member.
            let isDone = try log.write(batch) { [inbox, peers, own = settings.consensusID] input in
                guard case .stored(let responses) = input else { return _ = inbox.put(input) }
                for response in responses where response.to != own { peers?.send(response) }
                inbox.put(.stored(responses.filter { $0.to == own }))
            }
            guard isDone else { return stopwatch.appended(batch, at: start) }
            for response in batch.responses where response.to != settings.consensusID {
                peers?.send(response)
            }
            engine.take(
                .stored(batch.responses.filter { $0.to == settings.consensusID }), at: now)
        } catch {
            engine.take(.logFailed(error), at: now)
        }
    }
}
