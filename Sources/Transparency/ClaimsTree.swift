// An epoch's payouts as a tree that a contract on a chain can pay from.
//
// A leaf is (epoch, index, token, account, amount). The index is in the leaf because a contract
// marks claims by index: with an index that a proof does not cover, one leaf could be claimed again
// and again. Epoch and token are in it so that a proof is good for one distribution only.

public import Primitives

/// One payout.
public struct Claim: Hashable, Sendable {
    /// Who is paid, whoever sends the claim.
    public let account: Address
    /// How much, in minimal units.
    public let amount: Amount

    /// Makes a claim.
    public init(account: Address, amount: Amount) {
        self.account = account
        self.amount = amount
    }
}

/// The claims of one epoch, in one token.
public struct ClaimsTree: Sendable {
    /// The types of a leaf.
    public static let encoding = ["uint256", "uint256", "address", "address", "uint256"]

    /// The payouts by index: by account.
    public let claims: [Claim]
    /// The tree as OpenZeppelin's library and contracts know it.
    public let tree: StandardMerkleTree

    /// Builds a tree.
    ///
    /// `spelling` writes addresses (EIP-55 in dumps meant for people). Throws `claims.empty`, and
    /// `claims.duplicate` when an account comes twice.
    public init(
        epoch: UInt64, token: Address, claims: [Claim], spelling: (Address) -> String = { $0.hex }
    ) throws(Refusal) {
        let sorted = claims.filter { !$0.amount.isZero }.sorted { $0.account < $1.account }
        guard !zip(sorted, sorted.dropFirst()).contains(where: { $0.account == $1.account }) else {
            throw Refusal("claims.duplicate", "an account comes twice in one epoch")
        }
        self.claims = sorted
        let values: [[JSON]] = sorted.enumerated().map { index, claim in
            [
                .string(String(epoch)), .string(String(index)), .string(spelling(token)),
                .string(spelling(claim.account)), .amount(claim.amount),
            ]
        }
        tree = try StandardMerkleTree(values, encoding: ClaimsTree.encoding)
    }

    /// The root to publish.
    public var root: Digest { tree.root }

    /// What an account has and how it proves it; nil when it has nothing.
    public func claim(of account: Address) throws(Refusal) -> (
        index: Int, amount: Amount, proof: [Digest]
    )? {
        guard let index = claims.firstIndex(where: { $0.account == account }) else { return nil }
        return (index, claims[index].amount, try tree.proof(index))
    }
}
