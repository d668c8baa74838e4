// Which answers are computed again: drawn from a beacon, so that everybody can check the draw and
// nobody could have known it while computing.

import Cryptography
public import Primitives

/// The draw that decides about audits.
public enum AuditLottery {
    /// Whether an answer is drawn, with probability `share` in millionths.
    ///
    /// - Parameters:
    ///   - beacon: a digest that was not known when the answer was made, such as the event chain's
    ///     after the entry that holds the answer.
    ///   - task: the task's number.
    ///   - provider: who answered.
    ///   - share: the probability in millionths.
    public static func draws(
        beacon: Digest, task: UInt64, provider: Address, share: UInt64
    ) -> Bool {
        guard share < 1_000_000 else { return true }
        var encoder = BinaryEncoder()
        encoder.text("althing.audit.1")
        encoder.digest(beacon)
        encoder.number(task)
        encoder.address(provider)
        let lot = SHA256.hash(encoder.bytes).prefix64
        return lot.multipliedFullWidth(by: 1_000_000).high < share
    }
}
