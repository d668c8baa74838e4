// Our wallet against eth-account, both ways: it must sign what we sign, byte for byte, recover our
// signers, open our keystores, and seal what we open. Skipped where Python has no eth_account;
// ALTHING_PYTHON names another interpreter.

import Cryptography
import Glibc
import Primitives
import Testing
import Wallet

@Suite struct EthAccountTests {
    private static let interpreter =
        getenv("ALTHING_PYTHON").map { String(cString: $0) } ?? "python3"

    private static let isAvailable: Bool = {
        let found = system("\(interpreter) -c 'import eth_account' >/dev/null 2>&1") == 0
        if !found { print("skipped: eth_account cannot be imported by \(interpreter)") }
        return found
    }()

    private static let script = """
        import json, sys
        from eth_account import Account
        from eth_account.messages import encode_typed_data, encode_defunct
        asked = json.load(open(sys.argv[1]))
        told = {"typed": [], "personal": [], "transactions": [], "keystores": []}
        for row in asked["typed"]:
            message = encode_typed_data(full_message=row["data"])
            signed = Account.sign_message(message, row["key"])
            told["typed"].append([signed.message_hash.hex(), signed.signature.hex(),
                Account.recover_message(message, signature=row["signature"])])
        for row in asked["personal"]:
            signed = Account.sign_message(encode_defunct(hexstr=row["message"]), row["key"])
            told["personal"].append(signed.signature.hex())
        for row in asked["transactions"]:
            told["transactions"].append(Account.sign_transaction(row["fields"], row["key"])
                .raw_transaction.hex())
        for row in asked["keystores"]:
            key = bytes(Account.decrypt(row["json"], row["password"])).hex()
            told["keystores"].append([key, Account.encrypt("0x" + key, row["password"],
                kdf=row["kdf"], iterations=row["iterations"])])
        json.dump(told, sys.stdout)
        """

    @Test(.enabled(if: isAvailable)) func bothSidesAgree() async throws {
        var random = SplitMix64(seed: 712)
        let typed = try (0..<500).map { _ in try typedRow(&random) }
        let personal = try (0..<50).map { _ in try personalRow(&random) }
        let transactions = try (0..<60).map { try transactionRow(&random, kind: $0 % 3) }
        let keystores = try (0..<6).map { try keystoreRow(&random, number: $0) }
        let answer = try await Self.ask([
            "typed": .array(typed.map(\.asked)), "personal": .array(personal.map(\.asked)),
            "transactions": .array(transactions.map(\.asked)),
            "keystores": .array(keystores.map(\.asked)),
        ])
        try compare(answer["typed"], typed.map(\.expected))
        try compare(answer["personal"], personal.map(\.expected))
        try compare(answer["transactions"], transactions.map(\.expected))
        for (row, told) in zip(keystores, try #require(answer["keystores"]?.elements)) {
            #expect(told[0] == row.expected)
            let opened = try Keystore(try #require(told[1])).open(password: Self.password)
            #expect(.string(Hex.encode(opened.bytes.exposed())) == row.expected)
        }
    }

    private struct Row {
        let asked: JSON
        let expected: JSON
    }

    private func compare(_ told: JSON?, _ expected: [JSON]) throws {
        let told = try #require(told?.elements)
        #expect(told.count == expected.count)
        for (one, other) in zip(told, expected) { #expect(one == other) }
    }

    // MARK: What is asked

    private func typedRow(_ random: inout SplitMix64) throws -> Row {
        let key = try Secp256k1PrivateKey(random.bytes(32))
        let domain = try SigningDomain(
            chainId: random.next() >> 12, salt: SHA256.hash(random.bytes(8)))
        var generator = CommandGenerator(random: random)
        let data = try TypedData(generator.command(depth: 2), in: domain)
        random = generator.random
        let signature = try key.sign(data.digest)
        return Row(
            asked: [
                "data": data.json, "key": .string(Hex.encode(key.bytes.exposed())),
                "signature": .string(signature.hex),
            ],
            expected: [
                .string(data.digest.hex), .string(Hex.encode(signature.bytes)),
                .string(key.address.checksummed),
            ])
    }

    private func personalRow(_ random: inout SplitMix64) throws -> Row {
        let key = try Secp256k1PrivateKey(random.bytes(32))
        let message = random.bytes(Int(random.next(below: 300)))
        let signature = try key.sign(PersonalMessage.digest(message))
        return Row(
            asked: [
                "message": .string("0x" + Hex.encode(message)),
                "key": .string(Hex.encode(key.bytes.exposed())),
            ],
            expected: .string(Hex.encode(signature.bytes)))
    }

    private func transactionRow(_ random: inout SplitMix64, kind: Int) throws -> Row {
        let key = try Secp256k1PrivateKey(random.bytes(32))
        let address = try #require(Address(random.bytes(20)))
        let slot = SHA256.hash(random.bytes(4))
        let list = [EthereumTransaction.Access(address: address, slots: [slot])]
        let price = UInt64(random.next(below: 1 << 40))
        let word = Word256(UInt128(price))
        let fees: [EthereumTransaction.Fee] = [
            .legacy(price: word), .accessList(price: word, list),
            .dynamic(tip: word, cap: word, list),
        ]
        let data = random.bytes(Int(random.next(below: 80)))
        let (chain, nonce) = (random.next() >> 12, random.next(below: 300))
        let transaction = EthereumTransaction(
            chainId: chain, nonce: nonce, fee: fees[kind], gas: 21_000 + nonce, to: address,
            value: Word256(UInt128(nonce)), data: data)
        var fields: JSON = [
            "chainId": .int(chain), "nonce": .int(nonce), "gas": .int(21_000 + nonce),
            "to": .string(address.checksummed), "value": .int(nonce),
            "data": .string("0x" + Hex.encode(data)),
        ]
        for name in kind == 2 ? ["maxPriorityFeePerGas", "maxFeePerGas"] : ["gasPrice"] {
            fields = fields.replacing(name, .int(price))
        }
        if kind > 0 {
            let slots: JSON = [.string("0x" + slot.hex)]
            fields = fields.replacing("type", .int(kind)).replacing(
                "accessList", [["address": .string(address.checksummed), "storageKeys": slots]])
        }
        return Row(
            asked: ["fields": fields, "key": .string(Hex.encode(key.bytes.exposed()))],
            expected: .string(Hex.encode(try transaction.sign(key).raw)))
    }

    private static let password = SecretBytes(utf8: "pässword ")

    private func keystoreRow(_ random: inout SplitMix64, number: Int) throws -> Row {
        let key = try Secp256k1PrivateKey(random.bytes(32))
        let costs: [KeystoreCost] = [
            .scrypt(Scrypt.Parameters(n: 16, r: 8, p: 2)), .pbkdf2(iterations: 100),
        ]
        let keystore = try Keystore.seal(
            key, password: Self.password, cost: costs[number % 2],
            entropy: random.bytes(Keystore.entropyCount))
        return Row(
            asked: [
                "json": keystore.json, "password": "pässword ",
                "kdf": number % 2 == 0 ? "scrypt" : "pbkdf2", "iterations": 64,
            ],
            expected: .string(Hex.encode(key.bytes.exposed())))
    }

    // MARK: Asking

    /// Runs the script on a thread of its own, so that none of the pool's waits for it.
    private static func ask(_ question: JSON) async throws -> JSON {
        var path = Array("/tmp/althing-eth-account-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        try #require(descriptor >= 0)
        close(descriptor)
        let file = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            unlink(file)
            unlink(file + ".py")
        }
        try write(question.compact, to: file)
        try write(script, to: file + ".py")
        let command = "\(interpreter) \(file).py \(file)"
        let output = await withCheckedContinuation { continuation in
            Worker.start { continuation.resume(returning: read(command)) }
        }
        return try JSON.parse(output)
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private static func read(_ command: String) -> [UInt8] {
        guard let pipe = popen(command, "r") else { return [] }
        defer { pclose(pipe) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { return output }
            output.append(contentsOf: chunk[..<count])
        }
    }
}

/// A detached thread for one piece of blocking work.
private enum Worker {
    private final class Box {
        let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }
    }

    static func start(_ work: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(work)).toOpaque()
        pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().work() }
                return nil
            }, box)
        pthread_detach(thread)
    }
}

