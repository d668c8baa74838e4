// Objects that tasks read, fetched once and kept until they are the oldest.

import Client
import Cryptography
import Platform
import Primitives

/// A folder of objects by digest.
struct ObjectCache: Sendable {
    let folder: String
    let client: ClusterClient

    /// The most objects kept.
    private static let limit = 64

    init(folder: String, client: ClusterClient) throws(Refusal) {
        self.folder = folder
        self.client = client
        try Files.makeFolders(folder)
    }

    /// The path of an object, fetched if it is not here; throws `object.unknown` and the like.
    func path(_ digest: Digest) async throws(Refusal) -> String {
        let path = "\(folder)/\(digest.hex)"
        if Files.exists(path) {
            // What lies on this disk may have rotted: what a task reads must be what was named.
            if SHA256.hash(try Files.read(path)) == digest { return path }
            try Files.remove(path)
        }
        let bytes = try await client.object(digest)
        try makeRoom()
        try Files.writeAtomically(path, bytes)
        return path
    }

    private func makeRoom() throws(Refusal) {
        let names = try Files.list(folder)
        guard names.count >= ObjectCache.limit else { return }
        var oldest: (path: String, time: Timestamp)?
        for name in names {
            let path = "\(folder)/\(name)"
            guard let found = try Files.information(path) else { continue }
            if oldest.map({ found.modified < $0.time }) ?? true { oldest = (path, found.modified) }
        }
        if let oldest { try Files.remove(oldest.path) }
    }
}
