// One request on its way through a client's connection.

import NIOCore
import Primitives

/// The header of a response.
struct ClientHead: Sendable {
    let status: Int
    let headers: HTTPHeaders
}

/// What became of a request up to the response's header.
enum ExchangeOutcome: Sendable {
    case head(ClientHead)
    /// `mayRetry` is true when the server cannot have acted on the request.
    case failed(Refusal, mayRetry: Bool)
}

/// What an exchange needs of the connection it runs on.
protocol ExchangeCarrier: AnyObject {
    /// The reader has gone, or a deadline has passed.
    func cancel(_ exchange: ClientExchange)
    /// The reader has taken bytes of the body.
    func consumed(_ count: Int, by exchange: ClientExchange)
}

/// A request, and the two ends of its response; confined to the connection's event loop.
final class ClientExchange {
    let request: HTTPClientRequest
    let pipe: BodyPipe
    weak var carrier: (any ExchangeCarrier)?
    /// The HTTP/2 stream.
    var streamID: Int32 = 0
    private(set) var hasHead = false
    private(set) var isOver = false
    private let loop: any EventLoop
    private var waiter: CheckedContinuation<ExchangeOutcome, Never>?
    private let onEnd: () -> Void
    private var timer: Scheduled<Void>?
    private var wasActive = false

    /// `onEnd` is called once, when the exchange no longer occupies the connection.
    init(
        _ request: HTTPClientRequest, pipe: BodyPipe, on loop: any EventLoop,
        waiter: CheckedContinuation<ExchangeOutcome, Never>, onEnd: @escaping () -> Void
    ) {
        self.request = request
        self.pipe = pipe
        self.loop = loop
        self.waiter = waiter
        self.onEnd = onEnd
    }

    /// Starts the clock.
    func begin(on carrier: any ExchangeCarrier) {
        self.carrier = carrier
        if !pipe.push([]) { return abandon() }  // cancelled before it began
        arm(request.responseTimeout)
    }

    func receive(_ head: ClientHead) {
        guard !hasHead, !isOver else { return }
        hasHead = true
        arm(request.idleTimeout)
        waiter?.resume(returning: .head(head))
        waiter = nil
    }

    func receive(_ bytes: [UInt8]) {
        wasActive = true
        pipe.push(bytes)
    }

    func finish() {
        guard end() else { return }
        pipe.finish()
    }

    func fail(_ refusal: Refusal, mayRetry: Bool) {
        guard end() else { return }
        pipe.fail(refusal)
        waiter?.resume(returning: .failed(refusal, mayRetry: mayRetry && !hasHead))
        waiter = nil
    }

    /// The reader has taken `count` bytes; none means that it has gone.
    func readerTook(_ count: Int) {
        if count == 0 { abandon() } else { carrier?.consumed(count, by: self) }
    }

    private func abandon() {
        giveUp(Refusal("transport.cancelled", "the request was cancelled"))
    }

    private func giveUp(_ refusal: Refusal) {
        guard !isOver else { return }
        let carrier = carrier
        fail(refusal, mayRetry: false)
        carrier?.cancel(self)
    }

    private func end() -> Bool {
        guard !isOver else { return false }
        isOver = true
        timer?.cancel()
        timer = nil
        onEnd()
        return true
    }

    // MARK: Deadlines

    private func arm(_ limit: Duration?) {
        timer?.cancel()
        timer = nil
        guard let limit, !isOver else { return }
        let me = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(in: TimeAmount(limit)) { me.value.deadlinePassed(limit) }
    }

    private func deadlinePassed(_ limit: Duration) {
        // While the reader is slow, silence is not the server's fault.
        if hasHead, wasActive || pipe.hasBytes {
            wasActive = false
            return arm(limit)
        }
        giveUp(
            Refusal(
                "transport.timeout", "\(request.url.authority) did not answer within \(limit)"))
    }
}
