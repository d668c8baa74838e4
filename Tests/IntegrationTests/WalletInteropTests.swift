// Wallets of others: keystores and signatures of eth-account (PyPI) are ours and the reverse.
//
// Needs a Python with eth-account: `ALTHING_PYTHON` names it, `python3` otherwise. Without one the
// tests say so and pass over.

import Glibc
import Testing

/// A Python that can import eth-account.
private enum Peer {
    static let python: String? = {
        let named = getenv("ALTHING_PYTHON").map { String(cString: $0) } ?? "python3"
        let found = system("\(named) -c 'import eth_account' >/dev/null 2>&1") == 0
        if !found {
            print("skipped: no Python with eth-account (pip install eth-account; ALTHING_PYTHON)")
        }
        return found ? named : nil
    }()
}

@Suite(.enabled(if: CommandLineProgram.built != nil && Peer.python != nil), .serialized)
struct WalletInteropTests {
    /// Runs a script with a folder and the program as its arguments; it prints `ok` at its end.
    private func run(_ script: String) throws {
        let folder = CommandLineProgram.temporaryFolder()
        defer { _ = system("rm -rf '\(folder)'") }
        let file = try #require(fopen("\(folder)/peer.py", "w"))
        fputs(Self.common + script, file)
        fclose(file)
        let program = try #require(CommandLineProgram.built)
        let python = try #require(Peer.python)
        let line =
            "env -u ALTHING_KEYSTORE -u ALTHING_PASSWORD_FILE \(python) '\(folder)/peer.py'"
            + " '\(folder)' '\(program.path)' > '\(folder)/out' 2>&1"
        let status = system(line)
        var said = ""
        if let out = fopen("\(folder)/out", "r") {
            var buffer = [CChar](repeating: 0, count: 1 << 16)
            while fgets(&buffer, Int32(buffer.count), out) != nil {
                let line = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                said += String(decoding: line, as: UTF8.self)
            }
            fclose(out)
        }
        #expect(status == 0 && said.hasSuffix("ok\n"), "\(said)")
    }

    private static let common = """
        import json, os, random, subprocess, sys
        from eth_account import Account
        from eth_account.messages import encode_defunct, encode_typed_data
        folder, program = sys.argv[1:]
        random.seed(1)
        def path(name): return os.path.join(folder, name)
        def write(name, text):
            descriptor = os.open(path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file: file.write(text)
            return path(name)
        def althing(*words):
            done = subprocess.run([program, *words, "--output", "json"], capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL)
            assert done.returncode == 0, (words, done.stderr)
            return json.loads(done.stdout)
        word = write("password", "pass w\\u00f6rd\\n")

        """

    @Test func `keystores are read by either`() throws {
        try run(
            """
            for kdf, cost in [("scrypt", 4096), ("pbkdf2", 1000), ("scrypt", 2)]:
                key = os.urandom(32)
                theirs = Account.encrypt(key, "pass w\\u00f6rd", kdf=kdf, iterations=cost)
                name = write("theirs.json", json.dumps(theirs))
                answer = althing("wallet", "export", name, "--password-file", word,
                                 "--private-key-file", path("key"))
                assert open(path("key")).read().strip() == key.hex(), kdf
                assert answer["address"] == Account.from_key(key).address
                os.remove(path("key"))
            for number in range(3):
                key = os.urandom(32)
                write("raw", key.hex())
                althing("wallet", "import", "--private-key-file", path("raw"), "--light",
                        "--file", path("ours.json"), "--password-file", word)
                ours = json.load(open(path("ours.json")))
                assert bytes(Account.decrypt(ours, "pass w\\u00f6rd")) == key
                assert os.stat(path("ours.json")).st_mode & 0o777 == 0o600
                os.remove(path("ours.json"))
            Account.enable_unaudited_hdwallet_features()
            words = "test test test test test test test test test test test junk"
            write("words", words + "\\n")
            write("extra", "\\u00fcber e\\u0301\\n")
            theirs = Account.from_mnemonic(words, "\\u00fcber e\\u0301", "m/44'/60'/0'/0/3")
            answer = althing("wallet", "import", "--mnemonic-file", path("words"), "--index", "3",
                             "--passphrase-file", path("extra"), "--light", "--file",
                             path("ours.json"), "--password-file", word)
            assert answer["address"] == theirs.address, answer
            os.remove(path("ours.json"))
            write("theirs.json", json.dumps(Account.encrypt(theirs.key, "another", iterations=2)))
            write("another", "another\\n")
            answer = althing("wallet", "import", "--keystore-file", path("theirs.json"),
                             "--keystore-password-file", path("another"), "--light", "--file",
                             path("ours.json"), "--password-file", word)
            assert answer["address"] == theirs.address
            ours = json.load(open(path("ours.json")))
            assert bytes(Account.decrypt(ours, "pass w\\u00f6rd")) == bytes(theirs.key)
            print("ok")
            """)
    }

