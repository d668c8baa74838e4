// The disk as the log sees it: a small interface, so that tests can put a faulty one in its place.

import Glibc
import Platform
public import Primitives

/// A file of the log. Operations at a position are safe from any thread.
public protocol LogFile: Sendable {
    /// Its size in bytes.
    func size() throws(Refusal) -> UInt64
    /// Up to `count` bytes from `position`; fewer only at the end.
    func read(at position: UInt64, count: Int) throws(Refusal) -> [UInt8]
    /// Writes all of `bytes` at `position`.
    func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal)
    /// Returns when everything written is on the device.
    func flush() throws(Refusal)
    /// Cuts off what lies behind `length`, then extends with zeros to `size`, with space reserved.
    func reset(length: UInt64, size: UInt64) throws(Refusal)
}

/// A place for files of the log.
public protocol LogDisk: Sendable {
    /// Makes the folder, if it is missing.
    func makeFolder(_ path: String) throws(Refusal)
    /// Names in the folder, sorted.
    func list(_ folder: String) throws(Refusal) -> [String]
    /// Makes a file of `size` zeros, with space reserved.
    func create(_ path: String, size: UInt64) throws(Refusal) -> any LogFile
    /// Opens a file.
    func open(_ path: String) throws(Refusal) -> any LogFile
    /// Removes a file.
    func remove(_ path: String) throws(Refusal)
    /// Returns when the folder's names are on the device.
    func flushFolder(_ path: String) throws(Refusal)
}

/// The machine's file system.
public struct SystemDisk: LogDisk {
    /// The only one there is.
    public init() {}

    /// Makes the folder, if it is missing.
    public func makeFolder(_ path: String) throws(Refusal) {
        try Files.makeFolders(path, mode: 0o700)
    }

    /// Names in the folder, sorted.
    public func list(_ folder: String) throws(Refusal) -> [String] { try Files.list(folder) }

    /// Makes a file of `size` zeros, with space reserved.
    public func create(_ path: String, size: UInt64) throws(Refusal) -> any LogFile {
        let file = try FileDescriptor.open(
            path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600, deed: "create")
        do throws(Refusal) {
            try file.reserve(size)
        } catch {
            try? Files.remove(path)
            throw error
        }
        return SystemLogFile(file: file)
    }

    /// Opens a file.
    public func open(_ path: String) throws(Refusal) -> any LogFile {
        SystemLogFile(file: try FileDescriptor.open(path, O_RDWR))
    }

    /// Removes a file.
    public func remove(_ path: String) throws(Refusal) { try Files.remove(path) }

    /// Returns when the folder's names are on the device.
    public func flushFolder(_ path: String) throws(Refusal) {
        try Files.synchronizeFolder(path)
    }
}

private struct SystemLogFile: LogFile {
    let file: FileDescriptor

    func size() throws(Refusal) -> UInt64 { try file.size() }

    func read(at position: UInt64, count: Int) throws(Refusal) -> [UInt8] {
        try file.read(at: position, count: count)
    }

    func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal) {
        try file.write(bytes, at: position)
    }

    func flush() throws(Refusal) { try file.synchronizeData() }

    func reset(length: UInt64, size: UInt64) throws(Refusal) {
        try file.resize(to: length)
        try file.reserve(size)
        try file.synchronize()
    }
}
