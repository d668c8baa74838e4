// The folder of keystores: geth's naming, one file an account.

import Cryptography
import Platform
import Primitives
import Wallet

/// A folder of keystore files.
struct KeystoreFolder {
    /// Where it lies.
    let path: String

    /// A keystore in the folder.
    struct Entry {
        let path: String
        let keystore: Keystore
    }

    /// The folder that was named, or `.althing/keystores` of the user's own folder.
    init(_ path: String?) throws(Refusal) {
        if let path {
            self.path = path
            return
        }
        guard let own = Environment.value("HOME") else {
            throw Refusal("keystore.folder", "HOME is not set: name a folder with --folder")
        }
        self.path = "\(own)/.althing/keystores"
    }

    /// Every keystore in it, by name; files that are none are passed over.
    func entries() throws(Refusal) -> [Entry] {
        guard Files.exists(path) else { return [] }
        var entries: [Entry] = []
        for name in try Files.list(path).sorted() {
            let file = "\(path)/\(name)"
            guard let bytes = try? Files.read(file, limit: 1 << 16),
                let keystore = try? Keystore(parsing: bytes)
            else { continue }
            entries.append(Entry(path: file, keystore: keystore))
        }
        return entries
    }

    /// The entry whose file or account `name` says.
    func entry(_ name: String) throws(Refusal) -> Entry {
        if Files.exists(name) {
            return Entry(path: name, keystore: try KeystoreFolder.read(name))
        }
        let account = Address(hex: name)
        let found = try entries().first {
            Files.name(of: $0.path) == name || ($0.keystore.address == account && account != nil)
        }
        guard let found else {
            throw Refusal("keystore.unknown", "there is no keystore `\(name)` in \(path)")
        }
        return found
    }

    /// Puts a new keystore into the folder, readable by its owner only; gives its path.
    func add(_ keystore: Keystore, account: Address) throws(Refusal) -> String {
        try Files.makeFolders(path, mode: 0o700)
        if try entries().contains(where: { $0.keystore.address == account }) {
            throw Refusal(
                "keystore.exists", "\(path) already holds a keystore of \(account.checksummed)")
        }
        let time = SystemClock.now().description.replacing(":", with: "-")
        let file = "\(path)/UTC--\(time)--\(Hex.encode(account.bytes))"
        try Files.create(file, Array(keystore.json.pretty.utf8), mode: 0o600)
        return file
    }

    /// Reads a keystore file.
    static func read(_ path: String) throws(Refusal) -> Keystore {
        let bytes = try Files.read(path, limit: 1 << 16)
        do throws(Refusal) {
            return try Keystore(parsing: bytes)
        } catch {
            throw error.placed(path)
        }
    }

    /// Seals a key with fresh entropy.
    static func seal(
        _ key: Secp256k1PrivateKey, password: SecretBytes, light: Bool
    ) throws(Refusal) -> Keystore {
        try Keystore.seal(
            key, password: password, cost: light ? .light : .standard,
            entropy: try SystemEntropy.bytes(Keystore.entropyCount))
    }
}
