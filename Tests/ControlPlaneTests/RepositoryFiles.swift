// Reads the files of the repository that a deployment starts from.

import Glibc
import Primitives

enum RepositoryFiles {
    /// The package's root, found upwards from this file.
    static var root: String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }

    static func bytes(_ path: String) throws(Refusal) -> [UInt8] {
        guard let file = fopen(root + "/" + path, "rb") else {
            throw Refusal("file.unreadable", path)
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    static func text(_ path: String) throws(Refusal) -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// The names in a folder, sorted.
    static func names(in folder: String) throws(Refusal) -> [String] {
        guard let handle = opendir(root + "/" + folder) else {
            throw Refusal("file.unreadable", folder)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
