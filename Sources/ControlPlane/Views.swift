// The state as people and tools see it: JSON for every screen. One file a noun; nothing is computed
// here that a rule does not also compute.

import Benchmarking
import Ledger
public import Primitives
import Transparency

/// Reads the state and answers in JSON.
public struct Views {
    let state: any StateReader
    let genesis: Genesis

    /// Views of one state.
    public init(state: any StateReader, genesis: Genesis) {
        self.state = state
        self.genesis = genesis
    }

    /// The last entry's time.
    var now: Timestamp {
        Tables.meta.record(ChainPosition.key, in: state)?.timestamp ?? genesis.timestamp
    }

    var ledger: Ledger { Ledger(StateOverlay(state)) }

    var currency: AssetSymbol { Money.symbol(genesis.currencyAsset) }

    // MARK: Accounts

    /// One account: balances by asset and purpose, voting power, delegations, keys.
    public func account(_ address: Address) -> JSON {
        let balances = ledger.accounts(of: .address(address)).map { id, account -> JSON in
            [
                "asset": .string(id.asset.description), "kind": .string(id.kind.word),
                "balance": .amount(account.balance), "available": .amount(ledger.available(of: id)),
            ]
        }
        let keys = Tables.keys.records(in: state).filter { $0.record.owner == address }
        return [
            "address": .string(address.hex),
            // After the last nonce there is nothing: the account can sign no more.
            "next_nonce": .int(Views.after(NonceRules.lastNonce(of: address, in: state))),
            "balances": .array(balances), "voting": votingPower(of: address),
            "open_votes": openPowers(of: address),
            "keys": .array(
                keys.map { key, record in
                    [
                        "digest": .string(Hex.encode(key)), "label": .string(record.label),
                        "revoked": .bool(record.revoked),
                    ]
                }),
        ]
    }

    /// The transfers of an account's wallet in the currency and the voting token, oldest first.
    public func history(of address: Address, limit: Int) -> JSON {
        var lines: [JSON] = []
        for (id, _) in ledger.accounts(of: .address(address)) {
            for transfer in ledger.history(of: id, limit: limit) {
                lines.append([
                    "transfer": .int(transfer.id), "index": .int(transfer.position.index),
                    "time": .string(transfer.position.time.description),
                    "from": .string(transfer.debit.description),
                    "to": .string(transfer.credit.description),
                    "amount": .amount(transfer.amount),
                    "reason": .string("\(transfer.memo.reason)"),
                ])
            }
        }
        return ["address": .string(address.hex), "transfers": .array(lines)]
    }

    // MARK: Policies

    /// Every policy in force.
    public func policies() -> JSON {
        .array(Tables.policies.records(in: state).map { policySummary($0.record) })
    }

    private func policySummary(_ record: PolicyRecord) -> JSON {
        [
            "name": .string(record.name), "digest": .string(record.digest.hex),
            "since_index": .int(record.since), "proposal": .int(record.proposal),
        ]
    }

    /// A policy's text and history; throws `policy.unknown`.
    public func policy(_ name: String) throws(Refusal) -> JSON {
        let record = try PolicyBook.record(name, in: state)
        let history = Tables.policyHistory.records(
            withPrefix: Key.text(name) + [0], in: state)
        return .object(
            (policySummary(record).members ?? []) + [
                JSON.Member("text", .string(record.text)),
                JSON.Member("history", .array(history.map { policySummary($0.record) })),
            ])
    }

    // MARK: Events

    /// Events of entries after `index`, oldest first.
    public func events(after index: UInt64, limit: Int) -> [RecordedEvent] {
        Outcomes.events(from: Views.after(index), limit: limit, in: state)
    }

    /// The next number; the largest one stays.
    private static func after(_ number: UInt64) -> UInt64 { number == .max ? .max : number + 1 }

    /// The answer given to a signer's command, if there is one.
    public func receipt(of signer: Address, nonce: UInt64) -> CommandReceipt? {
        NonceRules.place(
            of: nonce, by: signer, NonceRules.signer(signer, in: state), in: state
        ).flatMap { Outcomes.receipt(at: $0, in: state) }
    }

    /// Whether the state refers to an object.
    public func expectsObject(_ digest: Digest) -> Bool {
        Tables.objects.record(digest.bytes, in: state) != nil
    }

    /// The chain's value after an entry.
    public func chain(at index: UInt64) -> Digest? {
        Tables.entryChain.record(Key.number(index), in: state)?.value
    }

    /// Size and root of the Merkle log.
    public func treeHead() -> (size: UInt64, root: Digest) {
        let frontier = MerkleLog.frontier(in: state)
        return (frontier.size, frontier.root)
    }

    /// The audit path of a leaf under the present root.
    public func inclusionProof(of leaf: UInt64) -> [Digest]? {
        try? MerkleLog.tree(size: treeHead().size, in: state).inclusionProof(of: leaf)
    }
}
