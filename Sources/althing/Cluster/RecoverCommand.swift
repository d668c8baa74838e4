// `althing cluster recover`: going on when a majority is lost for ever.

import ArgumentParser
import Node
import Primitives
import Terminal

/// `cluster recover`.
struct ClusterRecover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Go on from one survivor when a majority is lost.",
        discussion: """
            For a cluster of which no majority will ever come back; never otherwise. Run it \
            without --yes on every survivor: it says how far its log reaches and which entries \
            are not known to be committed. Choose the survivor with the highest last term, then \
            the highest last entry, and run it there with --yes: this member is then the only \
            voter of a new epoch. What the last epoch's other members still hold counts for \
            nothing: each comes back when it is started with an empty data folder.

            Example:
              althing cluster recover --home deployment/member-2
              althing cluster recover --home deployment/member-2 --yes
            """)

    @OptionGroup var home: MemberHomeOptions

    @Flag(help: "Drop entries that are not known to be committed, instead of keeping them.")
    var dropUncertain = false

    @Flag(help: "Do it.")
    var yes = false

    @OptionGroup var output: OutputOptions

    func run() async throws { try recover() }

    private func recover() throws(Refusal) {
        let settings = try home.settings()
        let plan =
            yes
            ? try Recovery.perform(settings, keepsTail: !dropUncertain)
            : try Recovery.plan(settings)
        let count = plan.uncertain.count
        let fate = dropUncertain ? "dropped" : "kept"
        var lines = Presentation.facts([
            ("survivor", "seat \(plan.seat)"),
            ("last entry", "\(plan.last) of term \(plan.lastTerm)"),
            ("committed", "through \(plan.committed), kept"),
            ("uncertain", count == 0 ? "none" : "\(count), \(fate)"),
            ("new epoch", "\(plan.epoch)"),
            ("begin anew", plan.others.map { "seat \($0)" }.joined(separator: ", ")),
        ])
        for entry in plan.uncertain.prefix(50) {
            let words = entry.commands.isEmpty ? "nothing" : entry.commands.joined(separator: ", ")
            lines.append("\(fate): entry \(entry.index) of term \(entry.term): \(words)")
        }
        for range in plan.damaged {
            lines.append(
                "lost: entries \(range.lowerBound) to \(range.upperBound) cannot be read, and what"
                    + " follows them is dropped")
        }
        lines.append(
            yes
                ? "done: start it, then `althing node rejoin` for each of the others"
                : "nothing was changed; to do it: --yes")
        var json = plan.json.members ?? []
        json.append(JSON.Member("done", .bool(yes)))
        json.append(JSON.Member("keeps_uncertain", .bool(!dropUncertain)))
        output.printer.show(lines, json: .object(json))
    }
}
