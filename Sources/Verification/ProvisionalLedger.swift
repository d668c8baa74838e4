// Answers taken unchecked: their earnings wait until their provider passes a check, or the window
// ends. The window's earnings are what a liar loses; the floor of audits and its length make lying
// not pay.

import Primitives

/// The answers that wait, by provider and by time.
struct ProvisionalLedger: Sendable {
    private static let byProvider = Table<ProvisionalResult>(prefix: 0x52)
    private static let byTime = Table<ProvisionalResult>(prefix: 0x53)

    let policy: VerificationPolicy

    private static func providerKey(_ result: ProvisionalResult) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.address(result.provider)
        encoder.sortable(result.since.milliseconds)
        encoder.sortable(result.task)
        return encoder.bytes
    }

    private static func timeKey(_ result: ProvisionalResult) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.sortable(result.since.milliseconds)
        encoder.sortable(result.task)
        encoder.address(result.provider)
        return encoder.bytes
    }

    func add(_ result: ProvisionalResult, in state: StateOverlay) {
        Self.byProvider.set(Self.providerKey(result), to: result, in: state)
        Self.byTime.set(Self.timeKey(result), to: result, in: state)
    }

    private func remove(_ results: [ProvisionalResult], in state: StateOverlay) {
        for result in results {
            Self.byProvider.remove(Self.providerKey(result), in: state)
            Self.byTime.remove(Self.timeKey(result), in: state)
        }
    }

    private func all(of provider: Address, in state: StateOverlay) -> [ProvisionalResult] {
        Self.byProvider.records(withPrefix: provider.bytes, in: state).map(\.record)
    }

    /// Takes out all that waits for a provider, the oldest first.
    func takeAll(of provider: Address, in state: StateOverlay) -> [ProvisionalResult] {
        let results = all(of: provider, in: state)
        remove(results, in: state)
        return results
    }

    /// Frees what has waited for the whole window.
    func expire(at now: Timestamp, limit: Int, in state: StateOverlay) -> [ProvisionalResult] {
        let oldest = Self.byTime.records(limit: limit, in: state).map(\.record)
        let due = oldest.filter { now.since($0.since) >= policy.provisionalWindow }
        remove(due, in: state)
        return due
    }
}
