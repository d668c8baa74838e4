// What attackers propose, and the rules they would change.

import Cryptography
import Governance
import Primitives

extension AttackScenario {
    /// The constitution changes while proposals are open: their rules are frozen.
    func changeRules(_ step: JSON) throws(Refusal) {
        community.host.current = try constitution(after: step)
    }

    /// The case's rules with what a step changes of them, within the hard bounds.
    private func constitution(after step: JSON) throws(Refusal) -> Constitution {
        let given = Self.changeKeys.lazy.compactMap { step[$0] }.first { $0.members != nil }
        let changes = given?.members ?? step.namedChange ?? step.members ?? []
        let kept = (config["track"]?.members ?? []).filter { member in
            !changes.contains { $0.key == member.key }
        }
        let merged = (config.members ?? []).filter { $0.key != "track" }
        var rules = try CommunityRules(
            .object(merged + [JSON.Member("track", .object(kept + changes))]))
        if bounds == .production, rules.cooldown == 0, config["membershipCooldown"] == nil,
            !changes.contains(where: { $0.key == "membershipCooldown" })
        {
            rules.cooldown = 604_800
        }
        let constitution = try Constitution(parsing: rules.yaml, name: "case", bounds: bounds)
        // As for a vote on it: what asks for more than there is would lock everybody out.
        if let supply = config["totalSupply"]?.amount, !supply.isZero {
            try constitution.checkUsable(
                Electorate(supply: supply, held: supply, currency: supply))
        }
        return constitution
    }

    private static let changeKeys = [
        "track", "set", "rules", "params", "parameters", "new", "changes", "change", "value",
    ]

    // MARK: Proposing

    func propose(_ step: JSON, _ by: String) throws(Refusal) {
        let id = step["id"]?.text ?? "P"
        if let treasury = step["treasury"]?.amount { community.host.treasury = treasury }
        let seconds = (step["t"]?.unsigned ?? 0) + offset
        let isRules = step["kind"]?.text == "change-policy" && step["policy"]?.text != "pricing"
        let says = Self.changeKeys.contains { step[$0]?.members != nil }
        if isRules, says || step.namedChange != nil {
            // A constitution that breaks the hard bounds is refused when it is handed in.
            _ = try constitution(after: step)
        }
        let twin = ["sameAs", "copyOf", "sameEffectsAs", "effectsOf", "resubmissionOf"].lazy
            .compactMap { step[$0]?.text }.first
        let header: String? =
            if let twin, let known = headers[twin] { known } else { try header(step) }
        let number = try community.propose(by: by, at: seconds, header: header)
        numbers[id] = number
        headers[id] = community.lastHeader
        effectNames[id] = (step["effects"] ?? step["effectsDigest"] ?? step["actions"])?.compact
        if step.saysItReverts { community.host.failing.insert(number) }
        if let deposit = step["expectDeposit"]?.scalar {
            try expectEqual(community.record(number)?.deposit.description, deposit, "deposit")
        }
        if let earlier = (step["expectResubmissionOf"])?.text {
            try expectEqual(
                community.record(number)?.resubmissionOf, numbers[earlier], "resubmission of")
        }
        guard let track = step["expectTrack"]?.text else { return }
        let names = ["small-spend": "treasury-spend", "large-spend": "treasury-spend-large"]
        try expectEqual(community.record(number)?.rules.name, names[track] ?? track, "track")
    }

    private func header(_ step: JSON) throws(Refusal) -> String? {
        switch step["kind"]?.text {
        case nil, "signal": return nil
        case "treasury-spend": return paymentsHeader(step)
        case "change-members": return membersHeader(step)
        case "change-policy": return policyHeader(step)
        case "retire-model", "release-model", "train-model":
            return
                "kind: retire-model\ntitle: Case\neffects:\n  - model: \(step["model"]?.text ?? "m")"
        case "slash-provider":
            let provider = community.address(step["provider"]?.text ?? step["of"]?.text ?? "")
            return """
                kind: slash-provider
                title: Case
                effects:
                  - provider: "\(provider.hex)"
                    amount: \(step["amount"]?.scalar ?? "1")
                    reason: Case.
                """
        // Any other kind is written as it is: the list of actions is closed, and refuses it.
        case let kind: return "kind: \(kind ?? "none")\ntitle: Case\neffects:\n  - text: x"
        }
    }

    /// One payment, or several under `actions` or `payments`.
    private func paymentsHeader(_ step: JSON) -> String {
        let listed = (step["actions"] ?? step["payments"])?.elements?.filter { $0.members != nil }
        var lines = ["kind: treasury-spend", "title: Case", "effects:"]
        for payment in listed ?? [step] {
            let to = (payment["to"] ?? step["to"] ?? step["by"])?.text ?? ""
            // Digits that claim to be an address are taken as they are, and refused if they are
            // none; a name stands for a person of the community.
            let isDigits = to.hasPrefix("0x") || (to.count >= 40 && to.allSatisfy(\.isHexDigit))
            lines += [
                "  - asset: \(payment["asset"]?.text ?? "CREDIT")",
                "    to: \"\(isDigits ? to : community.address(to).hex)\"",
                "    amount: \((payment["amount"] ?? step["amount"])?.scalar ?? "0")",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private func membersHeader(_ step: JSON) -> String {
        var lines = ["kind: change-members", "title: Case", "effects:", "  - remove:"]
        for name in (step["remove"]?.elements ?? []).compactMap(\.text) {
            lines.append("      - \(name)")
        }
        if lines.count == 4 { lines[3] = "  - remove: []" }
        let added = (step["add"]?.elements ?? []).compactMap(\.text)
        if !added.isEmpty { lines.append("    add:") }
        for name in added {
            lines += [
                "      - name: \(name)",
                "        key: \"\(SHA256.hash(Array(name.utf8)).hex)\"",
                "        address: \(name).example:7000",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private func policyHeader(_ step: JSON) -> String {
        let policy = step["policy"]?.text ?? "pricing"
        let base = SHA256.hash(Array((step["base"]?.text ?? "").utf8))
        if community.host.policies[policy] == nil { community.host.policies[policy] = base }
        return """
            kind: change-policy
            title: Case
            effects:
              - policy: \(policy)
                base: \(base.contentName)
                text: "\(step["text"]?.text ?? step["new"]?.text ?? step["id"]?.text ?? "new")"
            """
    }
}

extension JSON {
    /// One rule under its name: `"param": "quorum", "value": "0"`, or `setQuorum` and a value.
    fileprivate var namedChange: [JSON.Member]? {
        let value = self["value"] ?? self["new"] ?? self["to"]
        let name = ["param", "parameter", "key", "field"].lazy.compactMap { self[$0]?.text }.first
        guard let value, value.members == nil else { return nil }
        if let name { return [JSON.Member(name, value)] }
        guard self["op"]?.text == "setQuorum" else { return nil }
        return [JSON.Member("quorum", value)]
    }
}
