// One side of one HTTP/2 connection: bytes in, events out; answers in, bytes out.
//
// No sockets, no event loop, no clock: a plain object driven by its owner, so that a test can join
// two of them. nghttp2 forbids sending and receiving from inside its callbacks; here the callbacks
// only record events, which the owner takes when `receive` has returned.

import CNGHTTP2
import NIOCore
import Primitives

/// A server's or a client's side of an HTTP/2 connection.
final class HTTP2Session {
    /// The part this side plays.
    enum Role { case server, client }

    /// Why a stream ends before its time (RFC 9113, section 7).
    enum ResetReason: UInt32 {
        case none = 0
        case refused = 7
        case cancel = 8
    }

    /// What the owner has to act on.
    enum Event {
        /// Server: a request is complete.
        case request(HTTP2Stream)
        /// Server: a request broke a limit and is to be answered with this status.
        case refused(HTTP2Stream, status: Int)
        /// Client: the final response header is here.
        case head(HTTP2Stream)
        /// Client: bytes of the body.
        case data(HTTP2Stream, [UInt8])
        /// Client: the response is complete.
        case ended(HTTP2Stream)
        /// The stream is gone, with nghttp2's error code.
        case closed(HTTP2Stream, code: UInt32)
        /// The other side has announced its settings.
        case settings
        /// The other side takes no new streams.
        case goAway
    }

    /// How many bytes a stream may have under way before its receiver has taken them.
    static let streamWindow: UInt32 = 256 << 10
    private static let connectionWindow: Int32 = 8 << 20

    let role: Role
    let limits: HTTPLimits
    private(set) var streams: [Int32: HTTP2Stream] = [:]
    /// Counts the owner's ticks; deadlines are differences of it.
    private(set) var clock: UInt32 = 0
    var raw: OpaquePointer?
    var events: [Event] = []
    var scratch: [UInt8] = []
    /// Falls with each stream this side has to reset, rises with each that ends well: whoever makes
    /// us reset more than it lets us answer is turned away. (Resets received have nghttp2's limit.)
    private var goodwill = 256

    init(_ role: Role, limits: HTTPLimits) throws(Refusal) {
        self.role = role
        self.limits = limits
        guard let callbacks = HTTP2Callbacks.shared else {
            throw Refusal("transport.http2", "nghttp2 has no memory for its callbacks")
        }
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0 else {
            throw Refusal("transport.http2", "nghttp2 has no memory for its options")
        }
        defer { nghttp2_option_del(options) }
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_stream_reset_rate_limit(
            options, limits.resetBurst, limits.resetsPerSecond)
        let me = Unmanaged.passUnretained(self).toOpaque()
        let code =
            role == .server
            ? nghttp2_session_server_new2(&raw, callbacks.raw, me, options)
            : nghttp2_session_client_new2(&raw, callbacks.raw, me, options)
        try check(code)
        try announceSettings()
    }

    deinit { nghttp2_session_del(raw) }

