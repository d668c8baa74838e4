// The domain under which the house's commands are signed. Its salt is the genesis digest, so that
// no signature is good on another deployment; all five members are always there.

public import Primitives

/// A deployment's EIP-712 domain.
public struct SigningDomain: Sendable, Equatable {
    /// The name that wallets show.
    public static let name = "Althing"
    /// The version of the commands' types.
    public static let version = "1"

    /// The chain that wallets check; 1 unless genesis says otherwise.
    public let chainId: UInt64
    /// The contract that pays claims; zero while there is none.
    public let verifyingContract: Address
    /// The genesis digest.
    public let salt: Digest
    /// The hash of the domain, computed once.
    public let separator: Digest

    /// Makes a deployment's domain.
    public init(
        chainId: UInt64 = 1, verifyingContract: Address = .zero, salt: Digest
    ) throws(Refusal) {
        self.chainId = chainId
        self.verifyingContract = verifyingContract
        self.salt = salt
        let value = SigningDomain.value(chainId, verifyingContract, salt)
        separator = try TypedDataEncoder(types: try value.types()).hashStruct(value)
    }

    /// The domain as a struct.
    public var value: TypedStruct { SigningDomain.value(chainId, verifyingContract, salt) }

    private static func value(_ chainId: UInt64, _ contract: Address, _ salt: Digest) -> TypedStruct
    {
        TypedStruct(
            TypedDataTypes.domainName,
            fields: [
                ("name", "string", .string(name)),
                ("version", "string", .string(version)),
                ("chainId", "uint256", .unsigned(chainId)),
                ("verifyingContract", "address", .address(contract)),
                ("salt", "bytes32", .digest(salt)),
            ])
    }

    /// The digest to sign for a message; the quick way, without the document around it.
    public func digest(of message: TypedStruct) throws(Refusal) -> Digest {
        try digest(of: message, types: try message.types())
    }

    /// The same under types that are known already; a message of others is refused.
    public func digest(of message: TypedStruct, types: TypedDataTypes) throws(Refusal) -> Digest {
        TypedData.digest(separator, try TypedDataEncoder(types: types).hashStruct(message))
    }
}
