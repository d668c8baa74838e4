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
        member = try top.number("member", in: 1...Seat.numberLimit)
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
    ///
    /// - Parameter checksKey: whether the key must be the one that the folder knows; a folder whose
    ///   data is lost may know an older one, and the cluster will say.
    func settings(home: String, checksKey: Bool = true) throws(Refusal) -> MemberSettings {
        let path = MemberConfiguration.path(genesis, from: home)
        let genesis = try Genesis(decoding: try Files.read(path))
        let folder = MemberConfiguration.path(data, from: home)
        let keyFile = MemberConfiguration.keyFile(home)
        let standing = try MemberSettings.seat(
            member, genesis: genesis, dataFolder: folder, keyFile: keyFile)
        let seed = try keyFile.read()
        let known = [standing.seat.publicKey] + (standing.course.retiring.map { [$0.key] } ?? [])
        let key = try Ed25519.publicKey(seed: seed)
        guard !checksKey || known.contains(key) else {
            throw Refusal("seat.key", "\(keyFile.path) is not the key of seat \(member) in \(path)")
        }
        var settings = try MemberSettings(
            genesis: genesis, seat: standing.seat, seed: seed, dataFolder: folder)
        settings.keyFile = keyFile
        return settings
    }

    /// The file of the seat's key in a member's folder.
    static func keyFile(_ home: String) -> SeatKeyFile { SeatKeyFile("\(home)/\(keyName)") }

    /// Makes a member's folder: its key and its configuration.
    static func makeHome(
        _ home: String, member: UInt64, key: SecretBytes, genesis: String = "../genesis.althing"
    ) throws(Refusal) {
        try Files.makeFolders(home, mode: 0o700)
        try keyFile(home).create(key)
        var configuration = MemberConfiguration(member: member)
        configuration.genesis = genesis
        try Files.create("\(home)/\(fileName)", Array(configuration.text.utf8))
    }

    private static func path(_ path: String, from home: String) -> String {
        path.hasPrefix("/") ? path : "\(home)/\(path)"
    }
}
