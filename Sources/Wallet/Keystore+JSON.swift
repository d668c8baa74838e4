// A keystore's file form. Reading is strict in what enters the cryptography and takes what wallets
// add beside it (names, hints): unknown members are left alone, wrong ones are refused.

import Cryptography
public import Primitives

extension Keystore {
    /// Reads a keystore file of at most 64 KiB.
    ///
    /// Throws `keystore.malformed`, `keystore.unsupported` or `keystore.cost`.
    public init(parsing text: [UInt8]) throws(Refusal) {
        let document: JSON
        do {
            document = try JSON.parse(text, limits: JSON.Limits(bytes: 1 << 16, depth: 8))
        } catch {
            throw Refusal("keystore.malformed", error.message)
        }
        try self.init(document)
    }

    /// Reads a keystore from JSON.
    public init(_ json: JSON) throws(Refusal) {
        guard let version = json["version"] else { throw Keystore.malformed("version is missing") }
        guard version == .number("3") else {
            throw Refusal("keystore.unsupported", "only version 3 of keystores is supported")
        }
        // MyEtherWallet and old parity write a capital letter.
        let sections = [json["crypto"], json["Crypto"]].compactMap(\.self)
        guard sections.count == 1, let crypto = sections.first else {
            throw Keystore.malformed("there must be one section named crypto")
        }
        address = try Keystore.address(json["address"])
        id = try Keystore.identifier(json["id"])
        guard crypto["cipher"]?.text == "aes-128-ctr" else {
            throw Refusal("keystore.unsupported", "the only supported cipher is aes-128-ctr")
        }
        initialCounter = try Keystore.bytes(
            crypto["cipherparams"]?["iv"], "cipherparams.iv", 16...16)
        ciphertext = try Keystore.bytes(crypto["ciphertext"], "ciphertext", 1...32)
        guard let mac = Digest(try Keystore.bytes(crypto["mac"], "mac", 32...32)) else {
            throw Keystore.malformed("mac")
        }
        authentication = mac
        guard let parameters = crypto["kdfparams"], case .object = parameters else {
            throw Keystore.malformed("kdfparams is not an object")
        }
        salt = try Keystore.bytes(parameters["salt"], "kdfparams.salt", 1...1024)
        cost = try Keystore.cost(crypto["kdf"]?.text, parameters)
        derivedCount = try Keystore.derivedCount(parameters)
        try cost.check(count: derivedCount)
    }

    private static func derivedCount(_ parameters: JSON) throws(Refusal) -> Int {
        guard let count = parameters["dklen"]?.integer else {
            throw malformed("dklen is no whole number")
        }
        guard derivedCounts.contains(count) else {
            throw Refusal(
                "keystore.cost",
                "a dklen of \(count) is out of bounds: 32 bytes are used, and"
                    + " \(derivedCounts.upperBound) are the most")
        }
        return count
    }

    private static func cost(_ name: String?, _ json: JSON) throws(Refusal) -> KeystoreCost {
        switch name {
        case "scrypt":
            guard let n = json["n"]?.integer, let r = json["r"]?.integer, let p = json["p"]?.integer
            else { throw malformed("scrypt needs whole numbers n, r and p") }
            return .scrypt(Scrypt.Parameters(n: n, r: r, p: p))
        case "pbkdf2":
            guard json["prf"]?.text == "hmac-sha256" else {
                throw Refusal("keystore.unsupported", "the only supported prf is hmac-sha256")
            }
            guard let iterations = json["c"]?.integer else {
                throw malformed("PBKDF2 needs a whole number c")
            }
            return .pbkdf2(iterations: iterations)
        default:
            throw Refusal("keystore.unsupported", "the kdf must be scrypt or pbkdf2")
        }
    }

    private static func address(_ json: JSON?) throws(Refusal) -> Address? {
        guard let json else { return nil }
        guard let text = json.text, let bytes = Hex.decode(text), let address = Address(bytes)
        else {
            throw malformed("address is not 40 hexadecimal digits")
        }
        return address
    }

    private static func identifier(_ json: JSON?) throws(Refusal) -> String {
        guard let text = json?.text, text.utf8.count == 36 else { throw malformed("id is no UUID") }
        for (index, character) in text.utf8.enumerated() {
            let fits =
                [8, 13, 18, 23].contains(index)
                ? character == 0x2D : Hex.value(ofDigit: character) != nil
            guard fits else { throw malformed("id is no UUID") }
        }
        return text
    }

    private static func bytes(
        _ json: JSON?, _ name: String, _ counts: ClosedRange<Int>
    ) throws(Refusal) -> [UInt8] {
        guard let text = json?.text, let bytes = Hex.decode(text, prefixAllowed: false) else {
            throw malformed("\(name) is not hexadecimal digits without 0x")
        }
        guard counts.contains(bytes.count) else {
            throw malformed("\(name) has \(bytes.count) bytes")
        }
        return bytes
    }

    private static func malformed(_ what: String) -> Refusal {
        Refusal("keystore.malformed", "the keystore is malformed: \(what)")
    }

    /// The file form, as geth writes it.
    public var json: JSON {
        var members: [JSON.Member] = []
        if let address {
            members.append(JSON.Member("address", .string(Hex.encode(address.bytes))))
        }
        members.append(JSON.Member("crypto", cryptoJSON))
        members.append(JSON.Member("id", .string(id)))
        members.append(JSON.Member("version", 3))
        return .object(members)
    }

    private var cryptoJSON: JSON {
        let salt = JSON.string(Hex.encode(salt))
        let (kdf, parameters): (JSON, JSON) =
            switch cost {
            case .scrypt(let cost):
                (
                    "scrypt",
                    [
                        "dklen": .int(derivedCount), "n": .int(cost.n), "p": .int(cost.p),
                        "r": .int(cost.r), "salt": salt,
                    ]
                )
            case .pbkdf2(let iterations):
                (
                    "pbkdf2",
                    [
                        "c": .int(iterations), "dklen": .int(derivedCount), "prf": "hmac-sha256",
                        "salt": salt,
                    ]
                )
            }
        return [
            "cipher": "aes-128-ctr",
            "cipherparams": ["iv": .string(Hex.encode(initialCounter))],
            "ciphertext": .string(Hex.encode(ciphertext)),
            "kdf": kdf,
            "kdfparams": parameters,
            "mac": .string(authentication.hex),
        ]
    }
}
