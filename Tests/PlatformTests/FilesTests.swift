// Files and folders against the real file system.

import Platform
import Primitives
import Testing

@Suite struct FilesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder(prefix: "platform-tests") }

    @Test func `an atomic write replaces the contents, sets the mode and leaves nothing behind`()
        throws
    {
        let path = "\(folder.path)/secret"
        try Files.writeAtomically(path, Array("one".utf8), mode: 0o600)
        try Files.writeAtomically(path, Array("two".utf8), mode: 0o600)
        #expect(try Files.readText(path) == "two")
        #expect(try Files.information(path)?.permissions == 0o600)
        #expect(try Files.list(folder.path) == ["secret"])
    }

    @Test func `refusals name the deed, the path and the reason`() {
        let missing = #expect(throws: Refusal.self) { try Files.read("/nowhere/at/all") }
        #expect(missing?.code == "file.missing")
        #expect(missing?.message == "cannot read /nowhere/at/all: no such file or folder")
        let notFolder = #expect(throws: Refusal.self) {
            try Files.makeFolders("/etc/hostname/below")
        }
        #expect(notFolder?.code == "file.not-a-folder")
        let unnamed = #expect(throws: Refusal.self) {
            try Files.writeAtomically("\(folder.path)/no/such", [1])
        }
        #expect(unnamed?.message == "cannot write \(folder.path)/no/such: no such file or folder")
    }

    @Test func `a full and a read-only disk are told apart`() {
        let full = #expect(throws: Refusal.self) { try Files.append("/dev/full", [1]) }
        #expect(full?.code == "file.no-space")
        #expect(SystemError.refusal(30, "write to", "/x").code == "file.read-only")
        #expect(SystemError.refusal(122, "write to", "/x").code == "file.no-space")
        #expect(SystemError.refusal(13, "write to", "/x").code == "file.permission")
    }

    @Test func `reading is bounded, also where the size is not known before`() throws {
        let path = "\(folder.path)/large"
        try Files.create(path, [UInt8](repeating: 7, count: 5000))
        #expect(try Files.read(path, limit: 5000).count == 5000)
        #expect(throws: Refusal("file.too-large", "")) { try Files.read(path, limit: 4999) }
        #expect(throws: Refusal("file.too-large", "")) { try Files.read("/dev/zero", limit: 4999) }
        #expect(try !Files.read("/proc/self/stat").isEmpty)
        #expect(throws: Refusal("file.exists", "")) { try Files.create(path, [1]) }
    }

    @Test(arguments: [0o644, 0o640, 0o602] as [UInt32])
    func `a secret that others can reach is refused`(mode: UInt32) async throws {
        let path = "\(folder.path)/key-\(mode)"
        try Files.create(path, [1, 2, 3], mode: 0o600)
        #expect(try Files.readPrivate(path) == [1, 2, 3])
        let changed = try await ChildProcess.run(
            ChildCommand("chmod", [String(mode, radix: 8), path]))
        #expect(changed.isSuccess)
        #expect(throws: Refusal("file.not-private", "")) { try Files.readPrivate(path) }
    }

    @Test func `folders are made, walked without following links, and removed whole`() async throws
    {
        let root = "\(folder.path)/root"
        try Files.makeFolders("\(root)/a/b")
        try Files.makeFolders("\(root)/a/b")
        try Files.append("\(root)/a/b/file", [1])
        try Files.append("\(root)/a/b/file", [2, 3])
        try Files.append("\(root)/top", [4])
        try Files.append("\(folder.path)/outside", [5])
        let linked = try await ChildProcess.run(
            ChildCommand("ln", ["-s", folder.path, "\(root)/link"]))
        #expect(linked.isSuccess)
        #expect(
            try Files.walk(root) == [
                Files.Entry(path: "a/b/file", size: 3), Files.Entry(path: "top", size: 1),
            ])
        #expect(throws: Refusal("file.too-large", "")) { try Files.walk(root, limit: 1) }
        try Files.removeTree(root)
        try Files.removeTree(root)
        #expect(!Files.exists(root))
        #expect(Files.exists("\(folder.path)/outside"))
    }

    @Test func `a data folder has one owner, and the second is told who`() throws {
        let held = try FileLock.claim(dataFolder: folder.path)
        let refused = #expect(throws: Refusal.self) {
            try FileLock.claim(dataFolder: folder.path)
        }
        #expect(refused?.code == "node.already-running")
        #expect(refused?.message.contains("(process ") == true)
        withExtendedLifetime(held) {}
    }

    @Test func `a released lock can be taken again`() throws {
        do { _ = try FileLock.acquire("\(folder.path)/lock") }
        _ = try FileLock.acquire("\(folder.path)/lock")
    }

    @Test func `a temporary folder goes with its last reference`() throws {
        let path = try {
            let short = try TemporaryFolder()
            try Files.append("\(short.path)/file", [1])
            return short.path
        }()
        #expect(!Files.exists(path))
    }

    @Test func `parts of a path`() {
        #expect(Files.parent(of: "/a/b") == "/a")
        #expect(Files.parent(of: "/a") == "/")
        #expect(Files.parent(of: "a") == ".")
        #expect(Files.name(of: "/a/b") == "b")
        #expect(Files.name(of: "b") == "b")
    }
}
