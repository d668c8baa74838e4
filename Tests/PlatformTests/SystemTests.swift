// Clocks, entropy, checksums, environment.

import Platform
import Primitives
import Testing

@Suite struct SystemTests {
    @Test func `clocks move forward and agree on their order`() {
        let earlier = SystemClock.monotonicNanoseconds()
        #expect(SystemClock.monotonicNanoseconds() >= earlier)
        #expect(SystemClock.bootNanoseconds() >= earlier)
        // 2020-01-01: a machine whose clock is earlier than this program is not set.
        #expect(SystemClock.now() > Timestamp(milliseconds: 1_577_836_800_000))
    }

    @Test func `entropy gives as many bytes as asked, not the same twice`() throws {
        #expect(try SystemEntropy.bytes(0).isEmpty)
        #expect(try SystemEntropy.bytes(1000).count == 1000)
        #expect(try SystemEntropy.bytes(32) != SystemEntropy.bytes(32))
    }

    @Test func `CRC32C gives the published check value and RFC 3720's`() {
        #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
        #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(Checksum.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(Checksum.crc32c([]) == 0)
    }

    @Test func `CRC32C by instruction equals CRC32C by table, in one piece or two`() {
        var random = SplitMix64(seed: 7)
        for length in 0..<200 {
            let bytes = random.bytes(length)
            let whole = Checksum.crc32c(bytes)
            #expect(bytes.withUnsafeBytes { Checksum.crc32cPortable($0) } == whole)
            let cut = Int(random.next(below: UInt64(length + 1)))
            let first = Checksum.crc32c(Array(bytes[..<cut]))
            #expect(Checksum.crc32c(Array(bytes[cut...]), continuing: first) == whole)
        }
    }

    @Test func `programs are found in PATH, and our own is known`() throws {
        #expect(Environment.find(program: "sh")?.hasSuffix("/sh") == true)
        #expect(Environment.find(program: "/no/such") == nil)
        #expect(Environment.find(program: "no-such-program-anywhere") == nil)
        #expect(Files.exists(try Executable.own()))
        #expect(Environment.value("PATH") != nil)
        #expect(Environment.all().contains { $0.name == "PATH" })
    }

    @Test func `the machine has cores, memory and room`() throws {
        #expect(Machine.cores >= 1)
        #expect(Machine.memoryBytes > 1 << 20)
        #expect(Machine.residentBytes > 1 << 20)
        #expect(try Machine.freeBytes(at: "/") > 0)
        #expect(!Machine.hostName.isEmpty)
    }
}