/// Random commands: every kind of member, nested structs, arrays of fixed and free length.
private struct CommandGenerator {
    var random: SplitMix64
    private var count = 0

    init(random: SplitMix64) { self.random = random }

    mutating func command(depth: Int) -> TypedStruct {
        count += 1
        let name = "\(["Vote", "alpha", "Zeta", "Transfer"][Int(random.next(below: 4))])\(count)"
        let fields = (0...Int(random.next(below: 5))).map { index in
            let (type, value) = member(depth: depth)
            return (name: "field\(index)", type: type, value: value)
        }
        return TypedStruct(name, fields: fields)
    }

    private mutating func member(depth: Int) -> (String, TypedValue) {
        if depth > 0, random.next(below: 4) == 0 {
            let nested = command(depth: depth - 1)
            if random.next(below: 2) == 0 { return (nested.name, .structure(nested)) }
            return (nested.name + "[2]", .array([.structure(nested), .structure(nested)]))
        }
        let (type, value) = atom()
        switch random.next(below: 4) {
        case 0: return (type + "[]", .array(random.next(below: 2) == 0 ? [] : [value, value]))
        case 1: return (type + "[1][]", .array([.array([value]), .array([value])]))
        default: return (type, value)
        }
    }

    private mutating func atom() -> (String, TypedValue) {
        let width = 8 * (1 + Int(random.next(below: 32)))
        switch random.next(below: 7) {
        case 0: return ("bool", .bool(random.next(below: 2) == 0))
        case 1:
            return (
                "string", .string(["", "é e\u{301}", "\"\\\n", "投票 🗳"][Int(random.next(below: 4))])
            )
        case 2: return ("bytes", .bytes(random.bytes(Int(random.next(below: 70)))))
        case 3: return ("bytes\(width / 8)", .bytes(random.bytes(width / 8)))
        case 4: return ("address", .address(Address(random.bytes(20)) ?? .zero))
        case 5:
            let magnitude = Word256(bigEndian: random.bytes(width / 8)) ?? .zero
            return ("uint\(width)", .integer(SignedWord256(magnitude: magnitude)))
        default:
            var bytes = random.bytes(width / 8)
            bytes[0] &= 0x7F
            let magnitude = Word256(bigEndian: bytes) ?? .zero
            let isNegative = random.next(below: 2) == 0
            return (
                "int\(width)", .integer(SignedWord256(isNegative: isNegative, magnitude: magnitude))
            )
        }
    }
}
