// How a verdict gets on record: from whichever member held the clock to the leader, over the
// members' own lines, signed by the member's seat. The log takes it once, however often it is said.

import ControlPlane
import Cryptography
import Platform
import Primitives
import Transport

/// Puts verdicts on the log.
struct VerdictLine: Sendable {
    let member: ClusterMember
    let proxy: LeaderProxy

    /// Where the leader takes other members' verdicts, on its port for members.
    static let path = "/peer/verdict"
    /// How long a verdict looks for a leader.
    private static let patience = Duration.seconds(10)

    /// Puts a verdict on record; throws what it was refused for, or why no leader was found.
    func record(_ record: BenchmarkRecord) async throws(Refusal) {
        let end = ContinuousClock.now + VerdictLine.patience
        while true {
            do throws(Refusal) {
                return try await say(record)
            } catch {
                // On record already: said again because the first answer was lost.
                if error.code == "benchmark.recorded" { return }
                let isPassing =
                    error.code.hasPrefix("cluster.") || error.code.hasPrefix("transport.")
                    || error.code.hasPrefix("raft.")
                guard isPassing, ContinuousClock.now < end else { throw error }
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func say(_ record: BenchmarkRecord) async throws(Refusal) {
        guard await !member.isLeader else {
            let receipt = try await member.submit(.recordBenchmark(record))
            guard receipt.accepted else { throw Refusal(receipt.code, receipt.message) }
            return
        }
        let settings = proxy.settings
        let envelope = try MemberEnvelope(
            member: settings.seat.id, command: .recordBenchmark(record),
            genesis: settings.genesis.digest, seed: settings.seed)
        let request = HTTPRequest(
            method: "POST", target: VerdictLine.path, body: Envelope.member(envelope).encoded)
        guard case .bytes(let bytes) = try await proxy.forward(request).body else {
            throw Refusal("cluster.answer", "the leader's answer to a verdict is no text")
        }
        let answer = try JSON.parse(bytes)
        guard answer["accepted"]?.flag != true else { return }
        throw Refusal(
            answer["code"]?.text ?? answer["error"]?["code"]?.text ?? "cluster.answer",
            answer["message"]?.text ?? "the leader did not take the verdict")
    }
}

extension PeerDoor {
    /// Takes another member's verdict, in that member's own name only.
    func verdict(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(Refusal) {
            let envelope = try Envelope(decoding: request.body)
            guard let key = request.peer, case .present(let seat) = member.book.holder(of: key),
                case .member(let said) = envelope, said.member == seat,
                case .recordBenchmark = said.command
            else { throw Refusal("command.member", "a member's own verdicts are taken here") }
            try await member.admit(envelope)
            let receipt = try await member.submit(envelope)
            return .json([
                "accepted": .bool(receipt.accepted), "code": .string(receipt.code),
                "message": .string(receipt.message),
            ])
        } catch {
            return .refused(error)
        }
    }
}
