// The environment, the own executable and the machine.

import CPlatform
import Glibc
public import Primitives

/// The environment variables of this process.
public enum Environment {
    /// The value of `name`, or nil.
    public static func value(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        return String(cString: value)
    }

    /// All variables, sorted by name.
    public static func all() -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                found.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
            }
            next += 1
        }
        return found.sorted { $0.name < $1.name }
    }

    /// Looks a program up in `PATH`; a name with a slash is taken as it is.
    public static func find(program name: String) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        let path = value("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return nil
    }
}

/// The program that is running.
public enum Executable {
    /// The path of this process's own executable; throws `system.failed`.
    public static func own() throws(Refusal) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = bytes.baseAddress else { return -1 }
            return readlink("/proc/self/exe", start, bytes.count)
        }
        guard count > 0 else { throw SystemError.refusal(errno, "read", "/proc/self/exe") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// What this machine has.
public enum Machine {
    /// Processor cores that this process may use.
    public static var cores: Int {
        let allowed = Int(cplatform_cores())
        return max(1, allowed > 0 ? allowed : Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    /// Bytes of memory in the machine.
    public static var memoryBytes: UInt64 {
        UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES))))
            * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }

    /// Bytes that can still be written to the file system that holds `path`.
    public static func freeBytes(at path: String) throws(Refusal) -> UInt64 {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else {
            throw SystemError.refusal(errno, "measure the file system of", path)
        }
        return UInt64(information.f_bavail) * UInt64(information.f_frsize)
    }

    /// The name of this machine.
    public static var hostName: String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let failed = buffer.withUnsafeMutableBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -1 }
            return gethostname(start.assumingMemoryBound(to: CChar.self), bytes.count - 1)
        }
        guard failed == 0, let end = buffer.firstIndex(of: 0) else { return "localhost" }
        return String(decoding: buffer[..<end], as: UTF8.self)
    }

    /// Descriptors this process has open.
    public static var openDescriptors: Int { (try? Files.list("/proc/self/fd").count) ?? 0 }

    /// Bytes of memory this process holds now.
    public static var residentBytes: UInt64 {
        guard let bytes = try? Files.read("/proc/self/statm", limit: 256),
            let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst()
                .first.flatMap({ UInt64($0) })
        else { return 0 }
        return pages * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }
}
