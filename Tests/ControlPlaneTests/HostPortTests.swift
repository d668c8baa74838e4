// Addresses of seats, read strictly.

import ControlPlane
import Primitives
import Testing

@Suite struct HostPortTests {
    @Test(arguments: [
        ("d.example:7001", "d.example", 7001), ("localhost:1", "localhost", 1),
        ("a_b-c.example:65535", "a_b-c.example", 65_535), ("192.0.2.4:80", "192.0.2.4", 80),
        ("4.example:7", "4.example", 7), ("[::1]:7001", "::1", 7001), ("[::]:1", "::", 1),
        ("[2001:DB8::4]:1", "2001:DB8::4", 1), ("[1::]:1", "1::", 1),
        ("[1:2:3:4:5:6:7:8]:1", "1:2:3:4:5:6:7:8", 1),
        ("[1:2:3:4:5:6:7::]:1", "1:2:3:4:5:6:7::", 1),
        ("[::ffff:192.0.2.4]:1", "::ffff:192.0.2.4", 1),
        ("[1:2:3:4:5:6:192.0.2.4]:1", "1:2:3:4:5:6:192.0.2.4", 1),
    ])
    func `what can be called reads`(text: String, host: String, port: Int) throws {
        let place = try HostPort(text)
        #expect(place.host == host)
        #expect(place.port == port)
        #expect(try HostPort(origin: "https://" + text) == place)
    }

    @Test(arguments: [
        "", ":", "d", "d:", ":1", "d:0", "d:65536", "d:+1", "d:-1", "d:01", "d: 1", "d:1 ", "d:1a",
        "d:123456", "a b:1", "d/x:1", "u@d:1", "d\n:1", "http://d:1", "-d:1", "d-:1", "d..e:1",
        ".d:1", "d.:1", "bücher.example:1", "256.1.1.1:1", "1.2.3:1", "1.2.3.4.5:1", "01.2.3.4:1",
        "::1:7001", "::1", "[::1]", "[::1]:", "[::1:1", "::1]:1", "[]:1", "[:]:1", "[:::]:1",
        "[1]:1", "[1:2]:1", "[1::2::3]:1", "[12345::]:1", "[g::]:1", "[fe80::1%eth0]:1",
        "[1:2:3:4:5:6:7:8:9]:1", "[1:2:3:4:5:6:7]:1", "[::1.2.3]:1", "[1.2.3.4]:1", "[d]:1",
        "[:1::2]:1", "[1::2:]:1",
    ])
    func `what cannot does not`(text: String) {
        #expect(throws: Refusal("address.malformed", "")) { try HostPort(text) }
        #expect(throws: Refusal("address.malformed", "")) { try HostPort(origin: "http://" + text) }
    }

    @Test func `the sentence names what was said, and what would be right`() {
        let found = #expect(throws: Refusal.self) {
            try HostPort("d\n" + String(repeating: "x", count: 9_000))
        }
        #expect(found?.message.utf8.count ?? 0 < 300)
        #expect(found?.message.contains("\n") == false)
        #expect(found?.message.contains("`[2001:db8::4]:7001`") == true)
        let long = [String](repeating: "abcdefg", count: 32).joined(separator: ".")
        #expect(throws: Refusal.self) { try HostPort(long + ":1") }
        #expect(throws: Refusal.self) { try HostPort(String(repeating: "a", count: 64) + ":1") }
        #expect(throws: Refusal.self) { try HostPort(origin: "d.example:7000") }
        #expect(throws: Refusal.self) { try HostPort(origin: "ftp://d.example:7000") }
    }
}
