// OpenZeppelin's StandardMerkleTree (`standard-v1`): leaves of typed values, hashed twice, so that
// no inner node (64 bytes) can be passed off as a leaf.
//
// The tree is an array of 2n-1 hashes in heap order: the root first, the children of i at 2i+1 and
// 2i+2, the leaves last, in descending order of their hashes.

import Cryptography
public import Primitives

/// A tree of typed values.
public struct StandardMerkleTree: Sendable {
    /// The types of a leaf's values.
    public let encoding: [String]
    /// The values, in the order given.
    public let values: [[JSON]]
    /// All hashes in heap order.
    private let tree: [Digest]
    /// Where each value's leaf stands in the tree.
    private let treeIndices: [Int]

    /// A proof of several leaves at once.
    public struct MultiProof: Sendable, Equatable {
        /// The leaves, in descending order of their place in the tree.
        public let leaves: [Digest]
        /// Hashes that cannot be computed from the leaves.
        public let proof: [Digest]
        /// At each step, whether the sibling was computed (true) or comes from `proof`.
        public let flags: [Bool]

        /// Puts a proof together.
        public init(leaves: [Digest], proof: [Digest], flags: [Bool]) {
            self.leaves = leaves
            self.proof = proof
            self.flags = flags
        }
    }

    /// Builds a tree; throws `claims.empty`, `abi.type` or `abi.value`.
    public init(_ values: [[JSON]], encoding: [String], sortLeaves: Bool = true) throws(Refusal) {
        guard !values.isEmpty else { throw Refusal("claims.empty", "a tree has at least one leaf") }
        let types = try StandardMerkleTree.types(encoding)
        var leaves: [(index: Int, hash: Digest)] = []
        for (index, value) in values.enumerated() {
            leaves.append((index, try StandardMerkleTree.leaf(types, value)))
        }
        if sortLeaves { leaves.sort { ($0.hash, $0.index) < ($1.hash, $1.index) } }
        var tree = [Digest](repeating: .zero, count: 2 * leaves.count - 1)
        var treeIndices = [Int](repeating: 0, count: leaves.count)
        for (place, leaf) in leaves.enumerated() {
            tree[tree.count - 1 - place] = leaf.hash
            treeIndices[leaf.index] = tree.count - 1 - place
        }
        for index in (0..<(leaves.count - 1)).reversed() {
            tree[index] = SortedPairTree.node(tree[2 * index + 1], tree[2 * index + 2])
        }
        self.encoding = encoding
        self.values = values
        self.tree = tree
        self.treeIndices = treeIndices
    }

    /// The root.
    public var root: Digest { tree[0] }

    /// The hash of the value at `index`; throws `claims.range`.
    public func leaf(_ index: Int) throws(Refusal) -> Digest { tree[try place(index)] }

    /// The hash of a leaf with these values.
    public static func leaf(_ value: [JSON], encoding: [String]) throws(Refusal) -> Digest {
        try leaf(try types(encoding), value)
    }

    /// The siblings from the value's leaf up; throws `claims.range`.
    public func proof(_ index: Int) throws(Refusal) -> [Digest] {
        var proof: [Digest] = []
        var node = try place(index)
        while node > 0 {
            proof.append(tree[StandardMerkleTree.sibling(node)])
            node = (node - 1) / 2
        }
        return proof
    }

    /// One proof for several values; throws `claims.range` for an unknown or repeated one.
    public func multiProof(_ indices: [Int]) throws(Refusal) -> MultiProof {
        var places: [Int] = []
        for index in indices { places.append(try place(index)) }
        places.sort(by: >)
        guard !zip(places, places.dropFirst()).contains(where: { $0 == $1 }) else {
            throw Refusal("claims.range", "a value is proved twice")
        }
        var queue = places[...]
        var proof: [Digest] = []
        var flags: [Bool] = []
        while let node = queue.first, node > 0 {
            queue.removeFirst()
            let sibling = StandardMerkleTree.sibling(node)
            if queue.first == sibling {
                queue.removeFirst()
                flags.append(true)
            } else {
                proof.append(tree[sibling])
                flags.append(false)
            }
            queue.append((node - 1) / 2)
        }
        // Without leaves, the proof is the root alone.
        if places.isEmpty { proof.append(root) }
        return MultiProof(leaves: places.map { tree[$0] }, proof: proof, flags: flags)
    }

