// What a suite is, and the few file operations the runner needs.

import Glibc
import Primitives

/// How many cases held.
struct Score {
    var passed = 0
    var failed = 0

    static func += (left: inout Score, right: Score) {
        left.passed += right.passed
        left.failed += right.failed
    }
}

/// A family of cases.
protocol ConformanceSuite {
    /// The word on the command line.
    static var name: String { get }
    /// Runs a file, or every file of a folder, and prints a line a file.
    static func run(path: String) throws(Refusal) -> Score
}

enum Console {
    /// Writes to the descriptor itself: the C library's `stderr` is mutable, shared state.
    static func error(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
    static func exit(_ status: Int32) -> Never { Glibc.exit(status) }
}

enum Files {
    /// The file itself, or every regular file below a folder, sorted by path.
    static func all(at path: String) throws(Refusal) -> [String] {
        guard let folder = opendir(path) else {
            guard access(path, R_OK) == 0 else {
                throw Refusal("file.unreadable", "\(path) cannot be read")
            }
            return [path]
        }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        closedir(folder)
        var files: [String] = []
        for name in names.sorted() { files += try all(at: path + "/" + name) }
        return files
    }

    /// The bytes of a file.
    static func read(_ path: String) throws(Refusal) -> [UInt8] {
        guard let file = fopen(path, "rb") else {
            throw Refusal("file.unreadable", "\(path) cannot be read")
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

    /// The last part of a path.
    static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
