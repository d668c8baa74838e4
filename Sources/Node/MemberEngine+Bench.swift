// Reads and opaque puts: gathered while earlier ones are on their way, so that one round of
// heartbeats confirms many reads and one log entry carries many puts.

import ControlPlane
import Primitives
import Raft

extension MemberEngine {
    /// How many entries of puts may be on their way before the next waits: one that is flushed and
    /// sent, one that goes out meanwhile. What comes in the meantime makes the next entry larger.
    private static let putBatchesUnderWay = 2
    /// From this many waiting puts on, more entries may be on their way.
    private static let fullBatch = 128
    private static let fullBatchesUnderWay = 8
    /// The most puts that wait; more are refused.
    private static let putsWaiting = 1 << 14

    // MARK: Puts

    func take(put: [UInt8], _ reply: Reply<UInt64>) {
        guard node.role == .leader else {
            return reply.fail(Refusal("cluster.not-leader", "this member does not lead"))
        }
        if let heldBy { return reply.fail(heldBy) }
        guard toPut.count < MemberEngine.putsWaiting else {
            return reply.fail(
                Refusal("cluster.overloaded", "\(toPut.count) puts wait already: try again later"))
        }
        toPut.append((put, reply))
    }

    func proposePuts(at now: Timestamp) throws(Refusal) {
        while let batch = nextPuts() {
            guard node.role == .leader else {
                let lost = Refusal("cluster.not-leader", "this member no longer leads")
                for (_, reply) in batch { reply.fail(lost) }
                continue
            }
            lastStamp = max(lastStamp, machine.now, now)
            let number = pending.addPuts(batch.map(\.reply))
            let entry = BenchEntry(
                timestamp: lastStamp, life: lifeName, batch: number, puts: batch.map(\.put))
            do throws(Refusal) {
                try node.propose(entry.encoded)
            } catch {
                pending.answerPuts(number, .failure(error))
            }
        }
    }

    private func nextPuts() -> [(put: [UInt8], reply: Reply<UInt64>)]? {
        guard !toPut.isEmpty else { return nil }
        let underWay = pending.putBatchCount
        let isFull = toPut.count >= MemberEngine.fullBatch
        let limit = isFull ? MemberEngine.fullBatchesUnderWay : MemberEngine.putBatchesUnderWay
        guard underWay < limit || node.role != .leader else { return nil }
        let batch = Array(toPut.prefix(BenchEntry.putLimit))
        toPut.removeFirst(batch.count)
        return batch
    }

    /// Applies an entry of puts, and answers those who wait for it here.
    func applyPuts(_ entry: Entry) throws(Refusal) -> AppliedEntry {
        let (bench, applied) = try machine.applyPuts(
            index: entry.index, term: entry.term, payload: entry.data)
        if bench.life == lifeName { pending.answerPuts(bench.batch, .success(entry.index)) }
        return applied
    }

    // MARK: Reads

    /// Asks once for every read that came since the last question.
    func askForReads() {
        guard !toRead.isEmpty else { return }
        let number = pending.addReads(toRead)
        toRead.removeAll(keepingCapacity: true)
        askRead(number)
    }

    /// Asks the leader to confirm a read.
    func askRead(_ number: UInt64) {
        var name = BinaryEncoder()
        name.sortable(lifeName)
        name.sortable(number)
        do throws(Refusal) {
            try node.readIndex(name.bytes)
        } catch {
            pending.failRead(
                number, Refusal("cluster.no-leader", "there is no leader to read from"))
        }
    }

    /// Serves the reads whose index is applied.
    func serveReads() {
        for read in pending.takeServable(at: machine.appliedIndex) {
            switch read {
            case .barrier(let reply): reply.succeed(machine.appliedIndex)
            case .value(let key, let reply):
                let value = machine.benchValue(key)
                if let damage = machine.damage { reply.fail(damage) } else { reply.succeed(value) }
            }
        }
    }
}