    /// Whether a multi-proof leads to `root`.
    public static func verify(_ multi: MultiProof, root: Digest) -> Bool {
        guard multi.leaves.count + multi.proof.count == multi.flags.count + 1 else { return false }
        var queue = multi.leaves[...]
        var proof = multi.proof[...]
        for flag in multi.flags {
            guard let first = queue.popFirst(),
                let second = flag ? queue.popFirst() : proof.popFirst()
            else { return false }
            queue.append(SortedPairTree.node(first, second))
        }
        // Everything must have been used up: one hash is left, and it is the root.
        return queue.count + proof.count == 1 && (queue.first ?? proof.first) == root
    }

    // MARK: The dump

    /// The `standard-v1` document.
    public var dump: JSON {
        [
            "format": "standard-v1", "leafEncoding": .array(encoding.map(JSON.string)),
            "tree": .array(tree.map { .string("0x" + $0.hex) }),
            "values": .array(
                zip(values, treeIndices).map {
                    ["value": .array($0), "treeIndex": .int($1)]
                }),
        ]
    }

    /// Reads a dump and checks every hash in it; throws `claims.dump`, `abi.type` or `abi.value`.
    public init(dump: JSON) throws(Refusal) {
        let malformed = Refusal("claims.dump", "not a standard-v1 dump")
        guard dump["format"]?.text == "standard-v1", let tree = dump["tree"]?.elements,
            let rows = dump["values"]?.elements, let words = dump["leafEncoding"]?.elements,
            !rows.isEmpty, tree.count == 2 * rows.count - 1
        else { throw malformed }
        encoding = words.compactMap(\.text)
        guard encoding.count == words.count else { throw malformed }
        self.tree = tree.compactMap { hash in
            hash.text.flatMap { $0.hasPrefix("0x") ? Digest(hex: $0) : nil }
        }
        values = rows.compactMap { $0["value"]?.elements }
        treeIndices = rows.compactMap { $0["treeIndex"]?.integer }
        guard self.tree.count == tree.count, values.count == rows.count,
            Set(treeIndices).count == rows.count,
            treeIndices.allSatisfy({ rows.count - 1..<tree.count ~= $0 })
        else { throw malformed }
        try check(try StandardMerkleTree.types(encoding))
    }

    private func check(_ types: [ABIType]) throws(Refusal) {
        for (value, place) in zip(values, treeIndices) {
            guard try StandardMerkleTree.leaf(types, value) == tree[place] else {
                throw Refusal("claims.dump", "the leaf at \(place) is not its value's hash")
            }
        }
        for index in 0..<(values.count - 1)
        where SortedPairTree.node(tree[2 * index + 1], tree[2 * index + 2]) != tree[index] {
            throw Refusal("claims.dump", "the node at \(index) is not its children's hash")
        }
    }

    private func place(_ index: Int) throws(Refusal) -> Int {
        guard treeIndices.indices.contains(index) else {
            throw Refusal("claims.range", "there is no value \(index)")
        }
        return treeIndices[index]
    }

    private static func sibling(_ node: Int) -> Int { node.isMultiple(of: 2) ? node - 1 : node + 1 }

    private static func types(_ encoding: [String]) throws(Refusal) -> [ABIType] {
        var types: [ABIType] = []
        for text in encoding { types.append(try ABIType(parsing: text)) }
        return types
    }

    private static func leaf(_ types: [ABIType], _ value: [JSON]) throws(Refusal) -> Digest {
        Keccak256.hash(Keccak256.hash(try ABIEncoder.encode(types, value)).bytes)
    }
}
