// DAO DAO's veto life cycle, whose steps are told in words: the words that matter are looked for.

import Primitives

enum VetoCases {
    private enum Answer: String {
        case passed = "Passed"
        case timelocked = "VetoTimelock"
        case vetoed = "Vetoed"
        case executed = "Executed"
        case open = "Open"
        case refused = "error"
    }

    static func check(_ item: JSON) throws(Refusal) {
        for step in try item.items("steps") {
            let words = try step.string("when").lowercased()
            guard let theirs = (step["expect"] ?? step["expectError"])?.text?.lowercased() else {
                throw mismatch("\(words): nothing is expected")
            }
            let ours = answer(to: words)
            let refused = ["error", "refus", "unauthorized", "not allowed", "fail", "reject"]
            let same =
                ours == .refused
                ? step["expectError"] != nil || refused.contains { theirs.contains($0) }
                : theirs.hasPrefix(ours.rawValue.lowercased())
            try expect(same, "\(words): ours \(ours.rawValue), expected \(theirs)")
        }
    }

    private static func answer(to words: String) -> Answer {
        func says(_ part: String) -> Bool { words.contains(part) }
        let executes = says("execut") && !says("early_execute=true and")
        let isVetoer = says("vetoer")
        let ended = says("after") && (says("timelock") || says("expir")) || says("timelock expired")
        if isVetoer, says("early_execute"), executes {
            return says("early_execute=false") ? .refused : .executed
        }
        if executes { return ended ? .executed : .refused }
        if isVetoer, says("veto_before_passed") || says("before pass") || says("open") {
            return says("false") ? .refused : .vetoed
        }
        if isVetoer, says("vetoes") { return ended ? .refused : .vetoed }
        if !isVetoer, says("before pass") || says("still open") || says("is open") { return .open }
        if says("no veto") || says("without veto") { return .passed }
        return ended ? .passed : .timelocked
    }
}
