// Ports: found by binding, kept from others who ask, given back.

import Glibc
import Primitives
import Testing

@testable import Platform

@Suite struct PortBlockTests {
    /// A socket that listens at 127.0.0.1, or nil where the port is taken.
    private func listener(_ port: Int) -> FileDescriptor? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let descriptor = FileDescriptor(owning: number, path: "a listener")
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 && listen(number, 1) == 0 ? descriptor : nil
    }

    @Test func `two blocks share no port, and a server can have each`() throws {
        let first = try PortBlock(3, startingAt: 21_000)
        let second = try PortBlock(3, startingAt: first.first)
        #expect(second.first >= first.first + 3)
        for port in first.first..<first.first + 3 {
            #expect(PortBlock.isFree(port))
            let server = listener(port)
            #expect(server != nil)
            #expect(!PortBlock.isFree(port))
            withExtendedLifetime(server) {}
        }
    }

    @Test func `a port that somebody serves is passed over`() throws {
        let probe = try PortBlock(2, startingAt: 22_000).first
        let server = try #require(listener(probe + 1))
        let block = try PortBlock(2, startingAt: probe)
        #expect(block.first > probe + 1)
        withExtendedLifetime((server, block)) {}
    }

    @Test func `what is given back can be had again`() throws {
        let first = try PortBlock(4, startingAt: 23_000).first
        #expect(try PortBlock(4, startingAt: first).first == first)
    }

    @Test func `the search goes round, and stays below the system's own ports`() throws {
        let block = try PortBlock(10, startingAt: 32_765)
        #expect(block.first >= 1024 && block.first + 10 <= 32_768)
        #expect(throws: Refusal("system.no-port", "")) { try PortBlock(40_000, startingAt: 1024) }
    }
}
