// `simple`, `enter-joint` and `leave-joint`: the algebra of configurations.

import Primitives
import Raft

struct EtcdRaftConfigurationChange: DirectiveHandler {
    private var changer = ConfigurationChanger(
        lastIndex: 0, inflights: Inflights(maximumCount: 10))

    mutating func output(of directive: Directive) -> String {
        // Every directive stands for one log entry, whatever came of it.
        defer { changer.lastIndex += 1 }
        do throws(Refusal) {
            changer.current = try result(of: directive)
        } catch {
            return EtcdRaftText.error(error) + "\n"
        }
        return EtcdRaftText.configuration(changer.current.configuration) + "\n"
            + EtcdRaftText.progress(changer.current.progress)
    }

    private func result(
        of directive: Directive
    ) throws(Refusal) -> ConfigurationChanger.Result {
        let changes = try EtcdRaftText.changes(directive.input)
        switch directive.command {
        case "simple": return try changer.simple(changes)
        case "enter-joint":
            let autoLeave = directive.arguments.contains {
                $0.key == "autoleave" && $0.values == ["true"]
            }
            return try changer.enterJoint(changes, autoLeave: autoLeave)
        case "leave-joint":
            guard changes.isEmpty else {
                throw Refusal("conformance.text", "this command takes no input")
            }
            return try changer.leaveJoint()
        default: throw Refusal("conformance.text", "unknown command")
        }
    }
}
