// A member's folder: its seat's key, its configuration, its data.

import ControlPlane
import Cryptography
import Node
import Platform
import Primitives

/// What `config.yaml` of a member's folder says.
struct MemberConfiguration {
    /// The seat's number.
    var member: UInt64
    /// Where the genesis lies, as seen from the folder.
    var genesis = "../genesis.althing"
    /// Where the data lies, as seen from the folder.
    var data = "data"
    /// The most that is logged: `debug`, `info`, `warning`, `error`.
    var logLevel = "info"

    /// The configuration's file in a member's folder.
    static let fileName = "config.yaml"
    /// The file of the seat's key in a member's folder.
    static let keyName = "seat.key"

    /// A configuration with the usual places.
    init(member: UInt64) { self.member = member }

    /// Reads a member's folder.
    init(home: String) throws(Refusal) {
        let name = "\(home)/\(MemberConfiguration.fileName)"
        var top = try YAMLMapping(
            try YAML.parse(try Files.readText(name, limit: 1 << 16), name: name), name: name)
        _ = try top.word("format", of: ["member/1"])
        member = try top.number("member", in: 1...64)
        genesis = try top.text("genesis")
        data = try top.text("data")
        if top.has("log-level") {
            logLevel = try top.word("log-level", of: ["debug", "info", "warning", "error"])
        }
        try top.finish()
    }

    /// The configuration as a file.
    var text: String {
        """
        # One member of the cluster. Paths are seen from this file's folder.
        format: member/1
        member: \(member)
        genesis: \(genesis)
        data: \(data)
        log-level: \(logLevel)

        """
    }

    /// What the member needs to start, read from its folder.
    ///
    /// Throws what reading throws, `genesis.malformed`, and `seat.key` when the key is not the
    /// seat's of the genesis.
    func settings(home: String) throws(Refusal) -> MemberSettings {
        let path = MemberConfiguration.path(genesis, from: home)
        let genesis = try Genesis(decoding: try Files.read(path))
        guard let seat = genesis.seats.first(where: { $0.id == member }) else {
            throw Refusal("seat.unknown", "\(path) has no seat \(member)")
        }
        let keyPath = "\(home)/\(MemberConfiguration.keyName)"
        let text = String(decoding: try Files.readPrivate(keyPath, limit: 256), as: UTF8.self)
        guard var bytes = Hex.decode(text.filter { !$0.isWhitespace }), bytes.count == 32 else {
            throw Refusal("seat.key", "\(keyPath) does not hold 64 hexadecimal digits")
        }
        let seed = SecretBytes(consuming: &bytes)
        guard try Ed25519.publicKey(seed: seed) == seat.publicKey else {
            throw Refusal("seat.key", "\(keyPath) is not the key of seat \(member) in \(path)")
        }
        return try MemberSettings(
            genesis: genesis, seat: seat, seed: seed,
            dataFolder: MemberConfiguration.path(data, from: home))
    }

    private static func path(_ path: String, from home: String) -> String {
        path.hasPrefix("/") ? path : "\(home)/\(path)"
    }
}
