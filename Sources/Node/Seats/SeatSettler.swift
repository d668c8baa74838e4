// What a member that joined by its seat's first key does as soon as the cluster answers: it puts a
// key of its own in that one's place, so that the token opens nothing any more, and says where it
// is reached.

import ControlPlane
import Logging
import Platform
import Primitives

/// Settles a seat that was joined.
struct SeatSettler: Sendable {
    let member: ClusterMember
    let settings: MemberSettings
    let logger: Logger

    private static func mark(_ dataFolder: String) -> String { dataFolder + "/joined" }

    /// Notes, in a data folder, that the seat still has its first key.
    static func note(_ dataFolder: String) throws(Refusal) {
        try Files.writeAtomically(mark(dataFolder), [])
    }

    /// Works until it is done, or cancelled; does nothing for a seat that was not just joined.
    func run() async {
        while !Task.isCancelled, Files.exists(SeatSettler.mark(settings.dataFolder)) {
            do throws(Refusal) {
                try await settle()
                logger.notice("the seat has a key of its own")
                return
            } catch {
                logger.info(
                    "the seat still has its first key",
                    metadata: ["code": "\(error.code)", "why": "\(error.message)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func settle() async throws(Refusal) {
        guard let file = settings.keyFile else {
            throw Refusal("seat.key", "no file is known that could take a key")
        }
        let news = try await Joining.replaceKey(settings, file: file)
        try Files.remove(SeatSettler.mark(settings.dataFolder))
        // This member's own state may be far from knowing it, and the old key is soon refused.
        await member.hear(news.file)
    }
}
