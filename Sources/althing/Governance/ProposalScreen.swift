// A proposal as a terminal shows it: bars for the choices, the quorum, the time left, the reasons.

import Primitives
import Terminal

/// Draws a proposal from the API's answer.
struct ProposalScreen {
    private let proposal: JSON
    private let barWidth: Int

    /// A screen of so many columns.
    init(_ proposal: JSON, columns: Int) {
        self.proposal = proposal
        barWidth = Swift.max(10, Swift.min(40, columns - 44))
    }

    /// The whole screen but votes and text.
    var lines: [String] {
        guard proposal["status"]?.text != "submitted" else {
            return heading + [""] + times + ["", Self.beforeOpening]
        }
        return heading + [""] + choices + [""] + rules + [""] + times + decision
    }

    /// What stands in the place of numbers while there are none.
    static let beforeOpening = "nothing is counted yet: power is read when voting opens"

    private func amount(_ key: String) -> Amount { proposal[key]?.amount ?? .zero }

    private func shown(_ key: String) -> String {
        Screen.sanitized(proposal[key]?.shown ?? "-")
    }

    private var heading: [String] {
        [
            "\(shown("id")). \(shown("title"))",
            "\(shown("kind")) on the track \(shown("track")): \(shown("status"))",
            "by \(shown("proposer"))", "effects \(shown("effects"))",
        ]
    }

    // MARK: Bars

    private var choices: [String] {
        var rows = [
            ("for", amount("for")), ("against", amount("against")), ("abstain", amount("abstain")),
        ]
        if proposal["has_veto"]?.flag == true || !amount("veto").isZero {
            rows.append(("veto", amount("veto")))
        }
        let cast = rows.reduce(UInt128(0)) { $0 &+ $1.1.units }
        return rows.map { name, votes in
            let part = ProposalScreen.thousandths(votes, of: Amount(cast))
            return padded(name, 9) + bar(part) + " " + percent(part) + "  \(votes)"
        }
    }

    private var rules: [String] {
        let counted = amount("quorum_counted")
        let turnout = ProposalScreen.thousandths(counted, of: amount("supply"))
        let needed = ProposalScreen.thousandths(amount("quorum"), of: amount("supply"))
        let reached = proposal["quorum_reached"]?.flag == true
        let approval = ProposalScreen.thousandths(amount("for"), of: amount("threshold_of"))
        let comparison = proposal["threshold_strict"]?.flag == true ? "more than" : "at least"
        return [
            padded("quorum", 9) + bar(turnout, mark: needed) + " " + percent(turnout)
                + "  \(counted) of \(shown("quorum")) needed: "
                + (reached ? "reached" : "not reached"),
            padded("approval", 9) + bar(approval) + " " + percent(approval)
                + "  \(comparison) \(shown("threshold")) needed",
        ]
    }

    /// A bar of full and empty cells; a mark shows where the quorum lies.
    private func bar(_ thousandths: Int, mark: Int? = nil) -> String {
        let full = Swift.min(barWidth, (thousandths * barWidth + 500) / 1000)
        var cells = [Character](repeating: "#", count: full)
        cells += [Character](repeating: "-", count: barWidth - full)
        if let mark, (0...1000).contains(mark) {
            cells[Swift.min(barWidth - 1, mark * barWidth / 1000)] = "|"
        }
        return "[" + String(cells) + "]"
    }

    private func percent(_ thousandths: Int) -> String {
        let text = "\(thousandths / 10).\(thousandths % 10) %"
        return String(repeating: " ", count: Swift.max(0, 7 - text.count)) + text
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: Swift.max(1, width - text.count))
    }

    /// Parts of a thousand, rounded down; what is too large to multiply is halved on both sides.
    static func thousandths(_ part: Amount, of whole: Amount) -> Int {
        var (above, below) = (part.units, whole.units)
        while above > UInt128.max / 1000 { (above, below) = (above >> 1, below >> 1) }
        guard below > 0 else { return 0 }
        return Int(truncatingIfNeeded: Swift.min(above * 1000 / below, 1_000_000))
    }

    // MARK: Times and reasons

    private var times: [String] {
        var facts = [("submitted", Presentation.time(proposal["submitted_at"]?.text ?? ""))]
        let left = proposal["next_step_in_milliseconds"]?.unsigned
        let wait = left.map { $0 > 0 ? ", in \(Durations.text(milliseconds: $0))" : ", now" } ?? ""
        let opens = Presentation.time(proposal["opens_at"]?.text ?? "")
        let ends = Presentation.time(proposal["deadline"]?.text ?? "")
        switch proposal["status"]?.text ?? "" {
        case "submitted": facts.append(("voting opens", opens + wait))
        case "voting", "objection", "confirming":
            facts += [("voting opened", opens), ("voting ends", ends + wait)]
        case "queued":
            let ready = Presentation.time(proposal["ready_at"]?.text ?? "")
            facts += [("voting ended", ends), ("executes", ready + wait)]
        default:
            let finished = Presentation.time(proposal["finished_at"]?.text ?? "")
            // One that was withdrawn before it opened was never voted on.
            if proposal["voting_step"]?.text == "ended" { facts.append(("voting ended", ends)) }
            facts.append(("finished", finished))
        }
        if let refusal = proposal["last_refusal"]?.text, !refusal.isEmpty {
            facts.append(("last refusal", refusal))
        }
        return Presentation.facts(facts)
    }

    private var decision: [String] {
        let reasons = (proposal["explanation"]?.elements ?? []).map {
            "  " + Screen.sanitized($0.shown)
        }
        guard !reasons.isEmpty else { return [] }
        let status = proposal["status"]?.text ?? ""
        let isOpen = ["submitted", "voting", "objection", "confirming"].contains(status)
        let verdict = proposal["passes"]?.flag == true ? "passes" : "does not pass"
        return ["", isOpen ? "as it stands it \(verdict):" : "what decided it:"] + reasons
    }
}
