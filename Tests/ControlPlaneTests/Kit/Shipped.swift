// The documents that ship with the repository: policies and proposals.

import Glibc
import Primitives

enum Shipped {
    /// The package's root, found upwards from this file.
    private static var root: String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(4).joined(separator: "/")
    }

    static func text(_ path: String) throws(Refusal) -> String {
        guard let file = fopen(root + "/" + path, "rb") else {
            throw Refusal("file.unreadable", path)
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    static func policy(_ name: String) throws(Refusal) -> String {
        try text("Policies/\(name).yaml")
    }

    static func trainingProposal() throws(Refusal) -> String {
        try text("Proposals/0001-train-kings.md")
    }
}
