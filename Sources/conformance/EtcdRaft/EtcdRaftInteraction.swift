// A group of members driven by a script: the directives one by one.

import Primitives
import Raft

/// A scripted group. Members are numbered from 1 in the order in which they are added.
final class EtcdRaftInteraction: DirectiveHandler {
    var members: [EtcdRaftMember] = []
    /// In flight, in the order sent.
    var network: [Message] = []
    let output = EtcdRaftOutput()

    func output(of directive: Directive) -> String {
        output.reset()
        do throws(Refusal) {
            try handle(directive)
        } catch {
            let text = EtcdRaftText.error(error)
            if output.isQuiet { return text }
            output.write(text)
        }
        return output.text.isEmpty ? "ok" : output.text
    }

    private func handle(_ directive: Directive) throws(Refusal) {
        switch directive.command {
        case "_breakpoint": break
        case "add-nodes": try addNodes(directive)
        case "compact":
            let member = try first(directive)
            try member.storage.memory.compact(through: LogIndex(try number(directive, 1)))
            try printLog(of: member)
        case "deliver-msgs": try deliver(directive)
        case "log-level": try setLevel(directive.arguments.first?.key ?? "")
        case "process-ready":
            try forEach(directive, "handling Ready") { (index) throws(Refusal) in
                try processReady(index)
            }
        case "process-append-thread":
            try forEach(directive, "processing append thread") { (index) throws(Refusal) in
                try processAppendThread(index)
            }
        case "process-apply-thread":
            try forEach(directive, "processing apply thread") { (index) throws(Refusal) in
                try processApplyThread(index)
            }
        case "propose-conf-change": try proposeConfigurationChange(directive)
        case "raft-log": try printLog(of: try first(directive))
        case "raft-state": printStates()
        case "send-snapshot": try sendSnapshot(directive)
        case "stabilize": try stabilize(directive)
        case "status":
            output.write(EtcdRaftText.progress(try first(directive).node.status.progress))
        default: try handleCall(directive)
        }
    }

    /// Directives that are one call on one member.
    private func handleCall(_ directive: Directive) throws(Refusal) {
        switch directive.command {
        case "campaign": try first(directive).node.campaign()
        case "forget-leader": try first(directive).node.forgetLeader()
        case "propose":
            guard directive.arguments.count == 2 else { throw malformed(directive) }
            try first(directive).node.propose(Array(directive.arguments[1].key.utf8))
        case "report-unreachable":
            try first(directive).node.reportUnreachable(MemberID(try number(directive, 1)))
        case "set-randomized-election-timeout":
            try first(directive).node.overrideElectionTimeout(
                ticks: try number(directive, named: "timeout"))
        case "tick-election":
            let member = try first(directive)
            for _ in 0..<member.options.electionTicks { try member.node.tick() }
        case "tick-heartbeat":
            let member = try first(directive)
            for _ in 0..<member.options.heartbeatTicks { try member.node.tick() }
        case "transfer-leadership":
            let source = try member(try number(directive, named: "from"))
            try source.node.transferLeadership(
                to: MemberID(try number(directive, named: "to")))
        default: throw Refusal("conformance.text", "unknown command")
        }
    }

    // MARK: Arguments

    func malformed(_ directive: Directive) -> Refusal {
        Refusal(
            "conformance.malformed",
            "line \(directive.line): \(directive.command) has arguments that make no sense")
    }

    func number(_ directive: Directive, _ place: Int) throws(Refusal) -> Int {
        guard place < directive.arguments.count, let number = Int(directive.arguments[place].key)
        else { throw malformed(directive) }
        return number
    }

    func number(_ directive: Directive, named key: String) throws(Refusal) -> Int {
        let argument = directive.arguments.first { $0.key == key }
        guard let value = argument?.values.first, let number = Int(value) else {
            throw malformed(directive)
        }
        return number
    }

    /// The members that are named by bare numbers, as indexes.
    func indexes(_ directive: Directive) throws(Refusal) -> [Int] {
        var indexes: [Int] = []
        for argument in directive.arguments where argument.values.isEmpty {
            guard let id = Int(argument.key), members.indices.contains(id - 1) else {
                throw malformed(directive)
            }
            indexes.append(id - 1)
        }
        return indexes
    }

    func member(_ id: Int) throws(Refusal) -> EtcdRaftMember {
        guard members.indices.contains(id - 1) else {
            throw Refusal("conformance.malformed", "there is no member \(id)")
        }
        return members[id - 1]
    }

    private func first(_ directive: Directive) throws(Refusal) -> EtcdRaftMember {
        try member(try number(directive, 0))
    }

    /// Does `work` for each named member, with headings when there are several.
    private func forEach(
        _ directive: Directive, _ heading: String,
        _ work: (Int) throws(Refusal) -> Void
    ) throws(Refusal) {
        let indexes = try indexes(directive)
        for index in indexes {
            if indexes.count == 1 {
                try work(index)
                continue
            }
            output.write("> \(index + 1) \(heading)\n")
            try indented { () throws(Refusal) in try work(index) }
        }
    }

    func indented(_ work: () throws(Refusal) -> Void) throws(Refusal) {
        var failure: Refusal?
        output.indented {
            do throws(Refusal) { try work() } catch { failure = error }
        }
        if let failure { throw failure }
    }

    // MARK: State

    private func setLevel(_ name: String) throws(Refusal) {
        guard let level = EtcdRaftOutput.levels.firstIndex(of: name.uppercased()) else {
            let names = EtcdRaftOutput.levels.joined(separator: " ")
            throw Refusal("conformance.text", "log levels must be either of [\(names)]")
        }
        output.level = level
    }

    private func printLog(of member: EtcdRaftMember) throws(Refusal) {
        let memory = member.storage.memory
        guard memory.lastIndex >= memory.firstIndex else {
            output.write(
                "log is empty: first index=\(memory.firstIndex), last index=\(memory.lastIndex)")
            return
        }
        let entries = try memory.entries(
            from: memory.firstIndex, to: memory.lastIndex + 1, maximumBytes: .max)
        output.write(EtcdRaftText.entries(entries))
    }

    private func printStates() {
        for member in members {
            let status = member.node.status
            let voter = status.configuration.voters.contains(status.id) ? "Voter" : "Non-Voter"
            output.write(
                "\(status.id): \(EtcdRaftText.role(status.softState.role)) (\(voter)) "
                    + "Term:\(status.hardState.term) Lead:\(status.softState.leader ?? 0)\n")
        }
    }
}
