// Transactions of Ethereum, for publishing an epoch's root and for claims: legacy with EIP-155,
// EIP-2930 (type 1) and EIP-1559 (type 2).

public import Cryptography
public import Primitives

/// A transaction before it is signed.
public struct EthereumTransaction: Sendable, Equatable {
    /// An account and the storage slots of it that a transaction announces.
    public struct Access: Sendable, Equatable {
        /// The account.
        public let address: Address
        /// The slots.
        public let slots: [Digest]

        /// Makes an entry of an access list.
        public init(address: Address, slots: [Digest]) {
            self.address = address
            self.slots = slots
        }
    }

    /// What is paid for gas, and with it the kind of transaction.
    public enum Fee: Sendable, Equatable {
        /// Legacy: one price.
        case legacy(price: Word256)
        /// Type 1: one price and an access list.
        case accessList(price: Word256, [Access])
        /// Type 2: a tip, a cap and an access list.
        case dynamic(tip: Word256, cap: Word256, [Access])
    }

    /// The chain, which the signature covers.
    public let chainId: UInt64
    /// The sender's count of transactions.
    public let nonce: UInt64
    /// What is paid for gas.
    public let fee: Fee
    /// The most gas to use.
    public let gas: UInt64
    /// The receiver; nil makes a contract.
    public let to: Address?
    /// Wei to send.
    public let value: Word256
    /// Call data.
    public let data: [UInt8]

    /// Makes a transaction.
    public init(
        chainId: UInt64, nonce: UInt64, fee: Fee, gas: UInt64, to: Address?, value: Word256,
        data: [UInt8]
    ) {
        self.chainId = chainId
        self.nonce = nonce
        self.fee = fee
        self.gas = gas
        self.to = to
        self.value = value
        self.data = data
    }

    /// A signed transaction.
    public struct Signed: Sendable, Equatable {
        /// What `eth_sendRawTransaction` takes.
        public let raw: [UInt8]
        /// The transaction's name on its chain.
        public let hash: Digest
        /// The signature.
        public let signature: RecoverableSignature
    }

    /// The digest that is signed.
    public var digest: Digest { Keccak256.hash(typed(.list(fields + replayProtection))) }

    /// Signs the transaction.
    public func sign(_ key: Secp256k1PrivateKey) throws(Refusal) -> Signed {
        let signature = try key.sign(digest)
        let numbers = [signature.r, signature.s].map { RLP.bytes(Array($0.bytes.drop { $0 == 0 })) }
        let raw = typed(.list(fields + [recovery(signature)] + numbers))
        return Signed(raw: raw, hash: Keccak256.hash(raw), signature: signature)
    }

    private func typed(_ list: RLP) -> [UInt8] {
        switch fee {
        case .legacy: list.encoded
        case .accessList: [0x01] + list.encoded
        case .dynamic: [0x02] + list.encoded
        }
    }

    private var fields: [RLP] {
        let receiver = RLP.bytes(to?.bytes ?? [])
        let common = [RLP.number(gas), receiver, .number(value), .bytes(data)]
        switch fee {
        case .legacy(let price):
            return [.number(nonce), .number(price)] + common
        case .accessList(let price, let list):
            return [.number(chainId), .number(nonce), .number(price)] + common
                + [EthereumTransaction.encode(list)]
        case .dynamic(let tip, let cap, let list):
            return [.number(chainId), .number(nonce), .number(tip), .number(cap)] + common
                + [EthereumTransaction.encode(list)]
        }
    }

    /// EIP-155: a legacy digest ends with the chain and two zeros.
    private var replayProtection: [RLP] {
        guard case .legacy = fee else { return [] }
        return [.number(chainId), .bytes([]), .bytes([])]
    }

    /// The parity, or for a legacy transaction `chainId * 2 + 35 + parity`.
    private func recovery(_ signature: RecoverableSignature) -> RLP {
        let parity: UInt128 = signature.isOdd ? 1 : 0
        guard case .legacy = fee else { return .number(Word256(parity)) }
        return .number(Word256(UInt128(chainId) * 2 + 35 + parity))
    }

    private static func encode(_ list: [Access]) -> RLP {
        .list(
            list.map { access in
                .list([.bytes(access.address.bytes), .list(access.slots.map { .bytes($0.bytes) })])
            })
    }
}
