// Whose turn it is: the job whose weighted dominant share is least, and its most urgent task.

import Primitives

/// What is placed at once: a task, or a gang.
struct Unit {
    var tasks: [Int]
    let priority: UInt64
    let age: UInt64
    let number: UInt64
}

/// A job's turn.
struct Turn: Comparable {
    let share: UInt128
    let number: UInt64
    let job: Int

    static func < (left: Turn, right: Turn) -> Bool {
        (left.share, left.number) < (right.share, right.number)
    }
}

/// A job's waiting units, the most urgent first, and what it holds.
struct JobQueue {
    let number: UInt64
    let weight: UInt64
    var slots: UInt64
    var memory: UInt64
    var units: ArraySlice<Unit>

    /// The larger of its shares of slots and memory, over its weight, scaled to whole numbers.
    func share(ofSlots totalSlots: UInt64, memory totalMemory: UInt64) -> UInt128 {
        let scale: UInt128 = 1 << 40
        let slotShare = UInt128(slots) * scale / UInt128(max(1, totalSlots))
        let memoryShare = UInt128(memory) * scale / UInt128(max(1, totalMemory))
        return max(slotShare, memoryShare) / UInt128(max(1, weight))
    }
}

/// A binary heap: the least first.
struct Heap<Element: Comparable> {
    private var items: [Element] = []

    mutating func push(_ item: Element) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Element? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < items.count && items[child] < items[least] {
                least = child
            }
            guard least != parent else { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
