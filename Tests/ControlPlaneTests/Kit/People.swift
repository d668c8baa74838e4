// Everybody who takes part in a test deployment, with keys that follow from their names.

import Cryptography
import Primitives

struct Person: Sendable {
    let name: String
    let key: Secp256k1PrivateKey

    var address: Address { key.address }

    init(_ name: String) throws(Refusal) {
        self.name = name
        key = try Secp256k1PrivateKey(SHA256.hash(Array("person \(name)".utf8)).bytes)
    }
}

/// The same parts as in the development deployment: who proposes, who votes, who owns machines, who
/// buys.
struct People: Sendable {
    let maintainer: Person
    let voters: [Person]
    let delegator: Person
    let owners: [Person]
    let customer: Person
    /// Three machines of each owner, by owner.
    let machines: [[Person]]

    init(owners count: Int = 2, machinesEach: Int = 2) throws(Refusal) {
        maintainer = try Person("maintainer")
        voters = [try Person("first voter"), try Person("second voter"), try Person("third voter")]
        delegator = try Person("delegator")
        customer = try Person("customer")
        var owners: [Person] = []
        var machines: [[Person]] = []
        for owner in 0..<count {
            owners.append(try Person("owner \(owner)"))
            var mine: [Person] = []
            for machine in 0..<machinesEach {
                mine.append(try Person("machine \(owner)-\(machine)"))
            }
            machines.append(mine)
        }
        self.owners = owners
        self.machines = machines
    }

    var allMachines: [Person] { machines.flatMap { $0 } }

    /// A genesis file that gives everybody what the development deployment gives them.
    var genesisText: String {
        var text = """
            name: althing-test
            chain-id: 1
            governance-asset: VOTE
            currency-asset: CREDIT
            assets:
              - symbol: VOTE
                scale: 0
              - symbol: CREDIT
                scale: 6
            holders:

            """
        func hold(_ person: Person, votes: UInt64, credit: UInt64) {
            text += "  - account: \"\(person.address.hex)\"\n"
            if votes > 0 { text += "    VOTE: \(votes)\n" }
            if credit > 0 { text += "    CREDIT: \(credit)\n" }
        }
        hold(maintainer, votes: 50_000, credit: 2_000_000_000)
        for (voter, votes) in zip(voters, [220_000, 180_000, 150_000] as [UInt64]) {
            hold(voter, votes: votes, credit: 0)
        }
        hold(delegator, votes: 200_000, credit: 0)
        for owner in owners { hold(owner, votes: 50_000, credit: 1_000_000_000) }
        hold(customer, votes: 0, credit: 50_000_000)
        return text + "treasury:\n  VOTE: 100_000\n  CREDIT: 10_000_000_000\n"
    }
}
