// ERC20Votes: balances, delegation and checkpoints by clock.

import Governance
import Primitives

/// A token whose votes are checkpointed at the end of each tick. Amounts are as wide as the
/// contract's, so that its cap can be reached.
final class TokenScript: GovernorScript {
    private typealias History = [(time: Int, amount: Natural)]

    private var balances: [String: Natural] = [:]
    private var delegates: [String: String] = [:]
    private var votes: [String: History] = [:]
    private var supplies: History = []
    private var nonces: [String: Int] = [:]
    private var time = 0
    /// The most that may exist: a checkpoint has 208 bits for it.
    private let cap: Natural

    init(config: JSON?) {
        let word = Natural(UInt128(1) << 104)
        cap = config?["cap"]?.natural ?? (word * word).subtracting(.one) ?? .zero
        for member in config?["balances"]?.members ?? [] {
            guard let amount = member.value.natural else { continue }
            try? move(from: nil, to: member.key, amount)
        }
    }

    func perform(_ step: JSON) throws(Refusal) -> String? {
        time = max(time, step["t"]?.integer ?? step["at_time"]?.integer ?? time)
        let of = (step["of"] ?? step["account"] ?? step["who"] ?? step["by"])?.text ?? ""
        switch try step.string("op") {
        case "mint": try move(from: nil, to: try step.string("to"), try amount(step))
        case "burn":
            try move(
                from: step["from"]?.text ?? step["by"]?.text ?? step["of"]?.text, to: nil,
                try amount(step))
        case "transfer", "transferFrom":
            guard let from = (step["from"] ?? step["by"])?.text else {
                throw mismatch("who transfers?")
            }
            try move(from: from, to: try step.string("to"), try amount(step))
        case "delegate": try delegate(step["by"]?.text ?? of, to: step["to"]?.text ?? "0x0")
        case "delegateBySig", "delegateBySignature": try delegateBySignature(step)
        case "votes", "getVotes": return (votes[of]?.last?.amount ?? .zero).description
        case "pastVotes", "getPastVotes":
            return try past(votes[of] ?? [], try moment(step)).description
        case "pastTotalSupply", "pastSupply", "getPastTotalSupply":
            return try past(supplies, try moment(step)).description
        case "totalSupply", "supply": return (supplies.last?.amount ?? .zero).description
        case "balance", "balanceOf": return (balances[of] ?? .zero).description
        case "delegates", "delegateOf": return delegates[of] ?? "0x0"
        case "numCheckpoints", "checkpoints", "checkpointCount":
            return try checkpoints(of, step)
        case "nonce", "nonces": return String(nonces[of] ?? 0)
        case "clock", "block", "mine", "note": return String(time)
        case let op: throw mismatch("the step \(op) is not known")
        }
        return nil
    }

    private func amount(_ step: JSON) throws(Refusal) -> Natural {
        guard let amount = (step["amount"] ?? step["value"])?.natural else {
            throw mismatch("the amount is not readable")
        }
        return amount
    }

    private func moment(_ step: JSON) throws(Refusal) -> Int {
        guard let at = (step["at"] ?? step["timepoint"] ?? step["block"])?.integer else {
            throw mismatch("at which time?")
        }
        return at
    }

    private func checkpoints(_ of: String, _ step: JSON) throws(Refusal) -> String {
        let history = votes[of] ?? []
        guard let position = (step["pos"] ?? step["index"])?.integer else {
            return String(history.count)
        }
        guard history.indices.contains(position) else {
            throw Refusal("OutOfBounds", "there is no such checkpoint")
        }
        return "time=\(history[position].time) \(history[position].amount)"
    }

    private func past(_ history: History, _ at: Int) throws(Refusal) -> Natural {
        guard at < time else { throw Refusal("FutureLookup", "\(at) is not over") }
        return history.last { $0.time <= at }?.amount ?? .zero
    }

