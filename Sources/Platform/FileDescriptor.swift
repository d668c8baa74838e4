// An open file that closes itself. The one owner of a descriptor number.

import CPlatform
import Glibc
public import Primitives

/// An open file, pipe end or device; closed when the last reference goes.
///
/// Reading and writing at a position is safe from any thread.
public final class FileDescriptor: Sendable {
    /// The number the kernel knows it by.
    public let number: Int32
    /// The path it was opened by, for sentences.
    public let path: String

    /// Takes over a number.
    public init(owning number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    deinit { _ = Glibc.close(number) }

    /// Opens a file; throws the `file.*` codes. It does not pass to programs that are started.
    public static func open(
        _ path: String, _ flags: Int32, mode: UInt32 = 0o644, deed: String = "open"
    ) throws(Refusal) -> FileDescriptor {
        while true {
            let number = Glibc.open(path, flags | O_CLOEXEC, mode)
            if number >= 0 { return FileDescriptor(owning: number, path: path) }
            if errno != EINTR { throw SystemError.refusal(errno, deed, path) }
        }
    }

    /// A pipe whose ends do not pass to programs that are started.
    public static func pipe() throws(Refusal) -> (reader: FileDescriptor, writer: FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        let failure = cplatform_pipe(&ends)
        guard failure == 0 else { throw SystemError.refusal(failure, "make", "a pipe") }
        return (
            FileDescriptor(owning: ends[0], path: "a pipe"),
            FileDescriptor(owning: ends[1], path: "a pipe")
        )
    }

    /// Makes reads and writes return at once when there is nothing to do.
    public func setNonblocking() {
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    }

    /// Up to `count` bytes from `position`; fewer only at the end of the file.
    public func read(at position: UInt64, count: Int) throws(Refusal) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    number, buffer.baseAddress?.advanced(by: filled), count - filled,
                    off_t(position) + off_t(filled))
            }
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw SystemError.refusal(errno, "read", path)
            }
            filled += got
        }
        if filled < count { bytes.removeLast(count - filled) }
        return bytes
    }

    /// Writes all of `bytes` at `position`.
    public func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                pwrite(
                    number, buffer.baseAddress?.advanced(by: done), buffer.count - done,
                    off_t(position) + off_t(done))
            }
            if put < 0 {
                if errno == EINTR { continue }
                throw SystemError.refusal(errno, "write to", path)
            }
            done += put
        }
    }

    /// Writes all of `bytes` at the current position (the end, when opened to append).
    public func write(_ bytes: [UInt8]) throws(Refusal) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                Glibc.write(number, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            }
            if put < 0 {
                if errno == EINTR { continue }
                throw SystemError.refusal(errno, "write to", path)
            }
            done += put
        }
    }

    /// Waits until contents and what is needed to find them are on the device.
    public func synchronizeData() throws(Refusal) {
        guard fdatasync(number) == 0 else { throw SystemError.refusal(errno, "flush", path) }
    }

    /// Waits until contents and all attributes are on the device.
    public func synchronize() throws(Refusal) {
        guard fsync(number) == 0 else { throw SystemError.refusal(errno, "flush", path) }
    }

    /// Cuts or extends (with zeros) to `size` bytes.
    public func resize(to size: UInt64) throws(Refusal) {
        guard ftruncate(number, off_t(size)) == 0 else {
            throw SystemError.refusal(errno, "resize", path)
        }
    }

    /// Reserves space for `size` bytes, so that later writes cannot meet a full disk.
    public func reserve(_ size: UInt64) throws(Refusal) {
        let failure = posix_fallocate(number, 0, off_t(size))
        guard failure == 0 else { throw SystemError.refusal(failure, "reserve space for", path) }
    }

    /// The size in bytes.
    public func size() throws(Refusal) -> UInt64 {
        var information = stat()
        guard fstat(number, &information) == 0 else {
            throw SystemError.refusal(errno, "look at", path)
        }
        return UInt64(max(0, information.st_size))
    }
}
