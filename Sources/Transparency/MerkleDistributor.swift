// Uniswap's merkle-distributor, for contracts that expect it: leaves of 84 packed bytes, hashed
// once.

import Cryptography
public import Primitives

/// Balances as Uniswap's distributor reads them.
public struct MerkleDistributor: Sendable {
    /// One account's claim.
    public struct Entry: Sendable {
        /// The account as it is spelled in the document.
        public let spelling: String
        /// The index in the contract's bitmap: the account's rank by spelling.
        public let index: Int
        /// How much.
        public let amount: Amount
        /// The siblings from the leaf up.
        public let proof: [Digest]
    }

    /// The claims by index.
    public let entries: [Entry]
    /// The root.
    public let root: Digest
    /// The sum of the claims.
    public let total: Amount

    /// Builds a distributor.
    ///
    /// `spelling` is EIP-55: the format ranks accounts by their checksummed text. Throws
    /// `claims.empty`, `claims.duplicate`, `claims.zero` or `amount.overflow`.
    public init(_ claims: [Claim], spelling: (Address) -> String) throws(Refusal) {
        guard !claims.isEmpty else { throw Refusal("claims.empty", "a tree has at least one leaf") }
        let ranked = claims.map { (text: spelling($0.account), claim: $0) }
            .sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
        guard !zip(ranked, ranked.dropFirst()).contains(where: { $0.text == $1.text }) else {
            throw Refusal("claims.duplicate", "an account comes twice")
        }
        var total = Amount.zero
        for claim in claims {
            guard !claim.amount.isZero else {
                throw Refusal("claims.zero", "a claim is of nothing")
            }
            total = try total.adding(claim.amount)
        }
        self.total = total
        let leaves = ranked.enumerated().map {
            MerkleDistributor.leaf($0, $1.claim.account, $1.claim.amount)
        }
        let layers = MerkleDistributor.layers(leaves.sorted())
        root = layers[layers.count - 1][0]
        entries = ranked.enumerated().map { index, row in
            Entry(
                spelling: row.text, index: index, amount: row.claim.amount,
                proof: MerkleDistributor.proof(of: leaves[index], in: layers))
        }
    }

    /// The hash of a claim.
    public static func leaf(_ index: Int, _ account: Address, _ amount: Amount) -> Digest {
        Keccak256.hash(
            ABIEncoder.word(UInt128(index)), account.bytes, ABIEncoder.word(amount.units))
    }

    /// The document that Uniswap's tools write.
    public var document: JSON {
        [
            "merkleRoot": .string("0x" + root.hex), "tokenTotal": .string(Self.hex(total)),
            "claims": .object(
                entries.map {
                    JSON.Member(
                        $0.spelling,
                        [
                            "index": .int($0.index), "amount": .string(Self.hex($0.amount)),
                            "proof": .array($0.proof.map { .string("0x" + $0.hex) }),
                        ])
                }),
        ]
    }

    /// `0x`, and an even number of digits as ethers' BigNumber writes them.
    private static func hex(_ amount: Amount) -> String {
        let digits = String(amount.units, radix: 16)
        return "0x" + (digits.count.isMultiple(of: 2) ? "" : "0") + digits
    }

    /// The leaves, and above each layer the next; an odd node at the end goes up as it is.
    private static func layers(_ leaves: [Digest]) -> [[Digest]] {
        var layers = [leaves]
        while let last = layers.last, last.count > 1 {
            layers.append(
                stride(from: 0, to: last.count, by: 2).map {
                    $0 + 1 < last.count ? SortedPairTree.node(last[$0], last[$0 + 1]) : last[$0]
                })
        }
        return layers
    }

    private static func proof(of leaf: Digest, in layers: [[Digest]]) -> [Digest] {
        var index = layers[0].partitionPoint(notBelow: leaf)
        var proof: [Digest] = []
        for layer in layers.dropLast() {
            let sibling = index ^ 1
            if sibling < layer.count { proof.append(layer[sibling]) }
            index /= 2
        }
        return proof
    }
}

extension [Digest] {
    /// The first place in sorted digests whose element is not below `bound`.
    fileprivate func partitionPoint(notBelow bound: Digest) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
