// OpenZeppelin's Governor and ERC20Votes, Compound's Bravo: scripts of events on a governance
// clock.
//
// The life cycle is modelled here as theirs; quorum and success are our `TallyRules`, with their
// parameters. A step that must be refused has to be refused; the names of the errors are the
// file's.

import Governance
import Primitives

enum GovernorCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        let isToken = try item.string("kind") == "votes"
        let script: any GovernorScript =
            isToken ? TokenScript(config: item["config"]) : try GovernorModel(item: item)
        for (number, step) in try item.items("steps").enumerated() {
            try check(step, "step \(number)", script)
        }
    }

    private static func check(
        _ step: JSON, _ place: String, _ script: any GovernorScript
    ) throws(Refusal) {
        var answer: String?
        var refusal: Refusal?
        do {
            answer = try script.perform(step)
        } catch {
            guard error.code != "case.mismatch" else {
                throw mismatch("\(place): \(error.message)")
            }
            refusal = error
        }
        if let expected = step["expectError"]?.text {
            try expect(refusal != nil, "\(place): accepted, expected \(expected)")
            return
        }
        if let refusal { throw mismatch("\(place): refused, \(refusal)") }
        for member in step.members ?? [] where member.key.hasPrefix("expect") {
            if ["expect", "expectEta", "expectWeight"].contains(member.key) {
                try compare(answer ?? "nothing", member.value, place)
                continue
            }
            // `expectState`, `expectDeadline`: what another step would ask.
            let query = member.key.dropFirst(6)
            let op = query.prefix(1).lowercased() + query.dropFirst()
            let asked = (step.members ?? []).filter {
                !$0.key.hasPrefix("expect") && $0.key != "op"
            }
            let asking = JSON.object(asked + [JSON.Member("op", .string(op))])
            try compare(try script.perform(asking) ?? "nothing", member.value, place)
        }
    }

    private static func compare(_ ours: String, _ theirs: JSON, _ place: String) throws(Refusal) {
        // Several numbers: ours come as `name=number` words.
        let words = ours.split(separator: " ").map(String.init)
        if let elements = theirs.elements {
            try expectEqual(
                words.map { String($0.drop { $0 != "=" }.dropFirst()) },
                elements.map { $0.scalar ?? "?" }, place)
            return
        }
        guard let members = theirs.members else {
            let expected = theirs.scalar ?? theirs.flag.map { $0 ? "true" : "false" } ?? "0x0"
            try expectEqual(
                ours.lowercased().replacing("cancelled", with: "canceled"),
                expected.lowercased().replacing("cancelled", with: "canceled"), place)
            return
        }
        for member in members {
            let name = member.key.lowercased().replacing("votes", with: "")
            let word = "\(name)=\(member.value.scalar ?? "?")"
            try expect(words.contains(word), "\(place): expected \(word), ours \(ours)")
        }
    }
}

/// Something that performs the steps of a case and answers with what the step asks for.
protocol GovernorScript: AnyObject {
    func perform(_ step: JSON) throws(Refusal) -> String?
}

extension JSON {
    /// Who acts in a step, under any of its spellings.
    var actor: String? {
        for key in ["by", "voter", "who", "account", "caller", "from"] {
            if let name = self[key]?.text { return name }
        }
        return nil
    }

    /// Whether a step marks its signature as one that must not count: not the voter's, of another
    /// nonce, expired, altered.
    var hasBadSignature: Bool {
        let signed = self["signature"] ?? self["sig"]
        if let word = signed?.text?.lowercased(), word != "valid", word != "ok" { return true }
        if signed?.flag == false { return true }
        for key in ["validSignature", "signatureValid", "sigValid", "nonceValid", "validNonce"]
        where self[key]?.flag == false { return true }
        for key in [
            "badSignature", "invalidSignature", "wrongSigner", "badNonce", "wrongNonce",
            "invalidNonce", "tampered", "replay", "replayed", "expired", "malleable",
        ] where self[key]?.flag == true { return true }
        guard let signer = (self["signer"] ?? self["signedBy"])?.text,
            let voter = (self["by"] ?? self["voter"])?.text
        else { return false }
        return signer != voter
    }
}
