// A small ordered set of members: iteration order is the same everywhere.

/// Members in ascending order, each once.
public struct MemberSet: Hashable, Sendable, Sequence {
    /// The members, ascending.
    public private(set) var ids: [MemberID]

    /// The set of `ids`.
    public init(_ ids: some Sequence<MemberID> = []) {
        self.ids = []
        for id in ids { insert(id) }
    }

    /// How many.
    public var count: Int { ids.count }
    /// Whether there are none.
    public var isEmpty: Bool { ids.isEmpty }

    /// Iterates in ascending order.
    public func makeIterator() -> IndexingIterator<[MemberID]> { ids.makeIterator() }

    /// Whether `id` is one of them. Linear: groups are small.
    public func contains(_ id: MemberID) -> Bool { ids.contains(id) }

    /// Adds `id`.
    public mutating func insert(_ id: MemberID) {
        let place = ids.firstIndex { $0 >= id } ?? ids.count
        if place < ids.count && ids[place] == id { return }
        ids.insert(id, at: place)
    }

    /// Takes `id` out.
    public mutating func remove(_ id: MemberID) { ids.removeAll { $0 == id } }

    /// The members of either.
    public func union(_ other: MemberSet) -> MemberSet {
        if other.isEmpty { return self }
        return MemberSet(ids + other.ids)
    }
}
