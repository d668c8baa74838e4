// How much spelling freedom typed data may take before it is hashed.

/// What is accepted in typed data that came as JSON.
///
/// Nothing here lets a value be changed to fit: a freedom admits a second spelling of one value,
/// never a coercion. Kinds must match, ranges hold, fixed lengths are met, under either set.
public struct TypedDataRules: Sendable {
    /// `int` and `uint` may stand for 256 bits.
    var allowsIntegerAliases: Bool
    /// Integers may be `0x` strings.
    var allowsHexadecimalIntegers: Bool
    /// Integers may be JSON numbers beyond 2^53 - 1, which other readers would round.
    var allowsWideNumbers: Bool
    /// `primaryType` may be absent when exactly one struct is referred to by no other.
    var infersPrimaryType: Bool

    /// Names may be any text that the grammar of types does not need, spaces included.
    var allowsLooseNames: Bool
    /// The type `EIP712Domain` may be absent; it is then read off the domain's members.
    var infersDomainType: Bool
    /// A struct may have no members: its hash is that of its type alone.
    var allowsEmptyStructures: Bool
    /// A struct may be null or missing, as 32 zero bytes: how wallets end a recursive type.
    var allowsAbsentStructures: Bool

    /// One spelling for each thing: what the house signs and admits.
    public static let strict = TypedDataRules(
        allowsIntegerAliases: false, allowsHexadecimalIntegers: false, allowsWideNumbers: false,
        infersPrimaryType: false, allowsLooseNames: false, infersDomainType: false,
        allowsEmptyStructures: false, allowsAbsentStructures: false)

    /// What other tools write and mean without doubt: for signing and checking others' documents.
    public static let interoperable = TypedDataRules(
        allowsIntegerAliases: true, allowsHexadecimalIntegers: true, allowsWideNumbers: true,
        infersPrimaryType: true, allowsLooseNames: true, infersDomainType: true,
        allowsEmptyStructures: true, allowsAbsentStructures: true)
}
