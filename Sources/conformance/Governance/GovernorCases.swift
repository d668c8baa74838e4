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
        let script: any GovernorScript =
            try item.string("kind") == "votes"
            ? TokenScript() : try GovernorModel(item: item)
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
        for key in ["expect", "expectEta"] {
            guard let theirs = step[key] else { continue }
            try compare(answer ?? "nothing", theirs, place)
        }
    }

    private static func compare(_ ours: String, _ theirs: JSON, _ place: String) throws(Refusal) {
        guard let members = theirs.members else {
            let expected = theirs.scalar ?? theirs.flag.map { $0 ? "true" : "false" } ?? "?"
            try expectEqual(ours.lowercased(), expected.lowercased(), place)
            return
        }
        // Several numbers: ours come as `name=number` words.
        let words = ours.split(separator: " ").map(String.init)
        for member in members {
            let word = "\(member.key.lowercased())=\(member.value.scalar ?? "?")"
            try expect(words.contains(word), "\(place): expected \(word), ours \(ours)")
        }
    }
}

/// Something that performs the steps of a case and answers with what the step asks for.
protocol GovernorScript: AnyObject {
    func perform(_ step: JSON) throws(Refusal) -> String?
}
