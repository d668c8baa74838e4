// Who waits for what: commands until they are applied, reads until they are confirmed.

import ControlPlane
import Primitives

/// Commands and reads on their way.
struct PendingReplies {
    private struct Waiting<Who> {
        var replies: [Who]
        var ticksLeft: Int
    }

    /// How many ticks somebody waits before being told that the outcome is unknown.
    static let patienceTicks = 100

    /// How many ticks a read waits: longer than an election takes.
    static let readPatienceTicks = 20

    private var commands: [Digest: Waiting<Reply<CommandReceipt>>] = [:]
    private var reads: [UInt64: Waiting<WaitingRead>] = [:]
    private var confirmed: [(index: UInt64, replies: [WaitingRead])] = []
    private var nextRead: UInt64 = 1
    private var puts: [UInt64: Waiting<Reply<UInt64>>] = [:]
    private var nextPut: UInt64 = 1

    /// How many batches of puts are on their way.
    var putBatchCount: Int { puts.count }

    /// Notes that somebody waits for a command. False when it is already on its way.
    mutating func add(_ command: Digest, _ reply: Reply<CommandReceipt>) -> Bool {
        let isNew = commands[command] == nil
        commands[command, default: Waiting(replies: [], ticksLeft: PendingReplies.patienceTicks)]
            .replies.append(reply)
        return isNew
    }

    /// Gives the answer of an applied command to everybody who waits for it.
    mutating func answer(_ receipt: CommandReceipt) {
        guard let waiting = commands.removeValue(forKey: receipt.envelope) else { return }
        for reply in waiting.replies { reply.succeed(receipt) }
    }

    mutating func fail(_ command: Digest, _ refusal: Refusal) {
        guard let waiting = commands.removeValue(forKey: command) else { return }
        for reply in waiting.replies { reply.fail(refusal) }
    }

    /// Notes who waits for a batch of puts; gives its number.
    mutating func addPuts(_ replies: [Reply<UInt64>]) -> UInt64 {
        let number = nextPut
        nextPut += 1
        puts[number] = Waiting(replies: replies, ticksLeft: PendingReplies.patienceTicks)
        return number
    }

    /// Answers everybody who waits for a batch of puts.
    mutating func answerPuts(_ number: UInt64, _ result: Result<UInt64, Refusal>) {
        guard let waiting = puts.removeValue(forKey: number) else { return }
        for reply in waiting.replies { reply.give(result) }
    }

    /// Notes who wants to read; gives the number under which to ask once for all of them.
    mutating func addReads(_ waiting: [WaitingRead]) -> UInt64 {
        let number = nextRead
        nextRead += 1
        reads[number] = Waiting(
            replies: waiting, ticksLeft: PendingReplies.readPatienceTicks)
        return number
    }

    /// Whether somebody waits for a command.
    var hasCommands: Bool { !commands.isEmpty }

    /// Gives every unconfirmed read a new number, in order; their patience goes on.
    mutating func renameReads() -> [UInt64] {
        let waiting = reads
        reads.removeAll()
        var numbers: [UInt64] = []
        for key in waiting.keys.sorted() {
            reads[nextRead] = waiting[key]
            numbers.append(nextRead)
            nextRead += 1
        }
        return numbers
    }

    /// A read may be served once `index` is applied.
    mutating func confirm(read number: UInt64, at index: UInt64) {
        guard let waiting = reads.removeValue(forKey: number) else { return }
        confirmed.append((index, waiting.replies))
    }

    mutating func failRead(_ number: UInt64, _ refusal: Refusal) {
        guard let waiting = reads.removeValue(forKey: number) else { return }
        for reply in waiting.replies { reply.fail(refusal) }
    }

    /// Takes out the reads that waited for what is now applied.
    mutating func takeServable(at index: UInt64) -> [WaitingRead] {
        guard confirmed.contains(where: { $0.index <= index }) else { return [] }
        let servable = confirmed.filter { $0.index <= index }.flatMap(\.replies)
        confirmed.removeAll { $0.index <= index }
        return servable
    }

    /// One tick of patience less for everybody.
    mutating func tick() {
        let late = Refusal(
            "cluster.timeout",
            "no answer in time; whether the command will happen is unknown: ask again with the"
                + " same nonce")
        for key in PendingReplies.age(&commands) { fail(key, late) }
        let noLeader = Refusal("cluster.no-leader", "no leader confirmed the read in time")
        for key in PendingReplies.age(&reads) { failRead(key, noLeader) }
        for key in PendingReplies.age(&puts) { answerPuts(key, .failure(late)) }
    }

    /// Who has no patience left, in order: not in a dictionary's, which differs from run to run.
    private static func age<Key: Comparable, Who>(_ waiting: inout [Key: Waiting<Who>]) -> [Key] {
        var late: [Key] = []
        for key in waiting.keys {
            waiting[key]?.ticksLeft -= 1
            if let left = waiting[key]?.ticksLeft, left <= 0 { late.append(key) }
        }
        return late.sorted()
    }

    /// Tells everybody that this member stopped.
    mutating func failAll(_ refusal: Refusal) {
        for key in commands.keys.sorted() { fail(key, refusal) }
        for key in reads.keys.sorted() { failRead(key, refusal) }
        for key in puts.keys.sorted() { answerPuts(key, .failure(refusal)) }
        for entry in confirmed { for reply in entry.replies { reply.fail(refusal) } }
        confirmed.removeAll()
    }
}
