// The epoch a member lives in: it grows with each restore or recovery of the cluster, so that
// whoever missed it is told so at the first greeting and counts for nothing.

import Platform
import Primitives

/// The epoch's file in a member's data folder.
enum EpochFile {
    /// The first epoch, of which no file speaks.
    static let first: UInt64 = 1

    /// What a restore or a recovery wants put on record when its epoch opens.
    struct Opening: Sendable, Equatable {
        /// The epoch.
        var epoch: UInt64
        /// `restored from ...`, in words.
        var reason: String
    }

    private static func path(_ dataFolder: String) -> String { dataFolder + "/epoch" }

    /// The epoch of a data folder; throws `epoch.malformed`.
    static func read(_ dataFolder: String) throws(Refusal) -> Opening {
        guard Files.exists(path(dataFolder)) else { return Opening(epoch: first, reason: "") }
        let text = try Files.readText(path(dataFolder), limit: 4096)
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard let line = lines.first, let epoch = UInt64(line), epoch >= first else {
            throw Refusal("epoch.malformed", "\(path(dataFolder)) does not begin with a number")
        }
        let reason = lines.count > 1 ? lines[1].filter { !$0.isNewline } : ""
        return Opening(epoch: epoch, reason: reason)
    }

    /// Writes it; returns when it is on the device.
    static func write(_ opening: Opening, _ dataFolder: String) throws(Refusal) {
        try Files.writeAtomically(
            path(dataFolder), Array("\(opening.epoch)\n\(opening.reason)\n".utf8))
    }
}
