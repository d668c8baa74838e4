// A seat whose data is gone begins a new life: it asks for one with its own key, and comes back
// under a name that has promised nothing.

import ControlPlane
import Cryptography
import Logging
import Platform
public import Primitives

/// Beginning anew.
public enum Rejoin {
    /// What may lie in a data folder that has not been used yet.
    private static let preparations: Set<String> = ["life", "epoch", "seats", "lock", "joined"]

    /// Refuses a data folder that holds anything (`rejoin.not-empty`).
    static func demandEmpty(_ folder: String) throws(Refusal) {
        let content = Files.exists(folder) ? try Files.list(folder) : []
        guard Set(content).isSubset(of: preparations) else {
            throw Refusal(
                "rejoin.not-empty",
                "\(folder) is not empty: what a member promised is in it; move it away first, and"
                    + " only if it is lost or from an earlier time")
        }
    }

    /// Asks the cluster for a new life of the seat, and prepares the data folder for it; gives the
    /// name in consensus.
    ///
    /// Throws `rejoin.not-empty`, `cluster.unreachable`, and what the cluster refuses.
    @discardableResult
    public static func ask(_ settings: MemberSettings) async throws(Refusal) -> UInt64 {
        try demandEmpty(settings.dataFolder)
        let line = try SeatLine(
            genesis: settings.genesis.digest, seat: settings.seat.id, seed: settings.seed,
            contacts: try settings.knownSeats())
        defer { line.close() }
        let (seat, key) = (settings.seat, settings.ownKey)
        // Where the seat is reached is known to the cluster; here it may be what it once was.
        let news = try await line.act { act, seat in
            .takeSeat(
                SeatClaim(
                    act: act, startsOver: true, signer: key, publicKey: key,
                    peerAddress: seat.peerAddress, clientOrigin: seat.clientOrigin))
        }
        return try prepare(settings.dataFolder, seat: seat.id, news)
    }

    /// Where a seat's data folder is lost, waits for the cluster to give it a new life; gives the
    /// settings for it, nil when cancelled before.
    ///
    /// - Throws: `seat.data-lost` where there is no other member that could know the state,
    ///   `seat.log-lost`, and what the cluster refuses.
    static func begin(_ settings: MemberSettings, _ logger: Logger) async throws(Refusal)
        -> MemberSettings?
    {
        let (folder, number) = (settings.dataFolder, settings.seat.id)
        guard let memory = settings.memory, try memory.isDataLost(folder, seat: number) else {
            return settings
        }
        guard try settings.knownSeats().contains(where: { $0.id != number }) else {
            throw Refusal(
                "seat.data-lost",
                "\(folder) is gone and no other member has the state: `althing cluster restore` it"
                    + " from a backup, or remove \(memory.folder) to begin from the genesis")
        }
        logger.notice(
            "the data is lost: asking the cluster for a new life", metadata: ["data": "\(folder)"])
        while true {
            do throws(Refusal) {
                let life = MemberLife(id: try await ask(settings))
                logger.notice("a new life", metadata: ["incarnation": "\(life.incarnation)"])
                break
            } catch {
                if Task.isCancelled { return nil }
                guard error.code == "cluster.unreachable" else { throw error }
                logger.warning("no life yet", metadata: ["why": "\(error.message)"])
            }
        }
        var begun = settings
        if let seat = try settings.knownSeats().first(where: { $0.id == number }) {
            try begun.stand(at: seat)
        }
        return begun
    }

    /// Writes what a member must know before it has a state.
    @discardableResult
    static func prepare(_ folder: String, seat: UInt64, _ news: SeatNews) throws(Refusal)
        -> UInt64
    {
        let life = MemberLife(seat: seat, number: try news.standing(seat).course.life)
        try Files.makeFolders(folder)
        try news.file.write(folder)
        if news.epoch > EpochFile.first {
            try EpochFile.write(
                EpochFile.Opening(epoch: news.epoch, reason: "joined in this epoch"), folder)
        }
        // Last: without it the folder is not used.
        try life.write(folder)
        return life.id
    }
}
