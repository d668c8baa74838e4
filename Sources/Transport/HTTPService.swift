// What every server connection shares: the responder, the limits, and how one answer is made.

import NIOCore
import Primitives

/// The part of a server that its connections use.
struct HTTPService: Sendable {
    let responder: HTTPResponder
    let direct: HTTPDirectResponder?
    let startsOnLoop: Bool
    let limits: HTTPLimits

    /// Runs the responder and then, for a streamed body, its producer.
    ///
    /// With `startsOnLoop` the task starts at once on the caller's event loop: a responder that
    /// does not suspend has delivered its answer, through `deliver`, before this returns. `deliver`
    /// and `onReadable` are called on the loop. Nil when the request was answered, or will be,
    /// without a task.
    func start(
        _ request: HTTPRequest, on loop: any EventLoop,
        deliver: @escaping @Sendable (HTTPResponse, BodyPipe?) -> Void,
        onReadable: @escaping @Sendable () -> Void
    ) -> Task<Void, Never>? {
        if let direct {
            let isTaken = direct(request) { response in
                loop.runNowOrSoon { deliver(response, nil) }
            }
            if isTaken { return nil }
        }
        let work = { @Sendable [responder] () async -> Void in
            let response = await responder(request)
            guard case .stream(let produce) = response.body else {
                return loop.runNowOrSoon { deliver(response, nil) }
            }
            let pipe = BodyPipe(onReadable: { loop.execute(onReadable) })
            loop.runNowOrSoon { deliver(response, pipe) }
            do throws(Refusal) {
                try await produce(HTTPBodyWriter(pipe: pipe))
                pipe.finish()
            } catch {
                pipe.fail(error)
            }
        }
        return startsOnLoop ? Task.immediate { await work() } : Task { await work() }
    }
}

extension EventLoop {
    /// Runs `work` now if this is the loop's thread, else as soon as the loop gets to it.
    func runNowOrSoon(_ work: @escaping @Sendable () -> Void) {
        if inEventLoop { work() } else { execute(work) }
    }
}

extension ChannelHandlerContext {
    /// Closes the channel when what was written before has reached the socket; a plain close would
    /// throw away what has not.
    func closeWhenSent() {
        let channel = channel
        let sent = eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
        writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
    }
}

/// Asks a connection to finish what it has begun and close; fired down from the server.
struct DrainRequested: Sendable {}

/// The address without the port, as people write it.
func plainAddress(_ address: SocketAddress?) -> String { address?.ipAddress ?? "" }
