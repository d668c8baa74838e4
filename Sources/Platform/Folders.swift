// Folders: making, listing, walking and removing them.

import Glibc
public import Primitives

extension Files {
    /// Makes the folder and all above it; one that is there already is no error.
    public static func makeFolders(_ path: String, mode: UInt32 = 0o755) throws(Refusal) {
        if mkdir(path, mode) == 0 || errno == EEXIST {
            guard try resolvesToFolder(path) else {
                throw SystemError.refusal(ENOTDIR, "make the folder", path)
            }
            return
        }
        guard errno == ENOENT, parent(of: path) != path else {
            throw SystemError.refusal(errno, "make the folder", path)
        }
        try makeFolders(parent(of: path), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw SystemError.refusal(errno, "make the folder", path)
        }
    }

    private static func resolvesToFolder(_ path: String) throws(Refusal) -> Bool {
        var found = stat()
        guard stat(path, &found) == 0 else { throw SystemError.refusal(errno, "look at", path) }
        return found.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, sorted; `file.too-large` past `limit` names.
    public static func list(_ path: String, limit: Int = 1_000_000) throws(Refusal) -> [String] {
        guard let folder = opendir(path) else { throw SystemError.refusal(errno, "list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < limit else {
                throw Refusal("file.too-large", "\(path) holds more than \(limit) names")
            }
            names.append(name)
        }
        return names.sorted()
    }

    /// Removes a folder with all in it (links are removed, not followed); a missing one is no
    /// error.
    public static func removeTree(_ path: String) throws(Refusal) {
        guard let found = try information(path) else { return }
        guard found.isFolder else { return try remove(path) }
        for name in try list(path) { try removeTree("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else {
            throw SystemError.refusal(errno, "remove", path)
        }
    }

    /// One ordinary file below a folder.
    public struct Entry: Sendable, Equatable {
        /// The path from that folder on.
        public let path: String
        /// Size in bytes.
        public let size: UInt64

        /// Names a file.
        public init(path: String, size: UInt64) {
            self.path = path
            self.size = size
        }
    }

    /// The ordinary files below a folder, sorted by path; links and devices are left out, so that
    /// nothing outside the folder is ever reached. `file.too-large` past `limit` files.
    public static func walk(_ root: String, limit: Int = 100_000) throws(Refusal) -> [Entry] {
        var found: [Entry] = []
        var open = [""]
        while let folder = open.popLast() {
            let absolute = folder.isEmpty ? root : "\(root)/\(folder)"
            for name in try list(absolute) {
                let relative = folder.isEmpty ? name : "\(folder)/\(name)"
                // It may have gone since it was listed.
                guard let information = try information("\(root)/\(relative)") else { continue }
                if information.isFolder {
                    open.append(relative)
                } else if information.isFile {
                    found.append(Entry(path: relative, size: information.size))
                }
                guard found.count + open.count <= limit else {
                    throw Refusal("file.too-large", "\(root) holds more than \(limit) files")
                }
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    /// Waits until the names in a folder are on the device: without this a crash can lose a file
    /// whose contents were flushed.
    public static func synchronizeFolder(_ path: String) throws(Refusal) {
        try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY).synchronize()
    }
}

/// A folder under the system's temporary folder that is removed with its last reference.
public final class TemporaryFolder: Sendable {
    /// Where it is.
    public let path: String

    /// Makes an empty folder that only this user can enter.
    public init(prefix: String = "althing") throws(Refusal) {
        let root = Environment.value("TMPDIR") ?? "/tmp"
        path = "\(root)/\(prefix)-\(Hex.encode(try SystemEntropy.bytes(8)))"
        guard mkdir(path, 0o700) == 0 else {
            throw SystemError.refusal(errno, "make the folder", path)
        }
    }

    deinit { try? Files.removeTree(path) }
}