    private func move(from: String?, to: String?, _ amount: Natural) throws(Refusal) {
        let supply = supplies.last?.amount ?? .zero
        guard (from == nil ? supply + amount : supply) <= cap else {
            throw Refusal("ExceededSafeSupply", "more than \(cap) cannot exist")
        }
        if let from {
            guard let left = (balances[from] ?? .zero).subtracting(amount) else {
                throw Refusal("InsufficientBalance", "\(from) has too little")
            }
            balances[from] = left
        } else {
            write(&supplies, supply + amount)
        }
        if let to {
            balances[to] = (balances[to] ?? .zero) + amount
        } else {
            write(&supplies, supply.subtracting(amount) ?? .zero)
        }
        moveVotes(from: from.flatMap { delegates[$0] }, to: to.flatMap { delegates[$0] }, amount)
    }

    private func delegate(_ holder: String, to delegate: String) throws(Refusal) {
        let before = delegates[holder]
        let isNobody = delegate == "" || delegate.lowercased().allSatisfy { "0x".contains($0) }
        delegates[holder] = isNobody || delegate == "zero" ? nil : delegate
        moveVotes(from: before, to: delegates[holder], balances[holder] ?? .zero)
    }

    private func delegateBySignature(_ step: JSON) throws(Refusal) {
        let holder = (step["signer"] ?? step["by"] ?? step["of"])?.text ?? ""
        let nonce = step["nonce"]?.integer ?? nonces[holder] ?? 0
        if let expiry = step["expiry"]?.integer,
            expiry < step["wall"]?.integer ?? step["now"]?.integer ?? time
        {
            throw Refusal("ExpiredSignature", "the signature has expired")
        }
        // A signature over other fields recovers somebody else, whose delegation it then is.
        guard !step.hasBadSignature else { throw Refusal("InvalidSignature", "not the holder's") }
        guard nonce == nonces[holder] ?? 0 else { throw Refusal("InvalidNonce", "wrong nonce") }
        nonces[holder] = nonce + 1
        try delegate(holder, to: try step.string("to"))
    }

    private func moveVotes(from: String?, to: String?, _ amount: Natural) {
        guard from != to, !amount.isZero else { return }
        if let from {
            var history = votes[from] ?? []
            write(&history, (history.last?.amount ?? .zero).subtracting(amount) ?? .zero)
            votes[from] = history
        }
        if let to {
            var history = votes[to] ?? []
            write(&history, (history.last?.amount ?? .zero) + amount)
            votes[to] = history
        }
    }

    /// One checkpoint a tick: the last write of a tick is the one that stays.
    private func write(_ history: inout History, _ amount: Natural) {
        if history.last?.time == time { history.removeLast() }
        history.append((time, amount))
    }
}

extension JSON {
    /// A whole number of any size: digits, or `2^208`, `2^208-1`, `2**208 - 1`.
    var natural: Natural? {
        guard let text = scalar?.replacing("**", with: "^").filter({ $0 != " " && $0 != "_" })
        else { return nil }
        if let power = text.firstIndex(of: "^") {
            let rest = text[text.index(after: power)...]
            let digits = rest.prefix { $0.isNumber }
            guard let base = UInt128(text[..<power]), let exponent = Int(digits), exponent <= 512
            else { return nil }
            let value = (0..<exponent).reduce(Natural.one) { value, _ in value * Natural(base) }
            guard let change = rest.dropFirst(digits.count).first else { return value }
            guard let other = UInt128(rest.dropFirst(digits.count + 1)) else { return nil }
            return change == "-"
                ? value.subtracting(Natural(other)) : change == "+" ? value + Natural(other) : nil
        }
        guard !text.isEmpty, text.count <= 160 else { return nil }
        var value = Natural.zero
        for character in text {
            guard let digit = character.wholeNumberValue, character.isASCII else { return nil }
            value = value * Natural(10) + Natural(UInt128(digit))
        }
        return value
    }
}
