// Everything that happens to a member, until it takes it: bounded, because whoever sends
// more than can be worked off must be told, and not fill the memory.

import Platform
import Synchronization

/// What waits to be worked off.
final class MemberInbox: Sendable {
    /// What became of an input.
    enum Outcome { case taken, full, closed }

    /// The most requests of clients that wait.
    static let requestLimit = 1 << 14
    /// The most bytes of peers' messages that wait; Raft sends again what is dropped.
    static let messageBytesLimit = 96 << 20

    private struct State {
        var inputs: [MemberInput] = []
        var firstAt: UInt64 = 0
        var requests = 0
        var messageBytes = 0
        var isClosed = false
        var onInput: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// From now on `onInput` is called when something waits where nothing did; at once if
    /// something does.
    func open(_ onInput: @escaping @Sendable () -> Void) {
        let isWaiting = state.withLock { state in
            state.onInput = onInput
            return !state.inputs.isEmpty || state.isClosed
        }
        if isWaiting { onInput() }
    }

    /// Adds what must not be lost: answers of the log, and the like.
    @discardableResult
    func put(_ input: MemberInput) -> Outcome { put(input, requests: 0, bytes: 0) }

    /// Adds a client's request, if there is room.
    func put(request input: MemberInput) -> Outcome { put(input, requests: 1, bytes: 0) }

    /// Adds a peer's message of so many bytes, if there is room.
    func put(message input: MemberInput, bytes: Int) -> Outcome {
        put(input, requests: 0, bytes: bytes)
    }

    private func put(_ input: MemberInput, requests: Int, bytes: Int) -> Outcome {
        let (outcome, call) = state.withLock { state -> (Outcome, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (.closed, nil) }
            guard requests == 0 || state.requests < MemberInbox.requestLimit,
                bytes == 0 || state.messageBytes < MemberInbox.messageBytesLimit
            else { return (.full, nil) }
            state.requests += requests
            state.messageBytes += bytes
            state.inputs.append(input)
            guard state.inputs.count == 1 else { return (.taken, nil) }
            state.firstAt = SystemClock.monotonicNanoseconds()
            return (.taken, state.onInput)
        }
        call?()
        return outcome
    }

    /// Takes everything that waits, with the time since when.
    func takeAll() -> (inputs: [MemberInput], since: UInt64) {
        state.withLock { state in
            defer {
                state.inputs = []
                state.requests = 0
                state.messageBytes = 0
            }
            return (state.inputs, state.firstAt)
        }
    }

    /// How many wait.
    var count: Int { state.withLock { $0.inputs.count } }

    /// Takes nothing more.
    func close() {
        let call = state.withLock { state in
            state.isClosed = true
            return state.onInput
        }
        call?()
    }

    /// Whether it takes nothing more.
    var isClosed: Bool { state.withLock { $0.isClosed } }
}
