// DAO DAO's veto life cycle. Its steps are told in words: who acts, what they do, when, and under
// which settings is read out of the words, and the contract's rules answer.

import Primitives

enum VetoCases {
    static func check(_ item: JSON) throws(Refusal) {
        for step in try item.items("steps") {
            let words = try step.string("when").lowercased()
            guard let theirs = (step["expect"] ?? step["expectError"])?.text?.lowercased() else {
                throw mismatch("\(words): nothing is expected")
            }
            let ours = VetoStep(words).answer
            let refused = ["error", "refus", "unauthorized", "not allowed", "fail", "reject"]
            let same =
                ours == .refused
                ? step["expectError"] != nil || refused.contains { theirs.contains($0) }
                : step["expectError"] == nil && theirs.hasPrefix(ours.rawValue.lowercased())
            try expect(same, "\(words): ours \(ours.rawValue), expected \(theirs)")
        }
    }
}

/// What a step says.
private struct VetoStep {
    enum Answer: String {
        case passed = "Passed"
        case timelocked = "VetoTimelock"
        case vetoed = "Vetoed"
        case rejected = "Rejected"
        case executed = "Executed"
        case open = "Open"
        case refused = "error"
    }

    private enum Act { case veto, execute, close, none }

    private let act: Act
    private let isVetoer: Bool
    /// Where the proposal stands when somebody acts.
    private let status: Answer
    private let executesEarly: Bool
    private let vetoesBeforePassed: Bool

    init(_ words: String) {
        func says(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
        isVetoer =
            says("vetoer")
            && !says("non-vetoer", "not the vetoer", "not vetoer", "other than the vetoer")
        executesEarly = !says("early_execute=false", "early_execute: false", "no early")
        vetoesBeforePassed = !says("veto_before_passed=false", "veto_before_passed: false")
        act = Self.act(words)
        if says("vetoed proposal", "already vetoed", "after the veto", "was vetoed") {
            status = .vetoed
        } else if says("executed proposal", "already executed") {
            status = .executed
        } else if says("rejected", "without quorum", "quorum is not") {
            status = .rejected
        } else if says("timelock expired", "timelock expires", "timelock has expired")
            && !says("before the timelock", "before timelock")
            || says("after") && says("timelock", "expir")
        {
            status = .passed
        } else if says("open", "before pass", "before it pass", "not passed")
            || act == .veto && says("veto_before_passed")
        {
            status = .open
        } else {
            status = says("no veto", "without veto", "without a veto") ? .passed : .timelocked
        }
    }

    private static func act(_ words: String) -> Act {
        // The names of settings are no deeds.
        let deeds = words.replacing("early_execute", with: "").replacing(
            "executed proposal", with: ""
        )
        .replacing("veto_before_passed", with: "").replacing("already executed", with: "")
        if deeds.contains("execut") { return .execute }
        if deeds.contains("close") { return .close }
        let isVeto = ["vetoes", "to veto", "vetoing", "calls veto", "sends veto"].contains {
            deeds.contains($0)
        }
        return isVeto ? .veto : .none
    }

    /// The contract's rules (dao-proposal-single: veto, execute, close).
    var answer: Answer {
        switch act {
        case .none: return status
        case .close: return .refused
        case .veto:
            guard isVetoer else { return .refused }
            return status == .timelocked || (status == .open && vetoesBeforePassed)
                ? .vetoed : .refused
        case .execute:
            if status == .passed { return .executed }
            return status == .timelocked && isVetoer && executesEarly ? .executed : .refused
        }
    }
}
