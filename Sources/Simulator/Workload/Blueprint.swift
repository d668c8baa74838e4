// What every simulation of a deployment shares: its genesis, the clients' keys, and their commands,
// signed once. Signing costs more than all else a client does.

package import ControlPlane
import Cryptography
import Ledger
public import Primitives
import Synchronization

/// A deployment to simulate. Made once, used by many runs.
public final class Blueprint: Sendable {
    /// The deployment's first state.
    package let genesis: Genesis
    let genesisDigest: Digest
    let accounts: [Address]
    private let keys: [Secp256k1PrivateKey]
    private let signed = Mutex<[CommandName: Envelope]>([:])

    /// The members' identifiers.
    var seatIDs: [UInt64] { genesis.seats.map(\.id) }

    /// How many clients there are, each with an account of its own.
    static let clientCount = 4
    /// What each account holds at first.
    static let firstBalance: UInt64 = 1_000

    private struct CommandName: Hashable {
        let client: Int
        let nonce: UInt64
    }

    /// Plans a deployment of `members` seats under `policies`.
    ///
    /// Throws what a genesis refuses.
    public init(members: Int, policies: [(name: String, text: String)]) throws(Refusal) {
        var keys: [Secp256k1PrivateKey] = []
        for client in 0..<Blueprint.clientCount {
            let bytes = [UInt8](repeating: UInt8(client + 1), count: 32)
            keys.append(try Secp256k1PrivateKey(bytes))
        }
        self.keys = keys
        accounts = keys.map(\.address)
        let holders = accounts.map {
            """
              - account: "\($0.hex)"
                CREDIT: \(Blueprint.firstBalance)
                VOTE: 1000

            """
        }
        let text = """
            name: simulation
            chain-id: 1
            governance-asset: VOTE
            currency-asset: CREDIT
            assets:
              - symbol: VOTE
                scale: 0
              - symbol: CREDIT
                scale: 0
            holders:
            \(holders.joined())treasury:
              CREDIT: 10000000000
              VOTE: 100
            """
        var genesis = try Genesis(
            parsing: text, name: "genesis",
            timings: Timings(production: false, dayMilliseconds: 1_000),
            timestamp: Timestamp(milliseconds: 1_700_000_000_000))
        genesis.policies = policies.map { PolicyText(name: $0.name, text: $0.text) }
        for number in 1...UInt64(members) {
            let seed = Blueprint.seed(of: number)
            genesis.seats.append(
                Seat(
                    id: number, publicKey: try Ed25519.publicKey(seed: seed),
                    peerAddress: "member-\(number):1", clientOrigin: "http://member-\(number):1"))
        }
        self.genesis = genesis
        genesisDigest = genesis.digest
    }

    /// The transfer that a client makes under a nonce: the same in every run, so that its signature
    /// is made once. Some ask for more than there may be.
    func transfer(client: Int, nonce: UInt64) -> (recipient: Int, amount: UInt64) {
        var random = SplitMix64.stream(UInt64(client), nonce)
        let step = 1 + random.position(Blueprint.clientCount - 1)
        let amount = random.happens(120) ? random.pick(800...3_000) : random.pick(1...120)
        return ((client + step) % Blueprint.clientCount, amount)
    }

    /// The signed command of a client under a nonce.
    func envelope(client: Int, nonce: UInt64) throws(Refusal) -> Envelope {
        let name = CommandName(client: client, nonce: nonce)
        if let envelope = signed.withLock({ $0[name] }) { return envelope }
        let (recipient, amount) = transfer(client: client, nonce: nonce)
        let envelope = try CommandSigning.sign(
            .transfer(
                asset: "CREDIT", to: accounts[recipient],
                amount: Amount(UInt128(amount)), memo: ""),
            nonce: nonce, genesis: genesis, key: keys[client])
        signed.withLock { $0[name] = envelope }
        return envelope
    }

    /// A seat's command that lets what is due happen; always the same bytes.
    func tickEnvelope(of member: Int) throws(Refusal) -> Envelope {
        try envelope(of: member, .tick)
    }

    /// A command of a seat; the same command is always the same bytes.
    func envelope(of member: Int, _ command: MemberCommand) throws(Refusal) -> Envelope {
        let id = UInt64(member) + 1
        return .member(
            try MemberEnvelope(
                member: id, command: command, genesis: genesisDigest,
                seed: Blueprint.seed(of: id)))
    }

    private static func seed(of seat: UInt64) -> SecretBytes {
        SecretBytes([UInt8](repeating: UInt8(truncatingIfNeeded: seat), count: 32))
    }

    /// What a client's wallet holds.
    func balance(of client: Int, in machine: StateMachine) -> UInt64 {
        guard let asset = AssetSymbol("CREDIT") else { return 0 }
        let balance = Ledger(StateOverlay(machine.state))
            .balance(of: .wallet(accounts[client], asset))
        return UInt64(clamping: balance.units)
    }
}
