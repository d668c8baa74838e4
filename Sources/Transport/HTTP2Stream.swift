// One request and its response on an HTTP/2 connection.

/// What an HTTP/2 session keeps of one stream; confined to the session's event loop.
///
/// nghttp2 carries an unretained pointer to it; the session's table owns it.
final class HTTP2Stream {
    /// Where the bytes of an outgoing body come from.
    enum Source {
        case none
        case bytes([UInt8], sent: Int)
        case pipe(BodyPipe)
    }

    let id: Int32
    /// The session's clock when the stream opened.
    let openedAt: UInt32

    // Incoming.
    var method = ""
    var target = ""
    var status = 0
    var headers = HTTPHeaders()
    var headerBytes = 0
    var hasHead = false
    var isReceived = false
    var body: [UInt8] = []
    var bodyBytes = 0
    /// The status with which the request was refused before it was complete.
    var refusedWith: Int?

    /// The session has forgotten the stream.
    var isGone = false

    // Outgoing.
    var source = Source.none
    var isAnswered = false
    /// The session's clock when a byte of the body last went out, or the body began.
    var progressAt: UInt32 = 0

    /// The server's task that makes the response, to be cancelled if the client goes.
    var task: Task<Void, Never>?
    /// The client's side of a request.
    var exchange: ClientExchange?

    init(id: Int32, openedAt: UInt32) {
        self.id = id
        self.openedAt = openedAt
    }

    /// Whether bytes of the body wait to be sent.
    var hasUnsentBytes: Bool {
        switch source {
        case .none: false
        case .bytes(let bytes, let sent): sent < bytes.count
        case .pipe(let pipe): pipe.hasBytes
        }
    }

    /// The request, moved out.
    func takeRequest(peer: PinnedKey?, remoteAddress: String) -> HTTPRequest {
        let request = HTTPRequest(
            method: method, target: target, headers: headers, body: body, peer: peer,
            remoteAddress: remoteAddress)
        headers = HTTPHeaders()
        body = []
        return request
    }
}
