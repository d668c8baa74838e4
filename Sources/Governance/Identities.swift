// Who vouches that accounts are different people. Anybody may vouch; a quadratic track names whose
// word it takes. One person has one account with each source.

public import Primitives

/// What sources say about persons.
public enum Identities {
    /// Says, or says no longer, that `account` is the person known to `source` as `person`.
    ///
    /// Throws `identity.taken` when the person has another account, `identity.known` when the
    /// account is another person.
    public static func attest(
        _ account: Address, is person: Digest, standing: Bool, by source: Address,
        in state: StateOverlay
    ) throws(Refusal) -> GovernanceEvent {
        let accountKey = source.bytes + account.bytes
        let personKey = source.bytes + person.bytes
        let holder = GovernanceTables.persons.record(personKey, in: state)
        guard holder == nil || holder?.account == account else {
            throw Refusal("identity.taken", "this person votes with another account")
        }
        let known = GovernanceTables.identities.record(accountKey, in: state)
        guard known == nil || known?.person == person else {
            throw Refusal("identity.known", "\(account) stands for another person")
        }
        if standing {
            GovernanceTables.identities.set(
                accountKey, to: PersonRecord(person: person), in: state)
            GovernanceTables.persons.set(
                personKey, to: AccountRecord(account: account), in: state)
        } else {
            guard known != nil else {
                throw Refusal("identity.unknown", "nothing was said about \(account)")
            }
            GovernanceTables.identities.remove(accountKey, in: state)
            GovernanceTables.persons.remove(personKey, in: state)
        }
        return .attested(source: source, account: account, person: person, standing: standing)
    }

    /// Whether `source` vouches for `account`.
    public static func isPerson(
        _ account: Address, source: Address, in state: any StateReader
    ) -> Bool {
        GovernanceTables.identities.record(source.bytes + account.bytes, in: state) != nil
    }

    /// Refuses an account nobody vouches for (`vote.identity`).
    static func check(
        _ account: Address, source: Address?, in state: any StateReader
    ) throws(Refusal) {
        guard let source, isPerson(account, source: source, in: state) else {
            throw Refusal(
                "vote.identity",
                "on this track persons vote, and \(source?.hex ?? "nobody") vouches for none"
                    + " behind \(account)")
        }
    }
}

/// A person as a source knows them: a digest, so that no name stands in the log.
struct PersonRecord: BinaryCodable {
    let person: Digest

    init(person: Digest) { self.person = person }
    func encode(into encoder: inout BinaryEncoder) { encoder.digest(person) }
    init(from decoder: inout BinaryDecoder) throws(Refusal) { person = try decoder.digest() }
}

/// The account a person votes with.
struct AccountRecord: BinaryCodable {
    let account: Address

    init(account: Address) { self.account = account }
    func encode(into encoder: inout BinaryEncoder) { encoder.address(account) }
    init(from decoder: inout BinaryDecoder) throws(Refusal) { account = try decoder.address() }
}
