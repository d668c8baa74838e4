// Adding members, and proposing to change who takes part.

import Primitives
import Raft

extension EtcdRaftInteraction {
    /// etcd's harness sets no limits and no safety options unless a script asks for them.
    private static func template() -> RaftOptions {
        var options = RaftOptions(id: 1, seed: 1)
        options.electionTicks = 3
        options.heartbeatTicks = 1
        options.maximumMessageBytes = .max
        options.maximumApplyingBytes = .max
        options.maximumUncommittedBytes = .max
        options.maximumInflightMessages = Int(Int32.max)
        options.maximumInflightBytes = .max
        options.checkQuorum = false
        options.preVote = false
        options.removalPolicy = .stay
        options.awaitsOwnVote = false
        options.learnsFromRefusals = false
        return options
    }

    func addNodes(_ directive: Directive) throws(Refusal) {
        let count = try number(directive, 0)
        guard (0...1000).contains(count) else { throw malformed(directive) }
        var options = Self.template()
        var snapshot = Snapshot()
        for argument in directive.arguments.dropFirst() {
            for value in argument.values {
                try read(value, of: argument.key, into: &options, &snapshot, directive)
            }
        }
        let isBootstrapped = snapshot != Snapshot()
        guard !isBootstrapped || snapshot.index > 1 else {
            throw Refusal("conformance.text", "index must be specified as > 1 due to bootstrap")
        }
        if isBootstrapped { snapshot.position.term = 1 }
        for _ in 0..<count {
            options.id = MemberID(members.count + 1)
            options.seed = options.id
            let log = EtcdRaftLog(id: options.id)
            let output = self.output
            members.append(
                try EtcdRaftMember(options: options, initial: snapshot) { event in
                    if let line = log.line(for: event) { output.log(line) }
                })
        }
    }

    private func read(
        _ value: String, of key: String, into options: inout RaftOptions,
        _ snapshot: inout Snapshot, _ directive: Directive
    ) throws(Refusal) {
        switch key {
        case "voters": snapshot.configuration.voters.append(MemberID(value) ?? 0)
        case "learners": snapshot.configuration.learners.append(MemberID(value) ?? 0)
        case "index":
            guard let index = LogIndex(value) else { throw malformed(directive) }
            snapshot.position.index = index
            options.appliedIndex = index
        case "content": snapshot.data = Array(value.utf8)
        case "inflight": options.maximumInflightMessages = Int(value) ?? 0
        case "max-committed-size-per-ready": options.maximumApplyingBytes = UInt64(value) ?? 0
        case "async-storage-writes": options.asynchronousStorageWrites = value == "true"
        case "prevote": options.preVote = value == "true"
        case "checkquorum": options.checkQuorum = value == "true"
        case "step-down-on-removal":
            options.removalPolicy = value == "true" ? .stepDown : .stay
        case "disable-conf-change-validation":
            options.validatesConfigurationChanges = value != "true"
        case "read-only":
            guard value == "safe" || value == "lease-based" else {
                throw Refusal("conformance.text", "invalid read-only option \"\(value)\"")
            }
            options.readOption = value == "safe" ? .safe : .leaseBased
        default: break
        }
    }

    func proposeConfigurationChange(_ directive: Directive) throws(Refusal) {
        var isSingle = false
        var transition = ConfigurationChange.Transition.automatic
        for argument in directive.arguments.dropFirst() {
            for value in argument.values {
                switch (argument.key, value) {
                case ("v1", _): isSingle = value == "true"
                case ("transition", "auto"): transition = .automatic
                case ("transition", "implicit"): transition = .jointImplicit
                case ("transition", "explicit"): transition = .jointExplicit
                case ("transition", _):
                    throw Refusal("conformance.text", "unknown transition \(value)")
                default: throw Refusal("conformance.text", "unknown command \(argument.key)")
                }
            }
        }
        let changes = try EtcdRaftText.changes(directive.input)
        guard !isSingle || (changes.count == 1 && transition == .automatic) else {
            throw Refusal(
                "conformance.text",
                "v1 conf change can only have one operation and no transition")
        }
        let entry = Entry(
            kind: isSingle ? .singleConfigurationChange : .configurationChange,
            data: ConfigurationChange(changes, transition: transition).encoded)
        try member(try number(directive, 0)).node.propose([entry])
    }
}
