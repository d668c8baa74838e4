// Which kinds of entries this log may hold: a level that only the log itself raises.
//
// A member that does not know a kind of command cannot apply it, and one that guesses would differ.
// So each kind says since which level it exists, the level in force is replicated state, and no
// leader puts a command on the log above it. It is raised by an entry of its own, when every member
// of the cluster has said that it knows the new level; a member that does not know it stops there.

public import Primitives

/// Levels of what the log may hold, and of what its entries do: 2 brought the acts of a seat's
/// holder, 3 that a decision about seats is closed by what the log shows and may be taken back, and
/// that payments must be in the treasury before they are voted on, 4 that a seat's addresses are
/// read strictly.
public enum FeatureLevel {
    /// The highest level that this program knows.
    public static let supported: UInt64 = 4

    /// The level of a log on which nobody has raised it.
    public static let first: UInt64 = 1

    private static let counter = "feature-level"

    static func current(in state: any StateReader) -> UInt64 {
        max(first, state.lastNumber(counter))
    }

    /// Refuses a command of a kind that the log does not hold yet (`level.closed`).
    static func check(_ envelope: Envelope, in state: any StateReader) throws(Refusal) {
        let current = current(in: state)
        guard envelope.level <= current else { throw closed(envelope.level, at: current) }
    }

    /// The refusal of a kind of command that the log does not hold yet.
    package static func closed(_ level: UInt64, at current: UInt64) -> Refusal {
        Refusal(
            "level.closed",
            "this log is at feature level \(current), and what is asked exists since level"
                + " \(level): it opens once every member runs a program that knows it")
    }

    /// Refuses a log with kinds of entries that this program does not know (`level.newer`).
    public static func checkKnown(_ level: UInt64, supported: UInt64 = supported) throws(Refusal) {
        guard level <= supported else {
            throw Refusal(
                "level.newer",
                "the log is at feature level \(level) and this program knows levels up to"
                    + " \(supported): install the version that the other members run, then start"
                    + " this one again")
        }
    }

    /// From this entry on the log may hold kinds up to `level`.
    static func raise(
        to level: UInt64, member: UInt64, _ transaction: Transaction
    ) throws(Refusal) {
        let current = current(in: transaction.state)
        guard level > current else {
            throw Refusal("level.past", "the log is at feature level \(current) already")
        }
        Tables.counters.set(Key.text(counter), to: NumberRecord(level), in: transaction.state)
        transaction.emit("level.raised", ["level": "\(level)", "member": "\(member)"])
    }
}

extension Envelope {
    /// Since which level the log may hold it. There is no `default` anywhere below: a new kind of
    /// command does not compile before it says its level.
    public var level: UInt64 {
        switch self {
        case .account(let envelope): envelope.command.level
        case .member(let envelope): envelope.command.level
        }
    }
}

extension MemberCommand {
    /// See `Envelope.level`.
    var level: UInt64 {
        switch self {
        case .tick, .recordBenchmark, .place, .releaseLeases, .reserveUsage, .postUsage, .voidUsage,
            .settleSeats, .openEpoch, .raiseLevel:
            1
        case .offerSeat, .takeSeat: 2
        }
    }
}

extension AccountCommand {
    /// See `Envelope.level`.
    var level: UInt64 {
        switch self {
        case .transfer, .delegate, .submitProposal, .vote, .commitVote, .revealVote, .guardProposal,
            .attestPerson, .cancelProposal, .registerProvider, .drainProvider, .fundPrepaid,
            .createKey, .revokeKey, .completeTask, .failTask, .cancelJob, .offerServing:
            1
        }
    }
}

extension Views {
    /// The feature level that the log is at.
    public var featureLevel: UInt64 { FeatureLevel.current(in: state) }
}
