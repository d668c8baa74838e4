// Content by its digest: checkpoints, deltas, data. Kept on a majority before it counts as stored.

import Cryptography
import Logging
import Platform
public import Primitives
import Transport

/// Objects in a member's data folder, shared with its peers.
public final class ObjectStore: Sendable {
    private let folder: String
    private let peers: @Sendable () -> [HTTPURL]
    private let client: HTTPClient
    private let logger: Logger

    /// The most bytes of one object.
    public static let byteLimit = 64 << 20

    /// Opens the store.
    ///
    /// - Parameter peers: the peers' mutually authenticated origins, at present.
    init(
        folder: String, peers: @escaping @Sendable () -> [HTTPURL], client: HTTPClient,
        logger: Logger
    ) throws(Refusal) {
        self.folder = folder
        self.peers = peers
        self.client = client
        self.logger = logger
        try Files.makeFolders(folder)
    }

    private func path(_ digest: Digest) -> String {
        "\(folder)/\(digest.hex.prefix(2))/\(digest.hex)"
    }

    /// Whether the object lies here.
    public func has(_ digest: Digest) -> Bool { Files.exists(path(digest)) }

    /// Takes an object in, if its content has the digest; throws `object.digest`, `file.*`.
    public func put(_ bytes: [UInt8], as digest: Digest) throws(Refusal) {
        guard bytes.count <= ObjectStore.byteLimit else {
            throw Refusal(
                "object.too-large", "an object has at most \(ObjectStore.byteLimit) bytes")
        }
        let actual = SHA256.hash(bytes)
        guard actual == digest else {
            throw Refusal("object.digest", "the content has the digest \(actual), not \(digest)")
        }
        guard !has(digest) else { return }
        try Files.makeFolders("\(folder)/\(digest.hex.prefix(2))")
        try Files.writeAtomically(path(digest), bytes, mode: 0o644)
    }

    /// Sends an object to the peers and answers how many members now have it, this one included.
    func replicate(_ bytes: [UInt8], as digest: Digest) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for peer in peers() {
                group.addTask { [client, logger] in
                    do throws(Refusal) {
                        let request = try PeerPath.request(
                            "PUT", peer, "/peer/objects/\(digest.hex)", body: bytes)
                        return try await client.send(request).status == 200
                    } catch {
                        logger.debug("object not replicated", metadata: ["code": "\(error.code)"])
                        return false
                    }
                }
            }
            var count = 1
            for await stored in group where stored { count += 1 }
            return count
        }
    }

    /// The object, from here or from a peer; throws `object.unknown`.
    public func get(_ digest: Digest) async throws(Refusal) -> [UInt8] {
        if has(digest) {
            let bytes = try Files.read(path(digest), limit: ObjectStore.byteLimit)
            if SHA256.hash(bytes) == digest { return bytes }
            // Rot: forget it and fetch it again.
            logger.warning("an object fails its digest", metadata: ["object": "\(digest)"])
            try Files.remove(path(digest))
        }
        for peer in peers() {
            guard let request = try? PeerPath.request("GET", peer, "/peer/objects/\(digest.hex)"),
                let response = try? await client.send(request), response.status == 200,
                SHA256.hash(response.body) == digest
            else { continue }
            try put(response.body, as: digest)
            return response.body
        }
        throw Refusal("object.unknown", "no member has the object \(digest)")
    }

    /// The object if it lies here, for peers that ask.
    func local(_ digest: Digest) -> [UInt8]? {
        guard has(digest) else { return nil }
        return try? Files.read(path(digest), limit: ObjectStore.byteLimit)
    }
}

/// Requests from member to member.
enum PeerPath {
    static func request(
        _ method: String, _ peer: HTTPURL, _ path: String, body: [UInt8] = []
    ) throws(Refusal) -> HTTPClientRequest {
        HTTPClientRequest(
            method: method, url: try HTTPURL("https://\(peer.authority)\(path)"), body: body)
    }
}
