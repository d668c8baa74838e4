// What tasks read is what was named, whatever the member sends and the disk makes of it.

import Cryptography
import Platform
import Primitives
import Testing

@testable import Provider

@Suite(.timeLimit(.minutes(1))) struct ObjectCacheTests {
    @Test func `an object is fetched once, and again when it rotted`() async throws {
        let member = try RecordedMember()
        let bytes = Array("weights".utf8)
        let digest = member.hold(bytes)
        try await member.serve { client in
            let folder = try TemporaryFolder(prefix: "althing-cache")
            let cache = try ObjectCache(folder: "\(folder.path)/objects", client: client)
            let path = try await cache.path(digest)
            #expect(try Files.read(path) == bytes)
            #expect(try await cache.path(digest) == path)
            #expect(member.fetches(of: digest) == 1)
            try Files.writeAtomically(path, Array("weighty".utf8))
            #expect(try Files.read(try await cache.path(digest)) == bytes)
            #expect(member.fetches(of: digest) == 2)
        }
    }

    @Test func `other bytes than the named ones are not kept`() async throws {
        let member = try RecordedMember()
        let wanted = SHA256.hash(Array("this".utf8))
        member.hold(Array("that".utf8), as: wanted)
        try await member.serve { client in
            let folder = try TemporaryFolder(prefix: "althing-cache")
            let cache = try ObjectCache(folder: folder.path, client: client)
            let found = await #expect(throws: Refusal.self) { try await cache.path(wanted) }
            #expect(found?.code == "object.digest")
            let none = SHA256.hash(Array("nobody's".utf8))
            let unknown = await #expect(throws: Refusal.self) { try await cache.path(none) }
            #expect(unknown?.code == "object.unknown")
            #expect(try Files.list(folder.path).isEmpty)
        }
    }

    @Test func `no more than 64 are kept, and the last one is among them`() async throws {
        let member = try RecordedMember()
        try await member.serve { client in
            let folder = try TemporaryFolder(prefix: "althing-cache")
            let cache = try ObjectCache(folder: folder.path, client: client)
            for number in 0..<70 {
                let path = try await cache.path(member.hold(Array("object \(number)".utf8)))
                #expect(Files.exists(path))
            }
            #expect(try Files.list(folder.path).count == 64)
        }
    }
}
