// Progress by member, in ascending order: every loop over peers sends in the same order everywhere.

/// The progress of every member of the configuration.
public struct ProgressMap: Hashable, Sendable {
    /// The members, ascending.
    public private(set) var ids: [MemberID] = []
    /// Their progress, in the same order.
    var values: [Progress] = []

    /// Empty.
    public init() {}

    /// How many members.
    public var count: Int { ids.count }

    /// Where `id` stands, or nil.
    func position(of id: MemberID) -> Int? { ids.firstIndex(of: id) }

    /// The progress of `id`; assigning nil takes it out.
    public internal(set) subscript(id: MemberID) -> Progress? {
        get { position(of: id).map { values[$0] } }
        set {
            let place = ids.firstIndex { $0 >= id } ?? ids.count
            let exists = place < ids.count && ids[place] == id
            switch (newValue, exists) {
            case (let progress?, true): values[place] = progress
            case (let progress?, false):
                ids.insert(id, at: place)
                values.insert(progress, at: place)
            case (nil, true):
                ids.remove(at: place)
                values.remove(at: place)
            case (nil, false): break
            }
        }
    }
}
