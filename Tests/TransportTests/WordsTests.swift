import Primitives
import Testing

@testable import Transport

struct WordsTests {
    @Test func `header names match without case, values cannot break out`() {
        var headers: HTTPHeaders = ["Content-Type": "text/plain", "X": "a\r\nEvil: 1"]
        #expect(headers["content-TYPE"] == "text/plain")
        #expect(headers.fields[0].name == "content-type")
        #expect(headers["x"] == "a  Evil: 1")
        headers.add("x", "b, Close")
        #expect(headers.values("X") == ["a  Evil: 1", "b, Close"])
        #expect(headers.contains("x", token: "close"))
        #expect(!headers.contains("x", token: "clos"))
        headers["X"] = nil
        #expect(headers.fields.count == 1)
        headers.add("bad name", "1")
        #expect(headers["bad-name"] == "1")
    }

    @Test func `percent coding goes both ways`() {
        #expect(PercentCoding.decode("a%20b%2Fc+d") == "a b/c+d")
        #expect(PercentCoding.decode("a+b", plusIsBlank: true) == "a b")
        #expect(PercentCoding.decode("%e2%82%ac") == "€")
        for bad in ["%", "%1", "%zz", "%ff"] { #expect(PercentCoding.decode(bad) == nil) }
        #expect(PercentCoding.encode("a b/ü-~") == "a%20b%2F%C3%BC-~")
        var random = SplitMix64(seed: 3)
        for _ in 0..<200 {
            let text = String(decoding: random.bytes(20), as: UTF8.self)
            #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
        }
    }

    @Test func `queries and paths`() {
        let request = HTTPRequest(method: "GET", target: "/a%2Fb//c?x=1&y=%20z&x=2&bare&=&bad=%")
        #expect(request.path == "/a%2Fb//c")
        #expect(request.pathSegments == ["a/b", "c"])
        #expect(request.query["x"] == "1")
        #expect(request.query["y"] == " z")
        #expect(request.query["bare"] == "")
        #expect(request.query["bad"] == nil)
        #expect(HTTPRequest(method: "GET", target: "/%").pathSegments == nil)
        let many = String(repeating: "a=1&", count: 1000)
        #expect(HTTPQuery(parsing: many).items.count == HTTPQuery.itemLimit)
    }

    @Test func `addresses`() throws {
        let url = try HTTPURL("https://Host.example:8443/a?b#c")
        #expect(url.host == "host.example" && url.port == 8443 && url.target == "/a?b")
        #expect(url.isSecure && url.authority == "host.example:8443")
        #expect(try HTTPURL("http://[::1]:80").authority == "[::1]")
        #expect(try HTTPURL("http://h?q").target == "/?q")
        #expect(try HTTPURL("HTTP://h").description == "http://h/")
        for bad in [
            "", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://u@h/", "http://h/ ",
            "http://[::1", "http:///x", "h:80", "http://h:x",
        ] {
            #expect(throws: Refusal("transport.url", "")) { try HTTPURL(bad) }
        }
    }

    @Test func `server-sent events go both ways`() throws {
        let events = [
            ServerSentEvent(data: "one\ntwo"), ServerSentEvent(id: "7", name: "tick", data: ""),
            ServerSentEvent(id: "8\n9", name: nil, data: "three: x\r\n"),
        ]
        #expect(events[0].text == "data: one\ndata: two\n\n")
        #expect(events[1].text == "id: 7\nevent: tick\ndata: \n\n")
        let wire = Array((ServerSentEvent.keepAlive + events.map(\.text).joined()).utf8)
        var parser = ServerSentEventParser()
        var parsed: [ServerSentEvent] = []
        for byte in wire { parsed += try parser.take([byte]) }
        #expect(parsed.map(\.data) == ["one\ntwo", "", "three: x\n"])
        #expect(parsed.map(\.name) == [nil, "tick", nil])
        #expect(parsed.map(\.id) == [nil, "7", "8 9"])
        var returns = ServerSentEventParser()
        #expect(
            try returns.take(Array("data: a\r\n\r\ndata:b\r\r".utf8)).map(\.data) == ["a", "b"])
        var small = ServerSentEventParser(eventLimit: 10)
        #expect(throws: Refusal.self) { try small.take(Array("data: 123456".utf8)) }
    }

    @Test func `dates`() {
        #expect(HTTPDate.text(secondsSince1970: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.text(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(secondsSince1970: 951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(HTTPDate.text(secondsSince1970: 4_107_542_399) == "Sun, 28 Feb 2100 23:59:59 GMT")
    }

    @Test func `an identity is a function of its seed`() throws {
        let one = try identity(1)
        #expect(one.certificates == (try identity(1)).certificates)
        #expect(one.publicKey != (try identity(2)).publicKey)
        // RFC 8032, section 7.1, test 1.
        let seed = try #require(
            Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        #expect(
            try TLSIdentity(seed: seed).publicKey?.description
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect(!"\(one)".contains(Hex.encode([UInt8](repeating: 1, count: 32))))
        #expect(throws: Refusal.self) { try TLSIdentity(seed: [1, 2, 3]) }
        #expect(throws: Refusal.self) { try TLSIdentity(certificateChain: "x", privateKey: "y") }
    }
}
