// A provider's folder: the agent's keystore, its password, its configuration, its data.

import ArgumentParser
import Cryptography
import Platform
import Primitives
import Wallet

/// A provider's folder.
struct ProviderHome {
    /// Where it lies.
    let path: String
    /// The members' client origins.
    let cluster: [String]

    private static let configurationName = "config.yaml"

    private static func keystorePath(_ path: String) -> String { "\(path)/agent.json" }
    private static func passwordPath(_ path: String) -> String { "\(path)/agent.password" }

    /// Where objects are kept between tasks.
    var dataFolder: String { "\(path)/data" }

    /// Opens a folder that `init` made; origins given on the command line come first.
    init(_ path: String, cluster given: [String]) throws(Refusal) {
        self.path = path
        let name = "\(path)/\(ProviderHome.configurationName)"
        var top = try YAMLMapping(
            try YAML.parse(try Files.readText(name, limit: 1 << 16), name: name), name: name)
        _ = try top.word("format", of: ["provider/1"])
        var origins: [String] = []
        if top.has("cluster") {
            for node in try top.sequence("cluster") {
                guard let origin = node.text else {
                    throw top.refusal("schema.type", "each origin is a text", key: "cluster")
                }
                origins.append(origin)
            }
        }
        try top.finish()
        cluster = given.isEmpty ? origins : given
    }

    /// Makes a folder with a new agent key; gives the agent's account.
    ///
    /// The agent starts without a person, so its password lies beside its keystore; both are
    /// readable by their owner only. The key can only work, never move money.
    static func make(_ path: String, cluster: [String]) throws(Refusal) -> Address {
        try Files.makeFolders(path, mode: 0o700)
        guard !Files.exists(keystorePath(path)) else {
            throw Refusal("provider.exists", "\(path) is already a provider's folder")
        }
        let password = Hex.encode(try SystemEntropy.bytes(32))
        var bytes = try SystemEntropy.bytes(32)
        let key = try Secp256k1PrivateKey(SecretBytes(consuming: &bytes))
        // The password has 256 bits of its own, so costly derivation would add nothing.
        let keystore = try KeystoreFolder.seal(
            key, password: SecretBytes(utf8: password), light: true)
        try Files.create(passwordPath(path), Array((password + "\n").utf8), mode: 0o600)
        try Files.create(keystorePath(path), Array(keystore.json.pretty.utf8), mode: 0o600)
        let origins = cluster.map { "  - \($0)\n" }.joined()
        let text = """
            # A provider's agent.
            format: provider/1
            \(origins.isEmpty ? "" : "cluster:\n\(origins)")
            """
        try Files.writeAtomically("\(path)/\(configurationName)", Array(text.utf8))
        return key.address
    }

    /// The agent's key.
    func key() throws(Refusal) -> Secp256k1PrivateKey {
        try KeystoreFolder.read(ProviderHome.keystorePath(path)).open(
            password: try PasswordOptions.read(ProviderHome.passwordPath(path)))
    }

    /// The agent's account, read without opening its keystore.
    func agent() throws(Refusal) -> Address {
        let keystore = try KeystoreFolder.read(ProviderHome.keystorePath(path))
        if let address = keystore.address { return address }
        return try key().address
    }
}

/// Options of commands that work in a provider's folder.
struct HomeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The provider's folder.", valueName: "folder"))
    var home: String
}
