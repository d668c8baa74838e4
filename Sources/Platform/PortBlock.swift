// Ports of the loopback interface that nobody uses, kept for one process while it wants them.
//
// Looking for a free port and using it later leaves a gap in which another process can take it. A
// block closes that gap among all who ask here: it keeps each port bound at an address of 127/8
// that nobody serves, so that whoever asks for the same port is refused there, while a server at
// 127.0.0.1 can still have it. Against others it looks once, by binding.

import Glibc
public import Primitives

/// Free ports in a row at 127.0.0.1; given back with the last reference.
public final class PortBlock: Sendable {
    /// The first port.
    public let first: Int
    /// How many there are.
    public let count: Int
    private let holds: [FileDescriptor]

    /// Where ports are looked for: above those that need privileges, and below those from which
    /// the system takes ports for outgoing connections (32768 on), which come and go by themselves.
    public static let range = 1024..<32_768

    /// Finds `count` free ports in a row: those from `start` on, or else the next ones above,
    /// and from the lowest again.
    ///
    /// Throws `system.no-port` when there are none.
    public init(_ count: Int, startingAt start: Int) throws(Refusal) {
        let places = max(1, PortBlock.range.count / max(1, count))
        let origin = max(0, start - PortBlock.range.lowerBound)
        for step in 0..<places {
            let offset = (origin + step * count) % PortBlock.range.count
            let candidate = PortBlock.range.lowerBound + offset
            guard candidate + count <= PortBlock.range.upperBound,
                let holds = PortBlock.hold(candidate..<candidate + count)
            else { continue }
            first = candidate
            self.count = count
            self.holds = holds
            return
        }
        throw Refusal("system.no-port", "there are no \(count) free ports in a row on 127.0.0.1")
    }

    /// Whether a server could have this port of 127.0.0.1 now.
    public static func isFree(_ port: Int) -> Bool {
        if case .taken = bind(port, at: serving) { return false }
        return true
    }

    private enum Attempt {
        case bound(FileDescriptor)
        case taken
        /// The system has no such address, or no socket for us: nothing is known.
        case unknown
    }

    private static let serving: UInt32 = 0x7F00_0001
    private static let holding: UInt32 = 0x7F07_0707

    private static func hold(_ ports: Range<Int>) -> [FileDescriptor]? {
        var holds: [FileDescriptor] = []
        for port in ports {
            switch bind(port, at: holding) {
            case .bound(let descriptor): holds.append(descriptor)
            case .taken: return nil
            case .unknown: break
            }
            guard isFree(port) else { return nil }
        }
        return holds
    }

    private static func bind(_ port: Int, at host: UInt32) -> Attempt {
        guard let port = UInt16(exactly: port) else { return .taken }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(AF_INET, kind, 0)
        guard number >= 0 else { return .unknown }
        let descriptor = FileDescriptor(owning: number, path: "port \(port)")
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(host).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { return .bound(descriptor) }
        return errno == EADDRINUSE || errno == EACCES ? .taken : .unknown
    }
}
