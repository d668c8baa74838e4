// One after the other, in the order they came.

/// Lets one in at a time.
actor WaitingLine {
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Waits until all who came before have left.
    func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Lets the next one in.
    func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}
