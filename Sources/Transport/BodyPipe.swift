// A bounded queue of bytes between one producer and one consumer, each a task or an event loop.
//
// A task suspends when the pipe is full (or empty); an event loop never waits: it is told by the
// result that there is nothing, and called back through `onReadable` or `onSpace`.

import Primitives
import Synchronization

/// The body of a message on its way.
final class BodyPipe: Sendable {
    /// What an event loop gets when it takes bytes out.
    enum Taken { case bytes(Int), empty, end, failed }

    /// How the producer left.
    private enum Ending { case finished, failed(Refusal) }

    private struct State {
        var chunks: [[UInt8]] = []
        var first = 0
        var offset = 0
        var buffered = 0
        var ending: Ending?
        var isAbandoned = false
        var consumerIsIdle = false
        var producer: CheckedContinuation<Void, Never>?
        var consumer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let onReadable: @Sendable () -> Void
    private let onSpace: @Sendable (Int) -> Void

    /// `onReadable` is called when bytes come after a consumer found the pipe empty; `onSpace` each
    /// time a consuming task has taken bytes, with their number, and with zero when it has gone.
    init(
        capacity: Int = 64 << 10, onReadable: @escaping @Sendable () -> Void = {},
        onSpace: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.capacity = capacity
        self.onReadable = onReadable
        self.onSpace = onSpace
    }

    static let closed = Refusal("transport.closed", "the other side has gone away")

    // MARK: Producing

    /// Appends bytes; suspends while more than the capacity waits to be taken.
    func write(_ bytes: [UInt8]) async throws(Refusal) {
        guard push(bytes) else { throw BodyPipe.closed }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.buffered <= capacity || state.isAbandoned || Task.isCancelled {
                        return true
                    }
                    state.producer = continuation
                    return false
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            abandon()
        }
        if state.withLock({ $0.isAbandoned }) { throw BodyPipe.closed }
    }

    /// Appends bytes without waiting. False once the consumer has gone.
    @discardableResult
    func push(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return !state.withLock { $0.isAbandoned } }
        return signal { state in
            guard !state.isAbandoned, state.ending == nil else { return false }
            state.chunks.append(bytes)
            state.buffered += bytes.count
            return true
        }
    }

    /// No more bytes will come.
    func finish() { end(.finished) }

    /// No more bytes will come, and what came is not all.
    func fail(_ refusal: Refusal) { end(.failed(refusal)) }

    private func end(_ ending: Ending) {
        signal { state in
            guard state.ending == nil else { return false }
            state.ending = ending
            return true
        }
    }

    /// Changes the state, then wakes the consumer if that was asked for and it was waiting.
    @discardableResult
    private func signal(_ change: (inout State) -> Bool) -> Bool {
        let (changed, consumer, isIdle) = state.withLock {
            state -> (Bool, CheckedContinuation<Void, Never>?, Bool) in
            guard change(&state) else { return (false, nil, false) }
            defer { (state.consumer, state.consumerIsIdle) = (nil, false) }
            return (true, state.consumer, state.consumerIsIdle)
        }
        consumer?.resume()
        if isIdle { onReadable() }
        return changed
    }

    // MARK: Consuming

    /// Takes as many bytes as there are, up to the size of `space`, without waiting.
    func take(into space: UnsafeMutableRawBufferPointer) -> Taken {
        let (taken, producer) = state.withLock {
            state -> (Taken, CheckedContinuation<Void, Never>?) in
            guard state.buffered > 0 else { return (BodyPipe.whenEmpty(&state), nil) }
            var filled = 0
            while filled < space.count, state.first < state.chunks.count {
                let chunk = state.chunks[state.first]
                let count = min(space.count - filled, chunk.count - state.offset)
                chunk.withUnsafeBytes { bytes in
                    let part = UnsafeRawBufferPointer(
                        rebasing: bytes[state.offset..<state.offset + count])
                    UnsafeMutableRawBufferPointer(rebasing: space[filled..<filled + count])
                        .copyMemory(from: part)
                }
                filled += count
                state.offset += count
                if state.offset == chunk.count { BodyPipe.dropChunk(&state) }
            }
            state.buffered -= filled
            return (.bytes(filled), freedProducer(&state))
        }
        producer?.resume()
        return taken
    }

    private static func whenEmpty(_ state: inout State) -> Taken {
        switch state.ending {
        case .finished: return .end
        case .failed: return .failed
        case nil:
            state.consumerIsIdle = true
            return .empty
        }
    }

    private static func dropChunk(_ state: inout State) {
        state.chunks[state.first] = []
        state.first += 1
        state.offset = 0
        if state.first == state.chunks.count {
            state.chunks.removeAll(keepingCapacity: true)
            state.first = 0
        } else if state.first >= 64 {
            state.chunks.removeFirst(state.first)
            state.first = 0
        }
    }

    private func freedProducer(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        guard state.buffered <= capacity else { return nil }
        defer { state.producer = nil }
        return state.producer
    }

    /// Whether bytes wait to be taken.
    var hasBytes: Bool { state.withLock { $0.buffered > 0 } }

    /// Whether as much waits to be taken as the pipe is meant to hold.
    var isFull: Bool { state.withLock { $0.buffered >= capacity } }

    /// The next chunk, or nil at the end; suspends while there is none. One task may wait at a
    /// time.
    func next() async throws(Refusal) -> [UInt8]? {
        while true {
            if let chunk = try takeChunk() {
                onSpace(chunk.count)
                return chunk
            }
            if state.withLock({ $0.ending != nil && $0.buffered == 0 }) { return nil }
            await waitForBytes()
            if Task.isCancelled {
                abandon()
                throw Refusal("transport.cancelled", "the task that read the body was cancelled")
            }
        }
    }

    private func takeChunk() throws(Refusal) -> [UInt8]? {
        let result = state.withLock {
            state -> Result<([UInt8]?, CheckedContinuation<Void, Never>?), Refusal> in
            guard state.buffered > 0 else {
                if case .failed(let refusal) = state.ending { return .failure(refusal) }
                return .success((nil, nil))
            }
            let chunk = state.chunks[state.first]
            let rest = state.offset == 0 ? chunk : Array(chunk[state.offset...])
            state.buffered -= rest.count
            BodyPipe.dropChunk(&state)
            return .success((rest, freedProducer(&state)))
        }
        let (chunk, producer) = try result.get()
        producer?.resume()
        return chunk
    }

    private func waitForBytes() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if state.buffered > 0 || state.ending != nil || Task.isCancelled {
                        return false
                    }
                    state.consumer = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                defer { state.consumer = nil }
                return state.consumer
            }
            waiting?.resume()
        }
    }

    /// The consumer has gone: what is buffered is dropped, and the producer is told.
    func abandon() {
        let (isNew, producer) = state.withLock {
            state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isAbandoned else { return (false, nil) }
            state.isAbandoned = true
            state.chunks = []
            (state.first, state.offset, state.buffered) = (0, 0, 0)
            if state.ending == nil { state.ending = .failed(BodyPipe.closed) }
            defer { state.producer = nil }
            return (true, state.producer)
        }
        producer?.resume()
        if isNew {
            signal { _ in true }
            onSpace(0)
        }
    }
}
