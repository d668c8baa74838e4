// Commands come in here: form and signature are checked once, on whichever core is free, before
// anything waits for the log.

import ControlPlane
import Platform
import Primitives
import Synchronization
import Transport

extension ClientAPI {
    func commandRoutes() -> [Route] {
        [
            Route(
                "POST", "/api/v1/commands", "Put a signed command on the log", leaderOnly: true
            ) { [self] request, _ async throws(Refusal) in
                try await take(try request.json().requiredHex("envelope"))
            },
            Route(
                "POST", "/api/v1/commands/batch",
                "Put signed commands that somebody collected on the log; each has its own answer",
                leaderOnly: true
            ) { [self] request, _ async throws(Refusal) in
                try await takeAll(try ClientAPI.envelopes(of: request))
            },
        ]
    }

    /// The most commands that are handed in together: half of what an entry holds.
    static let batchLimit = 512

    private static func envelopes(of request: HTTPRequest) throws(Refusal) -> [[UInt8]] {
        guard let elements = try request.json()["envelopes"]?.elements,
            1...batchLimit ~= elements.count
        else {
            throw Refusal(
                "request.malformed", "`envelopes` must be an array of 1 to \(batchLimit) commands")
        }
        var envelopes: [[UInt8]] = []
        envelopes.reserveCapacity(elements.count)
        for element in elements {
            guard let text = element.text, let bytes = Hex.decode(text) else {
                throw Refusal("request.malformed", "each of `envelopes` must be hexadecimal")
            }
            envelopes.append(bytes)
        }
        return envelopes
    }

    private func admit(_ bytes: [UInt8]) throws(Refusal) -> Envelope {
        let envelope = try admission.admit(bytes)
        guard case .account = envelope else {
            throw Refusal("command.member", "members' commands are not taken from clients")
        }
        return envelope
    }

    /// Puts a command on the log and answers with its receipt.
    private func take(_ bytes: [UInt8]) async throws(Refusal) -> HTTPResponse {
        let receipt = try await member.submit(try admit(bytes))
        guard receipt.accepted else {
            return .refused(Refusal(receipt.code, receipt.message), receipt: receipt)
        }
        return .json(["receipt": receipt.json])
    }

    /// Puts commands on the log, and answers when all of them are applied or refused.
    private func takeAll(_ envelopes: [[UInt8]]) async throws(Refusal) -> HTTPResponse {
        let answers = await member.submit(await admitAll(envelopes))
        return .json(["answers": .array(answers.map(ClientAPI.answer))])
    }

    /// Checks signatures on all cores, a run of neighbours at a time.
    private func admitAll(_ envelopes: [[UInt8]]) async -> [Result<Envelope, Refusal>] {
        let length = max(8, (envelopes.count + Machine.cores - 1) / Machine.cores)
        return await withTaskGroup(of: (Int, [Result<Envelope, Refusal>]).self) { group in
            for start in stride(from: 0, to: envelopes.count, by: length) {
                let run = envelopes[start..<min(start + length, envelopes.count)]
                group.addTask { [self] in
                    let checked = run.map { bytes in
                        Result { () throws(Refusal) in try admit(bytes) }
                    }
                    return (start, checked)
                }
            }
            var runs: [(Int, [Result<Envelope, Refusal>])] = []
            for await run in group { runs.append(run) }
            return runs.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    /// One command's answer, without its events: whoever wants those asks for the receipt.
    private static func answer(_ result: Result<CommandReceipt, Refusal>) -> JSON {
        switch result {
        case .success(let receipt):
            [
                "envelope": .string(receipt.envelope.hex), "index": .int(receipt.index),
                "position": .int(receipt.position), "leaf": .int(receipt.leaf),
                "accepted": .bool(receipt.accepted), "code": .string(receipt.code),
                "message": .string(receipt.message),
            ]
        case .failure(let refusal):
            [
                "accepted": false, "code": .string(refusal.code),
                "message": .string(refusal.message),
            ]
        }
    }
}

/// Collects the answers to commands that were handed in together.
private final class Answers: Sendable {
    typealias Answer = Result<CommandReceipt, Refusal>

    private struct State {
        var answers: [Answer?]
        var missing: Int
        var waiter: CheckedContinuation<[Answer], Never>?
    }

    private let state: Mutex<State>

    init(_ count: Int, _ waiter: CheckedContinuation<[Answer], Never>) {
        state = Mutex(
            State(
                answers: [Answer?](repeating: nil, count: count), missing: count, waiter: waiter))
    }

    func give(_ answer: Answer, at place: Int) {
        let finished = state.withLock {
            state -> (CheckedContinuation<[Answer], Never>, [Answer])? in
            guard state.answers[place] == nil else { return nil }
            state.answers[place] = answer
            state.missing -= 1
            guard state.missing == 0, let waiter = state.waiter else { return nil }
            state.waiter = nil
            return (waiter, state.answers.compactMap(\.self))
        }
        if let (waiter, answers) = finished { waiter.resume(returning: answers) }
    }
}

extension ClusterMember {
    /// Puts checked commands on the log; answers in the same order once all are answered. What was
    /// refused before is passed through.
    nonisolated func submit(_ envelopes: [Result<Envelope, Refusal>]) async
        -> [Result<CommandReceipt, Refusal>]
    {
        guard !envelopes.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let answers = Answers(envelopes.count, continuation)
            for (place, envelope) in envelopes.enumerated() {
                switch envelope {
                case .success(let envelope):
                    submit(envelope, Reply { answers.give($0, at: place) })
                case .failure(let refusal): answers.give(.failure(refusal), at: place)
                }
            }
        }
    }
}