    /// 500 messages, half of them typed data, signed by eth-account: the conformance runner signs
    /// them too, to the same bytes, and recovers the signer from theirs. The program itself signs
    /// and verifies a few.
    @Test func `signatures are the same by either`() throws {
        try run(
            """
            def typed(number):
                return {
                    "types": {
                        "EIP712Domain": [{"name": "name", "type": "string"},
                                         {"name": "chainId", "type": "uint256"}],
                        "Order": [{"name": "to", "type": "address"},
                                  {"name": "items", "type": "Item[]"},
                                  {"name": "root", "type": "bytes32"},
                                  {"name": "urgent", "type": "bool"}],
                        "Item": [{"name": "label", "type": "string"},
                                 {"name": "count", "type": "uint256"}]},
                    "primaryType": "Order",
                    "domain": {"name": "Shop", "chainId": 1 + number},
                    "message": {
                        "to": Account.from_key(os.urandom(32)).address,
                        "items": [{"label": "\\u00e9" * random.randint(0, 9),
                                   "count": random.randint(0, 2**53 - 1)}
                                  for _ in range(random.randint(0, 4))],
                        "root": "0x" + os.urandom(32).hex(),
                        "urgent": bool(number % 2)}}
            encoded = ("Order(address to,Item[] items,bytes32 root,bool urgent)"
                       "Item(string label,uint256 count)")
            personal, typed_rows = [], []
            for number in range(500):
                key = os.urandom(32)
                row = {"priv": key.hex(), "address": Account.from_key(key).address}
                if number % 2:
                    data = typed(number)
                    form = encode_typed_data(full_message=data)
                    row.update(id=number, typed_data=data, encode_type=encoded,
                               domain_separator=form.header.hex(), struct_hash=form.body.hex())
                    typed_rows.append(row)
                else:
                    message = os.urandom(random.randint(0, 300))
                    form = encode_defunct(message)
                    row["message_hex"] = message.hex()
                    personal.append(row)
                signed = Account.sign_message(form, key)
                row.update(digest=signed.message_hash.hex(), signature=signed.signature.hex())
            os.mkdir(path("cases"))
            write("cases/eip191_personal_sign.json", json.dumps({"vectors": personal}))
            write("cases/eip712_random.json", json.dumps({"vectors": typed_rows}))
            runner = os.path.join(os.path.dirname(program), "conformance")
            done = subprocess.run([runner, "crypto", path("cases")], capture_output=True, text=True)
            assert done.stdout.rstrip().endswith("500 passed, 0 failed"), done.stdout

            write("raw", key.hex())
            althing("wallet", "import", "--private-key-file", path("raw"), "--light", "--file",
                    path("ours.json"), "--password-file", word)
            account = Account.from_key(key).address
            for number in range(2):
                data = typed(number)
                form = encode_typed_data(full_message=data) if number else encode_defunct(b"words")
                words = (["--typed-data", write("message", json.dumps(data))] if number
                         else ["--message", "words"])
                ours = althing("wallet", "sign", *words, "--keystore", path("ours.json"), "--yes",
                               "--password-file", word)["signature"]
                assert Account.recover_message(form, signature=ours) == account
                theirs = "0x" + bytes(Account.sign_message(form, key).signature).hex()
                answer = althing("wallet", "verify", *words, "--signature", theirs, "--account",
                                 account)
                assert answer["valid"] is True
            print("ok")
            """)
    }
}
