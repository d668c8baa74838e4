// ERC20Votes: balances, delegation and checkpoints by clock.

import Governance
import Primitives

/// A token whose votes are checkpointed at the end of each tick.
final class TokenScript: GovernorScript {
    private var balances: [String: Amount] = [:]
    private var delegates: [String: String] = [:]
    private var votes: [String: [(time: Int, amount: Amount)]] = [:]
    private var supplies: [(time: Int, amount: Amount)] = []
    private var nonces: [String: Int] = [:]
    private var time = 0

    func perform(_ step: JSON) throws(Refusal) -> String? {
        time = max(time, step["t"]?.integer ?? time)
        let of = step["of"]?.text ?? ""
        switch try step.string("op") {
        case "mint": try move(from: nil, to: try step.string("to"), try step.units("amount"))
        case "burn":
            try move(
                from: step["from"]?.text ?? step["by"]?.text, to: nil, try step.units("amount"))
        case "transfer":
            try move(
                from: try step.string("by"), to: try step.string("to"), try step.units("amount"))
        case "delegate": try delegate(try step.string("by"), to: try step.string("to"))
        case "delegateBySig": try delegateBySignature(step)
        case "votes": return (votes[of]?.last?.amount ?? .zero).description
        case "pastVotes": return try past(votes[of] ?? [], try step.integer("at")).description
        case "pastTotalSupply", "pastSupply":
            return try past(supplies, try step.integer("at")).description
        case "totalSupply": return (supplies.last?.amount ?? .zero).description
        case "balance", "balanceOf": return (balances[of] ?? .zero).description
        case "delegates": return delegates[of] ?? "0x0"
        case "numCheckpoints", "checkpoints": return String(votes[of]?.count ?? 0)
        case "nonce", "nonces": return String(nonces[of] ?? 0)
        case let op: throw mismatch("the step \(op) is not known")
        }
        return nil
    }

    private func past(_ history: [(time: Int, amount: Amount)], _ at: Int) throws(Refusal) -> Amount
    {
        guard at < time else { throw Refusal("FutureLookup", "\(at) is not over") }
        return history.last { $0.time <= at }?.amount ?? .zero
    }

    private func move(from: String?, to: String?, _ amount: Amount) throws(Refusal) {
        if let from {
            guard balances[from] ?? .zero >= amount else {
                throw Refusal("InsufficientBalance", "\(from) has too little")
            }
            balances[from] = try (balances[from] ?? .zero).subtracting(amount)
        } else {
            try write(&supplies, (supplies.last?.amount ?? .zero).adding(amount))
        }
        if let to {
            balances[to] = try (balances[to] ?? .zero).adding(amount)
        } else {
            try write(&supplies, (supplies.last?.amount ?? .zero).subtracting(amount))
        }
        try moveVotes(
            from: from.flatMap { delegates[$0] }, to: to.flatMap { delegates[$0] }, amount)
    }

    private func delegate(_ holder: String, to delegate: String) throws(Refusal) {
        let before = delegates[holder]
        delegates[holder] = delegate == "0x0" ? nil : delegate
        try moveVotes(from: before, to: delegates[holder], balances[holder] ?? .zero)
    }

    private func delegateBySignature(_ step: JSON) throws(Refusal) {
        let holder = step["signer"]?.text ?? step["by"]?.text ?? ""
        let nonce = step["nonce"]?.integer ?? nonces[holder] ?? 0
        if let expiry = step["expiry"]?.integer, expiry < step["wall"]?.integer ?? time {
            throw Refusal("ExpiredSignature", "the signature has expired")
        }
        guard nonce == nonces[holder] ?? 0 else { throw Refusal("InvalidNonce", "wrong nonce") }
        nonces[holder] = nonce + 1
        try delegate(holder, to: try step.string("to"))
    }

    private func moveVotes(from: String?, to: String?, _ amount: Amount) throws(Refusal) {
        guard from != to, !amount.isZero else { return }
        if let from {
            var history = votes[from] ?? []
            try write(&history, (history.last?.amount ?? .zero).subtracting(amount))
            votes[from] = history
        }
        if let to {
            var history = votes[to] ?? []
            try write(&history, (history.last?.amount ?? .zero).adding(amount))
            votes[to] = history
        }
    }

    /// One checkpoint a tick: the last write of a tick is the one that stays.
    private func write(_ history: inout [(time: Int, amount: Amount)], _ amount: Amount)
        throws(Refusal)
    {
        if history.last?.time == time { history.removeLast() }
        history.append((time, amount))
    }
}
