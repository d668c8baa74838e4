// A network of one's own: a namespace for each member, joined by a bridge, so that a member can be
// cut off from the others while clients still reach it. Needs the superuser and `ip`.

import Glibc
import Platform
import Primitives

/// Namespaces, their cables, and how to cut them.
struct BenchNetwork: Sendable {
    private let mark: String
    private let net: String

    /// Lays the network; throws `benchmarks.network` when it may not.
    init() async throws(Refusal) {
        let number = Int(getpid()) % 200 + 20
        mark = "alb\(number)"
        net = "10.213.\(number)"
        do throws(Refusal) {
            try await ip("link", "add", mark, "type", "bridge")
            try await ip("addr", "add", "\(net).254/24", "dev", mark)
            try await ip("link", "set", mark, "up")
            for member in 1...3 { try await lay(member) }
        } catch {
            await remove()
            throw error
        }
    }

    /// Whether this user may make one.
    static var isPermitted: Bool { geteuid() == 0 && Files.exists("/usr/sbin/ip") }

    private func space(_ member: Int) -> String { "\(mark)-\(member)" }

    /// A member's address.
    func address(_ member: Int) -> String { "\(net).\(member)" }

    private func lay(_ member: Int) async throws(Refusal) {
        let space = space(member)
        let (outer, inner) = ("\(mark)o\(member)", "\(mark)i\(member)")
        try await ip("netns", "add", space)
        try await ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        try await ip("link", "set", inner, "netns", space)
        try await ip("link", "set", outer, "master", mark, "up")
        try await ip("-n", space, "addr", "add", "\(address(member))/24", "dev", inner)
        try await ip("-n", space, "link", "set", inner, "up")
        try await ip("-n", space, "link", "set", "lo", "up")
    }

    /// The command that runs another one where a member lives.
    func inside(_ member: Int, _ program: String, _ arguments: [String]) -> (String, [String]) {
        ("ip", ["netns", "exec", space(member), program] + arguments)
    }

    /// Cuts a member off from the others; clients still reach it.
    func cut(_ member: Int) async throws(Refusal) {
        for other in 1...3 where other != member {
            try await ip("-n", space(member), "route", "add", "blackhole", "\(address(other))/32")
        }
    }

    /// Joins it to the others again.
    func mend(_ member: Int) async throws(Refusal) {
        for other in 1...3 where other != member {
            try await ip("-n", space(member), "route", "del", "blackhole", "\(address(other))/32")
        }
    }

    /// Takes the network down.
    func remove() async {
        for member in 1...3 { try? await ip("netns", "del", space(member)) }
        try? await ip("link", "del", mark)
    }

    private func ip(_ arguments: String...) async throws(Refusal) {
        let outcome = try await ChildProcess.run(ChildCommand("ip", arguments))
        guard outcome.isSuccess else {
            throw Refusal(
                "benchmarks.network",
                "ip \(arguments.joined(separator: " ")): \(outcome.error.text)")
        }
    }
}
