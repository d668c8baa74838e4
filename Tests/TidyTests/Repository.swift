// The repository as the tidy tests see it: its files and its manifest.

import Glibc

/// A file of the repository.
struct SourceFile: Sendable, CustomStringConvertible {
    /// Path from the root of the repository.
    let path: String
    let text: String

    var description: String { path }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}

/// Reads the repository that this test belongs to.
enum Repository {
    /// The folder of the manifest, found upwards from this file; `ALTHING_ROOT` names another.
    static let root: String = {
        if let given = getenv("ALTHING_ROOT") { return String(cString: given) }
        var folder = #filePath[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if access("\(folder)/Package.swift", F_OK) == 0, access("\(folder)/Sources", F_OK) == 0
            {
                return String(folder)
            }
        }
        return "."
    }()

    /// Names in a folder of the repository, sorted; none when it is missing.
    static func names(in folder: String) -> [String] {
        guard let open = opendir("\(root)/\(folder)") else { return [] }
        defer { closedir(open) }
        var names: [String] = []
        while let entry = readdir(open) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func isFolder(_ path: String) -> Bool {
        var found = stat()
        return stat("\(root)/\(path)", &found) == 0 && found.st_mode & S_IFMT == S_IFDIR
    }

    /// All files below a folder.
    static func files(in folder: String) -> [String] {
        names(in: folder).flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            return isFolder(path) ? files(in: path) : [path]
        }
    }

    /// The text of a file, or nil when it is not UTF-8.
    static func text(of path: String) -> String? {
        guard let file = fopen("\(root)/\(path)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = fread(&chunk, 1, chunk.count, file)
            if got == 0 { break }
            bytes += chunk[..<got]
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Files below a folder whose names end so, with their text.
    static func sources(in folder: String, ending: String) -> [SourceFile] {
        files(in: folder).filter { $0.hasSuffix(ending) }.compactMap { path in
            text(of: path).map { SourceFile(path: path, text: $0) }
        }
    }

    /// What git keeps, or nil when git is not there to ask.
    static func tracked() -> [String]? {
        guard let pipe = popen("git -C '\(root)' ls-files 2>/dev/null", "r") else { return nil }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = fread(&chunk, 1, chunk.count, pipe)
            if got == 0 { break }
            bytes += chunk[..<got]
        }
        guard pclose(pipe) == 0 else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A target as the manifest declares it.
struct ManifestTarget: Sendable, Equatable {
    let name: String
    /// The floor, or nil for tests.
    let floor: Int?
    let dependencies: [String]
}

/// Reads the manifest's own way of writing targets.
enum Manifest {
    static func targets(in text: String) -> [ManifestTarget] {
        var found: [ManifestTarget] = []
        var floor: Int?
        for declaration in declarations(text) {
            if let number = declaration.floor {
                floor = number < 0 ? nil : number
                continue
            }
            guard let name = declaration.strings.first else { continue }
            let dependencies = Array(declaration.strings.dropFirst()) + declaration.products
            found.append(ManifestTarget(name: name, floor: floor, dependencies: dependencies))
        }
        return found
    }

    private struct Declaration {
        var floor: Int?
        var strings: [String] = []
        var products: [String] = []
    }

    /// Products are named by variables in the manifest.
    private static let products = [
        "nioCore": "NIOCore", "nioPosix": "NIOPosix", "nioEmbedded": "NIOEmbedded",
        "nioHTTP1": "NIOHTTP1", "logging": "Logging", "arguments": "ArgumentParser",
    ]

    private static func declarations(_ text: String) -> [Declaration] {
        var found: [Declaration] = []
        var isInHouse = false
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if words.hasPrefix("let floor"), let digit = words.dropFirst(9).first?.wholeNumberValue
            {
                found.append(Declaration(floor: digit))
                isInHouse = true
            } else if words.hasPrefix("let testTargets") {
                found.append(Declaration(floor: -1))
                isInHouse = false
            }
            guard isInHouse else { continue }
            let opens = ["library(", "program(", ".target(", "system("]
            if opens.contains(where: { words.hasPrefix($0) }) { found.append(Declaration()) }
            guard let last = found.indices.last, found[last].floor == nil else { continue }
            collect(line, into: &found[last])
        }
        return found
    }

    private static func collect(_ line: Substring, into declaration: inout Declaration) {
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        for (number, part) in parts.enumerated() {
            if number % 2 == 1 {
                declaration.strings.append(String(part))
                continue
            }
            for word in part.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
                if let product = products[String(word)] { declaration.products.append(product) }
            }
        }
    }
}
