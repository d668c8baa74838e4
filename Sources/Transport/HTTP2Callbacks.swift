// nghttp2's callbacks: they record what a session received, and read out bodies to send.

import CNGHTTP2

/// The callback table, the same for every session.
///
/// Unchecked because the pointer is opaque: the table is filled once, before it is published, and
/// nghttp2 only reads it (each session copies it).
struct HTTP2Callbacks: @unchecked Sendable {
    let raw: OpaquePointer

    static let shared: HTTP2Callbacks? = {
        var made: OpaquePointer?
        guard nghttp2_session_callbacks_new(&made) == 0, let raw = made else { return nil }
        nghttp2_session_callbacks_set_on_begin_headers_callback(raw, onBeginHeaders)
        nghttp2_session_callbacks_set_on_header_callback(raw, onHeader)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, onData)
        nghttp2_session_callbacks_set_on_frame_recv_callback(raw, onFrame)
        nghttp2_session_callbacks_set_on_frame_send_callback(raw, onFrameSent)
        nghttp2_session_callbacks_set_on_frame_not_send_callback(raw, onFrameNotSent)
        nghttp2_session_callbacks_set_on_stream_close_callback(raw, onClose)
        return HTTP2Callbacks(raw: raw)
    }()
}

private func session(_ user: UnsafeMutableRawPointer?) -> HTTP2Session? {
    user.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

private let onBeginHeaders: nghttp2_on_begin_headers_callback = { _, frame, user in
    guard let session = session(user), let frame else { return 0 }
    if session.role == .server, frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
        _ = session.open(frame.pointee.hd.stream_id)
    }
    return 0
}

private let onHeader: nghttp2_on_header_callback = {
    _, frame, name, nameLength, value, valueLength, _, user in
    guard let session = session(user), let frame,
        let stream = session.stream(frame.pointee.hd.stream_id)
    else { return 0 }
    session.take(
        name: UnsafeBufferPointer(start: name, count: nameLength),
        value: UnsafeBufferPointer(start: value, count: valueLength), on: stream)
    return 0
}

private let onData: nghttp2_on_data_chunk_recv_callback = { raw, _, id, start, count, user in
    guard let session = session(user) else { return 0 }
    // The connection's window opens at once, whoever is slow: each stream has a window of its own.
    nghttp2_session_consume_connection(raw, count)
    if let stream = session.stream(id) {
        session.take(UnsafeBufferPointer(start: start, count: count), on: stream)
    }
    return 0
}

private let onFrame: nghttp2_on_frame_recv_callback = { _, frame, user in
    guard let session = session(user), let frame else { return 0 }
    let head = frame.pointee.hd
    switch UInt32(head.type) {
    case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
        guard let stream = session.stream(head.stream_id) else { return 0 }
        let isLast = head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        session.frameIsWhole(
            isHeaders: UInt32(head.type) == NGHTTP2_HEADERS.rawValue, isLast: isLast, on: stream)
    case NGHTTP2_SETTINGS.rawValue:
        if head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { session.events.append(.settings) }
    case NGHTTP2_GOAWAY.rawValue: session.events.append(.goAway)
    default: break
    }
    return 0
}

private let onFrameSent: nghttp2_on_frame_send_callback = { _, frame, user in
    if let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_RST_STREAM.rawValue,
        frame.pointee.rst_stream.error_code != NGHTTP2_NO_ERROR.rawValue
    {
        session(user)?.noteReset()
    }
    return 0
}

private let onFrameNotSent: nghttp2_on_frame_not_send_callback = { _, frame, _, user in
    // A request that was still queued when the other side said that it takes no more.
    guard let session = session(user), let frame, session.role == .client,
        UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue
    else { return 0 }
    session.forget(frame.pointee.hd.stream_id, code: NGHTTP2_REFUSED_STREAM.rawValue)
    return 0
}

private let onClose: nghttp2_on_stream_close_callback = { _, id, code, user in
    session(user)?.forget(id, code: code)
    return 0
}

/// Reads out the next bytes of a body. A pipe that is empty for now defers the stream until
/// `resume`.
let readBody: nghttp2_data_source_read_callback = { _, id, space, length, flags, _, user in
    guard let session = session(user), let stream = session.stream(id), let space, let flags else {
        return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    let room = UnsafeMutableRawBufferPointer(start: space, count: length)
    let isEnd = { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    switch stream.source {
    case .none:
        isEnd()
        return 0
    case .bytes(let bytes, let sent):
        let count = min(length, bytes.count - sent)
        bytes.withUnsafeBytes { room.copyMemory(from: .init(rebasing: $0[sent..<sent + count])) }
        stream.source = .bytes(bytes, sent: sent + count)
        stream.progressAt = session.clock
        if sent + count == bytes.count { isEnd() }
        return count
    case .pipe(let pipe):
        switch pipe.take(into: room) {
        case .bytes(let count):
            stream.progressAt = session.clock
            return count
        case .empty: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        case .end:
            isEnd()
            return 0
        case .failed: return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
    }
}
