// Files and folders: bounded reads, atomic writes, and refusals that name the path and the reason.

import Glibc
public import Primitives

/// File operations. All throw the `file.*` codes of `SystemError`.
public enum Files {
    // MARK: Reading

    /// The whole file; `file.too-large` past `limit` bytes.
    public static func read(_ path: String, limit: Int = 64 << 20) throws(Refusal) -> [UInt8] {
        let file = try FileDescriptor.open(path, O_RDONLY, deed: "read")
        var bytes: [UInt8] = []
        // Files under /proc and pipes have no size, so the size is a hint and the count decides.
        let expected = Int(min(UInt64(limit), try file.size()))
        bytes.reserveCapacity(expected + 1)
        var chunk = [UInt8](repeating: 0, count: min(max(expected + 1, 4096), 1 << 20))
        while true {
            let got = chunk.withUnsafeMutableBytes {
                Glibc.read(file.number, $0.baseAddress, $0.count)
            }
            if got == 0 { return bytes }
            if got < 0 {
                if errno == EINTR { continue }
                throw SystemError.refusal(errno, "read", path)
            }
            bytes.append(contentsOf: chunk[..<got])
            guard bytes.count <= limit else {
                throw Refusal("file.too-large", "\(path) has more than \(limit) bytes")
            }
        }
    }

    /// The whole file as UTF-8; `file.not-text` for other bytes.
    public static func readText(_ path: String, limit: Int = 16 << 20) throws(Refusal) -> String {
        let bytes = try read(path, limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal("file.not-text", "\(path) is not UTF-8 text")
        }
        return text
    }

    /// Reads a secret: as `read`, and refuses (`file.not-private`) when others could read it too.
    public static func readPrivate(
        _ path: String, limit: Int = 1 << 20
    ) throws(Refusal) -> [UInt8] {
        try checkPrivate(path)
        return try read(path, limit: limit)
    }

    // MARK: Writing

    /// Replaces the file so that a reader, or a crash at any moment, sees the old or the new
    /// contents and nothing between; returns when they are on the device.
    public static func writeAtomically(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644
    ) throws(Refusal) {
        let suffix = Hex.encode(try SystemEntropy.bytes(6))
        let temporary = "\(path).\(suffix).tmp"
        do throws(Refusal) {
            // The mode is set at creation, so that a secret is at no moment readable by others.
            let file = try FileDescriptor.open(
                temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode, deed: "write")
            try file.write(bytes)
            try file.synchronize()
            try move(temporary, to: path)
        } catch {
            _ = unlink(temporary)
            throw Refusal(
                error.code, error.message.replacing("\(temporary)", with: path), at: error.place)
        }
        try synchronizeFolder(parent(of: path))
    }

    /// Writes a file that must not exist yet; `file.exists` otherwise.
    public static func create(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644
    ) throws(Refusal) {
        let file = try FileDescriptor.open(
            path, O_WRONLY | O_CREAT | O_EXCL, mode: mode, deed: "create")
        try file.write(bytes)
        try file.synchronize()
        try synchronizeFolder(parent(of: path))
    }

    /// Adds to the end of the file, making it when it is missing. Not flushed to the device.
    public static func append(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644
    ) throws(Refusal) {
        let file = try FileDescriptor.open(
            path, O_WRONLY | O_CREAT | O_APPEND, mode: mode, deed: "append to")
        try file.write(bytes)
    }

    /// Renames within a file system, replacing what is there.
    public static func move(_ path: String, to target: String) throws(Refusal) {
        guard rename(path, target) == 0 else {
            throw SystemError.refusal(errno, "rename", "\(path) to \(target)")
        }
    }

    /// Makes a symbolic link at `path` that leads to `target`.
    public static func link(_ target: String, at path: String) throws(Refusal) {
        guard symlink(target, path) == 0 else { throw SystemError.refusal(errno, "link", path) }
    }

    /// Removes one file; a missing one is no error.
    public static func remove(_ path: String) throws(Refusal) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw SystemError.refusal(errno, "remove", path)
        }
    }

    // MARK: Looking

    /// What stands at a path.
    public struct Information: Sendable {
        /// Size in bytes.
        public let size: UInt64
        /// Whether it is a folder.
        public let isFolder: Bool
        /// Whether it is an ordinary file.
        public let isFile: Bool
        /// Permission bits.
        public let permissions: UInt32
        /// The user that owns it.
        public let owner: UInt32
        /// When its contents last changed.
        public let modified: Timestamp
    }

    /// What stands at `path` (a symbolic link is not followed), or nil when nothing does.
    public static func information(_ path: String) throws(Refusal) -> Information? {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError.refusal(errno, "look at", path)
        }
        let kind = found.st_mode & S_IFMT
        let seconds = UInt64(max(0, found.st_mtim.tv_sec))
        let milliseconds = UInt64(max(0, found.st_mtim.tv_nsec)) / 1_000_000
        return Information(
            size: UInt64(max(0, found.st_size)), isFolder: kind == S_IFDIR, isFile: kind == S_IFREG,
            permissions: found.st_mode & 0o7777, owner: found.st_uid,
            modified: Timestamp(milliseconds: seconds * 1000 + milliseconds))
    }

    /// Whether anything stands at `path`.
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Refuses (`file.not-private`) a file that its group or others can read or write.
    public static func checkPrivate(_ path: String) throws(Refusal) {
        guard let found = try information(path) else {
            throw SystemError.refusal(ENOENT, "read", path)
        }
        guard found.permissions & 0o077 == 0 else {
            throw Refusal(
                "file.not-private",
                "\(path) can be read by other users (mode \(octal(found.permissions))): "
                    + "chmod 600 \(path)")
        }
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    // MARK: Paths

    /// The folder that holds `path`.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part of `path`.
    public static func name(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }

    /// The path with every symbolic link resolved; throws when it does not exist.
    public static func resolved(_ path: String) throws(Refusal) -> String {
        guard let found = realpath(path, nil) else {
            throw SystemError.refusal(errno, "resolve", path)
        }
        defer { free(found) }
        return String(cString: found)
    }
}
