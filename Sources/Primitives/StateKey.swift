// Keys of the state as keys of a dictionary.

/// A key in a dictionary: hashed as one run of bytes, where an array's elements are hashed one by
/// one. Keys are looked up some thirty times a command.
struct StateKey: Hashable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func == (left: StateKey, right: StateKey) -> Bool {
        guard left.bytes.count == right.bytes.count else { return false }
        return left.bytes.withUnsafeBytes { left in
            right.bytes.withUnsafeBytes { right in
                var place = 0
                while place + 8 <= left.count {
                    guard
                        left.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                            == right.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    else { return false }
                    place += 8
                }
                while place < left.count, left[place] == right[place] { place += 1 }
                return place == left.count
            }
        }
    }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
