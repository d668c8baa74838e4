// Messages on a session: taking requests and responses in, putting them out.

import CNGHTTP2
import Primitives

extension HTTP2Session {
    // MARK: In

    /// Takes one header field. Pseudo-headers are told apart by their bytes, without making text.
    func take(
        name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>, on stream: HTTP2Stream
    ) {
        guard !stream.hasHead, stream.refusedWith == nil else { return }  // trailers are not kept
        stream.headerBytes += name.count + value.count + 32
        guard stream.headerBytes <= limits.headerBytes else {
            if role == .server { refuse(stream, 431) } else { reset(stream, .cancel) }
            return
        }
        let text = String(decoding: value, as: UTF8.self)
        guard name.first == UInt8(ascii: ":"), name.count > 4 else {
            return stream.headers.addDecoded(String(decoding: name, as: UTF8.self), text)
        }
        switch (name.count, name[1]) {
        case (5, UInt8(ascii: "p")): stream.target = text
        case (7, UInt8(ascii: "m")): stream.method = text
        case (7, UInt8(ascii: "s")) where name[2] == UInt8(ascii: "t"):
            stream.status = Int(text) ?? 0
        case (10, UInt8(ascii: "a")): stream.headers.addDecoded("host", text)
        default: break
        }
    }

    /// Takes bytes of a body.
    func take(_ bytes: UnsafeBufferPointer<UInt8>, on stream: HTTP2Stream) {
        stream.bodyBytes += bytes.count
        if role == .client {
            events.append(.data(stream, Array(bytes)))
            return
        }
        guard stream.refusedWith == nil else { return }
        guard stream.bodyBytes <= limits.bodyBytes else { return refuse(stream, 413) }
        stream.body.append(contentsOf: bytes)
        nghttp2_session_consume_stream(raw, stream.id, bytes.count)
    }

    /// A frame of a message has been taken in whole.
    func frameIsWhole(isHeaders: Bool, isLast: Bool, on stream: HTTP2Stream) {
        if isHeaders, !stream.hasHead { headIsWhole(stream) }
        guard isLast else { return }
        stream.isReceived = true
        if role == .client {
            events.append(.ended(stream))
        } else if stream.refusedWith == nil {
            events.append(.request(stream))
        }
    }

    private func headIsWhole(_ stream: HTTP2Stream) {
        if role == .server {
            stream.hasHead = true
            if let announced = stream.headers["content-length"].flatMap({ Int($0) }) {
                if announced > limits.bodyBytes { return refuse(stream, 413) }
                stream.body.reserveCapacity(min(announced, 1 << 20))
            }
        } else if stream.status >= 200 {
            stream.hasHead = true
            events.append(.head(stream))
        } else {
            stream.headers = HTTPHeaders()  // an interim response is not kept
        }
    }

    private func refuse(_ stream: HTTP2Stream, _ status: Int) {
        guard stream.refusedWith == nil else { return }
        stream.refusedWith = status
        stream.body = []
        stream.headers = HTTPHeaders()
        events.append(.refused(stream, status: status))
    }

    // MARK: Out

    /// Queues the answer to a request. An answer to a stream that is gone is dropped.
    func respond(
        to id: Int32, status: Int, headers: HTTPHeaders, date: String, source: HTTP2Stream.Source
    ) throws(Refusal) {
        guard let stream = stream(id), !stream.isAnswered else {
            if case .pipe(let pipe) = source { pipe.abandon() }
            return
        }
        stream.isAnswered = true
        var fields = FieldBlock(reusing: scratch)
        fields.add(":status", String(status))
        for field in headers.fields where !isOfConnection(field.name) {
            fields.add(field.name, field.value)
        }
        fields.add("date", date)
        var hasBody = !HTTPResponse.hasNoBody(status: status)
        if case .bytes(let bytes, _) = source {
            if hasBody { fields.add("content-length", String(bytes.count)) }
            hasBody = hasBody && !bytes.isEmpty
        }
        hasBody = hasBody && stream.method != "HEAD"
        if !hasBody, case .pipe(let pipe) = source { pipe.abandon() }
        stream.source = hasBody ? source : .none
        stream.progressAt = clock
        var provider = nghttp2_data_provider(source: .init(), read_callback: readBody)
        try check(
            fields.withFields { fields, count in
                withUnsafePointer(to: &provider) {
                    nghttp2_submit_response(raw, id, fields, count, hasBody ? $0 : nil)
                }
            })
        scratch = fields.takeBytes()
    }

    /// Queues a request; gives its stream.
    func request(
        method: String, scheme: String, authority: String, target: String, headers: HTTPHeaders,
        body: [UInt8]
    ) throws(Refusal) -> HTTP2Stream {
        var fields = FieldBlock(reusing: scratch)
        fields.add(":method", method)
        fields.add(":scheme", scheme)
        fields.add(":authority", authority)
        fields.add(":path", target)
        for field in headers.fields where !isOfConnection(field.name) && field.name != "host" {
            fields.add(field.name, field.value)
        }
        if !body.isEmpty { fields.add("content-length", String(body.count)) }
        var provider = nghttp2_data_provider(source: .init(), read_callback: readBody)
        let id = fields.withFields { fields, count in
            withUnsafePointer(to: &provider) {
                nghttp2_submit_request(raw, nil, fields, count, body.isEmpty ? nil : $0, nil)
            }
        }
        scratch = fields.takeBytes()
        try check(id)
        let stream = open(id)
        stream.method = method
        if !body.isEmpty { stream.source = .bytes(body, sent: 0) }
        stream.progressAt = clock
        return stream
    }

    /// Fields that speak of an HTTP/1.1 connection, which HTTP/2 forbids, and the length and date,
    /// which are set here.
    private func isOfConnection(_ name: String) -> Bool {
        switch name {
        case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
            "content-length", "date":
            true
        default: false
        }
    }
}

/// Names and values laid end to end, as nghttp2 wants to see them.
private struct FieldBlock {
    private var bytes: [UInt8]
    private var lengths: [(Int, Int)] = []

    init(reusing scratch: [UInt8]) {
        bytes = scratch
        bytes.removeAll(keepingCapacity: true)
        lengths.reserveCapacity(8)
    }

    mutating func add(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: value.utf8)
        lengths.append((name.utf8.count, value.utf8.count))
    }

    mutating func takeBytes() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    mutating func withFields(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Int32) -> Int32 {
        let lengths = lengths
        return bytes.withUnsafeMutableBufferPointer { bytes in
            guard var at = bytes.baseAddress else { return 0 }
            return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lengths.count) {
                fields in
                for (index, (name, value)) in lengths.enumerated() {
                    fields.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: at, value: at + name, namelen: name, valuelen: value,
                            flags: noFlags))
                    at += name + value
                }
                return body(fields.baseAddress, lengths.count)
            }
        }
    }
}
