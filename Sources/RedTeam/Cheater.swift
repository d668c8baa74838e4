// Who cheats, how, and what it means to be caught.

import Benchmarking
public import Primitives

/// A way to cheat, tried against a real member.
public struct Cheater: Sendable {
    /// What it hopes to get.
    public enum Kind: String, Sendable {
        /// A score for work that was not done.
        case forging
        /// A better time than it took.
        case timing
        /// A score for a machine that is not there, or not always.
        case system
    }

    /// What it does, for a person.
    public let name: String
    /// What it hopes to get.
    public let kind: Kind
    /// One trial; says how it ended.
    public let attempt: @Sendable (Arena, inout SplitMix64) async throws(Refusal) -> Outcome

    /// Names a way to cheat.
    public init(
        _ name: String, _ kind: Kind,
        attempt: @escaping @Sendable (Arena, inout SplitMix64) async throws(Refusal) -> Outcome
    ) {
        self.name = name
        self.kind = kind
        self.attempt = attempt
    }

    /// How a trial ended.
    public enum Outcome: Sendable, Equatable {
        /// It got nothing; the code or the fact that says so.
        case caught(String)
        /// It got what it wanted, or was not dealt with as it should be.
        case missed(String)
    }

    /// Everybody who tries.
    public static let all: [Cheater] =
        matrixCheaters + tileCheaters + streamCheaters + laneCheaters + walkCheaters
        + timingCheaters + systemCheaters + cardCheaters + cardMemoryCheaters
        + cardSystemCheaters
}

extension Contestant {
    /// What became of a forged answer: it must be refused, on record, and cost the machine its
    /// score and its work.
    func judged(_ conversation: Conversation) async throws(Refusal) -> Cheater.Outcome {
        let code = conversation.verdict?["code"]?.text ?? "no verdict"
        guard conversation.verdict?["passed"]?.flag == false else { return .missed(code) }
        return try await onRecord(code)
    }

    /// What became of a machine that does not go on: the member must end it by itself.
    ///
    /// The arena gives five seconds for a proof, and the member looks twice a second.
    func abandoned(_ code: String) async throws(Refusal) -> Cheater.Outcome {
        for _ in 0..<60 {
            try? await Task.sleep(for: .milliseconds(200))
            let samples = try await record()["samples"]?.elements ?? []
            if !samples.isEmpty { return try await onRecord(code) }
        }
        return .missed("nobody minded")
    }

    /// Whether the state agrees that the last challenge was failed with this code.
    func onRecord(_ code: String) async throws(Refusal) -> Cheater.Outcome {
        let record = try await record()
        guard let sample = record["samples"]?.elements?.last, sample["code"]?.text == code,
            sample["passed"]?.flag == false
        else { return .missed("\(code) is not on record") }
        guard record["quarantine"]?.text?.isEmpty == false else {
            return .missed("\(code) did not cost the machine its work")
        }
        guard (record["scores"]?.elements ?? []).allSatisfy({ $0["rate"]?.unsigned == 0 }) else {
            return .missed("\(code) did not cost the machine its score")
        }
        return .caught(code)
    }
}
