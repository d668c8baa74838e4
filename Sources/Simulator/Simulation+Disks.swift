// What members' logs write: one batch after the other, each taking its time.

import ControlPlane
import LogStore
import Node
import Primitives
import Raft

extension Simulation {
    /// Has a batch written behind those that wait, and what it owes answered once it is flushed.
    func write(
        _ batch: Message, of member: SimulatedMember, _ life: MemberLife, _ clock: Timestamp
    ) throws(Refusal) {
        if let snapshot = batch.snapshot {
            try install(snapshot, at: member, life)
            do throws(Refusal) {
                try FeatureLevel.checkKnown(
                    life.engine.machine.featureLevel, supported: member.knownLevel)
            } catch {
                return life.engine.take(.logFailed(error), at: clock)
            }
        }
        if batch.keepsTail { probes.reach(.snapshotKeptTail) }
        let records = try life.log.records(of: batch)
        for case .truncate in records { probes.reach(.entriesTruncated) }
        var responses = batch.responses
        if flaw == .answersBeforeFlush {
            for message in responses where message.to != member.id {
                send(message, from: member.number)
            }
            responses.removeAll { $0.to != member.id }
        }
        life.waiting.append(WaitingBatch(records: records, responses: responses))
        startWriting(member, life)
    }

    private func startWriting(_ member: SimulatedMember, _ life: MemberLife) {
        guard life.writing.isEmpty, !life.waiting.isEmpty else { return }
        swap(&life.writing, &life.waiting)
        let duration = diskRandom.pick(plan.flushTime) + member.diskDelay
        queue.plan(.written(member: member.number, life: member.life), at: now + duration)
    }

    /// A disk is done with what it was writing, unless it is full or fails.
    func finishWriting(_ number: Int, _ lifeNumber: UInt64) throws(Refusal) {
        let member = members[number]
        guard member.life == lifeNumber, let life = member.current else { return }
        var batches = life.writing
        life.writing = []
        while let batch = batches.first {
            let files = member.disk.names.count
            do throws(Refusal) {
                try life.log.commit(batch.records)
                if member.disk.names.count > files { probes.reach(.segmentRolled) }
            } catch {
                if error.code == "file.no-space" {
                    // Nothing was written: it waits for room, and everything behind it.
                    life.writing = batches
                    queue.plan(.written(member: number, life: lifeNumber), at: now + 100_000)
                    return
                }
                try feed(number, .logFailed(error))
                return
            }
            batches.removeFirst()
            try feed(number, .stored(batch.responses))
            guard member.life == lifeNumber else { return }
        }
        startWriting(member, life)
    }
}
