// What an account can vote with, who lends it votes and to whom it lends, and why.

import Primitives
import Terminal

enum AccountPowers {
    /// Delegations given and taken. Tracks with the same delegates share a line.
    static func facts(_ voting: JSON, _ money: AssetAmounts) -> [(label: String, value: String)] {
        var lines: [(shares: String, tracks: [String])] = []
        for delegation in voting["delegations"]?.elements ?? [] {
            let shares =
                (delegation["shares"]?.elements ?? []).map { share in
                    let parts = share["parts"]?.unsigned ?? 0
                    let hundredths = String(parts % 100)
                    let percent =
                        parts % 100 == 0
                        ? "\(parts / 100)"
                        : "\(parts / 100).\(hundredths.count < 2 ? "0" : "")\(hundredths)"
                    return "\(percent) % to \(share["delegate"]?.shown ?? "-")"
                }.joined(separator: ", ") + until(delegation["expires"]?.text ?? "")
            let track = delegation["track"]?.shown ?? "-"
            if let known = lines.firstIndex(where: { $0.shares == shares }) {
                lines[known].tracks.append(track)
            } else {
                lines.append((shares, [track]))
            }
        }
        var facts = lines.map { line in
            (label: "lent", value: "\(line.shares) (\(line.tracks.joined(separator: ", ")))")
        }
        for lender in voting["lent_to_this_account"]?.elements ?? [] {
            let votes = money.text(lender["amount"], of: money.governance)
            facts.append(("borrowed", "\(votes) from \(lender["holder"]?.shown ?? "-")"))
        }
        return facts
    }

    private static func until(_ time: String) -> String { time.isEmpty ? "" : " until \(time)" }

    /// The account's power on each open vote, with the reasons below.
    static func openVotes(_ account: JSON, _ money: AssetAmounts) -> [String] {
        var lines: [String] = []
        for vote in account["open_votes"]?.elements ?? [] {
            func votes(_ key: String) -> String { money.text(vote[key], of: money.governance) }
            let voted = vote["voted"]?.text.map { "voted \($0)" } ?? "has not voted"
            lines.append("")
            lines.append(
                Screen.sanitized(
                    "proposal \(vote["proposal"]?.shown ?? "-"), \(vote["title"]?.shown ?? "-")"))
            lines.append(
                "  \(votes("own")) own and \(votes("lent")) borrowed, as of entry"
                    + " \(vote["snapshot_index"]?.shown ?? "-"); \(voted)")
            lines += (vote["reasons"]?.elements ?? []).map { "  " + Screen.sanitized($0.shown) }
        }
        return lines
    }
}