    private func announceSettings() throws(Refusal) {
        func entry(_ id: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
        }
        var settings = [
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2Session.streamWindow),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: limits.headerBytes)),
        ]
        if role == .server {
            settings.append(
                entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams))
        } else {
            settings.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        }
        try check(nghttp2_submit_settings(raw, noFlags, &settings, settings.count))
        try check(
            nghttp2_session_set_local_window_size(raw, noFlags, 0, HTTP2Session.connectionWindow))
    }

    // MARK: Driving

    /// Takes bytes from the other side, and records what they mean.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(Refusal) {
        guard let start = bytes.baseAddress else { return }
        let taken = nghttp2_session_mem_recv(
            raw, start.assumingMemoryBound(to: UInt8.self), bytes.count)
        if taken < 0 { throw HTTP2Session.refusal(Int32(taken)) }
    }

    /// What happened since the last call.
    func takeEvents() -> [Event] {
        guard !events.isEmpty else { return [] }
        let taken = events
        events = []
        return taken
    }

    /// Appends bytes for the other side to `out`, up to about `limit` of them; false when there
    /// are no more.
    func send(into out: inout ByteBuffer, limit: Int) throws(Refusal) -> Bool {
        while out.readableBytes < limit {
            var start: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(raw, &start)
            if count < 0 { throw HTTP2Session.refusal(Int32(count)) }
            guard count > 0, let start else { return false }
            out.writeBytes(UnsafeRawBufferPointer(start: start, count: count))
        }
        return true
    }

    /// True once neither side has anything more to say.
    var isFinished: Bool {
        goodwill < 0
            || nghttp2_session_want_read(raw) == 0 && nghttp2_session_want_write(raw) == 0
    }

    /// Whether bytes for the other side are ready.
    var wantsToSend: Bool { nghttp2_session_want_write(raw) != 0 }

    /// Moves the clock, and gives up on streams that are too slow: requests that do not arrive,
    /// responses that are not read.
    func tick() {
        clock &+= 1
        let (request, stall) = (
            limits.ticks(limits.requestTimeout), limits.ticks(limits.stallTimeout)
        )
        for stream in streams.values {
            let isStalled = stream.hasUnsentBytes && clock &- stream.progressAt > stall
            if isStalled || role == .server && isTooSlow(stream, request) {
                reset(stream, .cancel)
            } else if isRefusedForGood(stream) {
                reset(stream, .none)
            }
        }
    }

    /// A request that was refused half-way has had its answer for a while. Its window stays shut
    /// meanwhile; resetting it together with the answer makes some clients overlook the answer.
    private func isRefusedForGood(_ stream: HTTP2Stream) -> Bool {
        stream.refusedWith != nil && stream.isAnswered && !stream.isReceived
            && clock &- stream.progressAt > limits.ticks(.seconds(2))
    }

    private func isTooSlow(_ stream: HTTP2Stream, _ allowance: UInt32) -> Bool {
        guard !stream.isReceived else { return false }
        let earned = limits.ticks(
            .milliseconds(stream.bodyBytes * 1000 / max(1, limits.bodyBytesPerSecond)))
        return clock &- stream.openedAt > allowance &+ earned
    }

    // MARK: Streams

    /// Begins to keep a stream.
    func open(_ id: Int32) -> HTTP2Stream {
        let stream = HTTP2Stream(id: id, openedAt: clock)
        streams[id] = stream
        nghttp2_session_set_stream_user_data(
            raw, id, Unmanaged.passUnretained(stream).toOpaque())
        return stream
    }

    /// The stream of this number, if it is still open.
    func stream(_ id: Int32) -> HTTP2Stream? {
        nghttp2_session_get_stream_user_data(raw, id).map {
            Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// Forgets a stream that has closed, and says so if anybody was still at work on it.
    func forget(_ id: Int32, code: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        stream.isGone = true
        if case .pipe(let pipe) = stream.source { pipe.abandon() }
        let isClean = code == NGHTTP2_NO_ERROR.rawValue
        if isClean { goodwill = min(1024, goodwill + 1) }
        if role == .client || !isClean || !stream.isAnswered {
            events.append(.closed(stream, code: code))
        }
    }

    /// A stream was reset by this side.
    func noteReset() { goodwill -= 1 }

    /// Ends a stream at once.
    func reset(_ stream: HTTP2Stream, _ reason: ResetReason) {
        nghttp2_submit_rst_stream(raw, noFlags, stream.id, reason.rawValue)
    }

    /// More bytes of this stream's outgoing body are ready.
    func resume(_ id: Int32) {
        guard let stream = stream(id) else { return }
        stream.progressAt = clock
        nghttp2_session_resume_data(raw, id)
    }

    /// The receiver has taken bytes of this stream: the other side may send as many more.
    func consume(_ id: Int32, _ count: Int) {
        guard streams[id] != nil else { return }
        nghttp2_session_consume_stream(raw, id, count)
    }

    /// Says that no new streams are taken; those open go on.
    func goAway() {
        let last = nghttp2_session_get_last_proc_stream_id(raw)
        nghttp2_submit_goaway(raw, noFlags, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }

    /// How many streams the other side takes at once.
    var remoteStreamLimit: Int {
        Int(
            nghttp2_session_get_remote_settings(raw, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Whether new requests may still be made on this connection.
    var takesRequests: Bool { nghttp2_session_check_request_allowed(raw) != 0 }

    // MARK: Errors

    static func refusal(_ code: Int32) -> Refusal {
        Refusal("transport.protocol", "HTTP/2: \(String(cString: nghttp2_strerror(code)))")
    }

    func check(_ code: Int32) throws(Refusal) {
        if code < 0 { throw HTTP2Session.refusal(code) }
    }
}

/// nghttp2's "no flags", as the type its functions take.
let noFlags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
