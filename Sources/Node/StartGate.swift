// A gate that many wait at and that opens for all of them at once.

import Synchronization

/// Opens once, by a call or when its patience ends.
final class StartGate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let patience: Duration

    /// - Parameter patience: how long after the first arrival it opens by itself.
    init(patience: Duration) { self.patience = patience }

    /// Whether it lets everybody through.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Lets everybody through, now and later.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Sleeps until the gate is open.
    func wait() async {
        let alarm = Task { [patience] in
            try? await Task.sleep(for: patience)
            self.open()
        }
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        alarm.cancel()
    }
}
