// A lock on a file, held by at most one process and freed by the kernel when it ends.

import Glibc
public import Primitives

/// An exclusive lock; released when the value goes.
public final class FileLock: Sendable {
    private let file: FileDescriptor

    private init(_ file: FileDescriptor) { self.file = file }

    /// Takes the lock on `path` at once, or throws `file.locked`.
    public static func acquire(_ path: String) throws(Refusal) -> FileLock {
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600, deed: "lock")
        while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK {
                throw Refusal("file.locked", "\(path) is locked by another process")
            }
            throw SystemError.refusal(errno, "lock", path)
        }
        return FileLock(file)
    }

    /// Claims a data folder for this process, or throws `node.already-running` naming the process
    /// that has it.
    public static func claim(dataFolder: String) throws(Refusal) -> FileLock {
        let path = "\(dataFolder)/lock"
        do throws(Refusal) {
            let lock = try acquire(path)
            try lock.file.resize(to: 0)
            try lock.file.write(Array("\(getpid())\n".utf8), at: 0)
            return lock
        } catch  where error.code == "file.locked" {
            let holder = (try? Files.readText(path, limit: 64)) ?? ""
            let process = holder.filter(\.isNumber)
            let suffix = process.isEmpty ? "" : " (process \(process))"
            throw Refusal(
                "node.already-running",
                "another node already runs on \(dataFolder)\(suffix): stop it first, or give this "
                    + "one a data folder of its own")
        }
    }
}
