// DAO DAO's veto life cycle, whose steps are told in words: the words that matter are looked for.

import Primitives

enum VetoCases {
    private enum Answer: String {
        case passed = "Passed"
        case timelocked = "VetoTimelock"
        case vetoed = "Vetoed"
        case executed = "Executed"
        case refused = "error"
    }

    static func check(_ item: JSON) throws(Refusal) {
        for step in try item.items("steps") {
            let words = try step.string("when").lowercased()
            let theirs = try step.string("expect")
            let ours = answer(to: words)
            let same =
                ours == .refused
                ? theirs.lowercased().contains("error") || step["expectError"] != nil
                : theirs.lowercased().hasPrefix(ours.rawValue.lowercased())
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
        if says("no veto") || says("without veto") { return .passed }
        return ended ? .passed : .timelocked
    }
}
