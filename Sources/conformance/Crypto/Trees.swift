// Cases of OpenZeppelin's and Uniswap's Merkle trees.

import Primitives
import Transparency
import Wallet

/// Merkle trees that contracts pay from.
enum TreeCases {
    static func standard(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["trees"])
        for (index, row) in tally.rows(document, "trees").enumerated() {
            guard let tree = try? built(row) else {
                tally.fail("tree \(index): is not built")
                continue
            }
            tally.expect("tree \(index)") { try tree.root == row.digest("root") }
            // Of large trees the file has the values only.
            if let dump = row["dump"], dump["tree"] != nil {
                tally.expect("tree \(index), dump") {
                    try tree.dump == dump && StandardMerkleTree(dump: dump).root == tree.root
                }
            }
            for (place, proof) in tally.rows(row, "proofs").enumerated() {
                tally.expect("tree \(index), proof \(place)") { try check(proof, of: tree) }
            }
            if let multi = row["multiproof"] {
                tally.expect("tree \(index), multiproof") { try checkMulti(multi, of: tree) }
            }
        }
    }

    private static func built(_ row: JSON) throws -> StandardMerkleTree {
        let dump = try row.member("dump")
        let values = (dump["values"]?.elements ?? []).compactMap {
            $0.elements ?? $0["value"]?.elements
        }
        return try StandardMerkleTree(
            values, encoding: (dump["leafEncoding"]?.elements ?? []).compactMap(\.text),
            sortLeaves: row["sortLeaves"]?.flag ?? true)
    }

    private static func check(_ row: JSON, of tree: StandardMerkleTree) throws -> Bool {
        guard let index = row["i"]?.integer else { return false }
        let proof = try hashes(row, "proof")
        let leaf = try row.digest("leaf")
        // A node between leaf and root is no leaf: its own proof is shorter than the tree is deep.
        return try tree.leaf(index) == leaf && tree.proof(index) == proof
            && SortedPairTree.verify(leaf: leaf, proof: proof, root: tree.root)
            && !SortedPairTree.verify(leaf: leaf, proof: proof + [leaf], root: tree.root)
    }

    private static func checkMulti(_ row: JSON, of tree: StandardMerkleTree) throws -> Bool {
        let indices = (row["value_indices"]?.elements ?? []).compactMap(\.integer)
        let expected = StandardMerkleTree.MultiProof(
            leaves: try hashes(row, "leaves"), proof: try hashes(row, "proof"),
            flags: (row["proofFlags"]?.elements ?? []).compactMap(\.flag))
        return try tree.multiProof(indices) == expected
            && StandardMerkleTree.verify(expected, root: tree.root)
    }

    static func distributor(_ document: JSON, _ tally: inout Tally) {
        tally.requireKnown(document, ["vectors"])
        for (index, row) in tally.rows(document, "vectors").enumerated() {
            tally.expect("vector \(index)") { try distributor(row) }
        }
    }

    private static func distributor(_ row: JSON) throws -> Bool {
        let claims = try (row.member("balances").members ?? []).map {
            guard let amount = $0.value.amount else {
                throw Refusal("conformance.form", "a balance is no amount")
            }
            return Claim(account: try ChecksumAddress.parse($0.key), amount: amount)
        }
        let tree = try MerkleDistributor(claims, spelling: ChecksumAddress.encode)
        let output = try row.member("output")
        let expected = output["claims"]?.members ?? []
        guard try tree.root == output.digest("merkleRoot"), tree.entries.count == expected.count,
            number(output["tokenTotal"]) == tree.total
        else { return false }
        return try zip(tree.entries, expected).allSatisfy { entry, member in
            try entry.spelling == member.key && entry.index == member.value["index"]?.integer
                && number(member.value["amount"]) == entry.amount
                && entry.proof == hashes(member.value, "proof")
        }
    }

    private static func hashes(_ row: JSON, _ key: String) throws -> [Digest] {
        try (row.member(key).elements ?? []).map {
            guard let hash = $0.text.flatMap({ Digest(hex: $0) }) else {
                throw Refusal("conformance.form", "\(key) has something that is no hash")
            }
            return hash
        }
    }

    /// A number as `0x` and digits: tools differ in whether they pad to whole bytes.
    private static func number(_ value: JSON?) -> Amount? {
        guard let text = value?.text, text.hasPrefix("0x") else { return nil }
        return UInt128(text.dropFirst(2), radix: 16).map(Amount.init)
    }
}
