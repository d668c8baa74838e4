// The bench route: opaque puts and reads through the whole replicated path, for comparison with
// plain key-value stores. See `BenchEntry` for the two locks before it.

import ControlPlane
import Primitives
import Transport

extension ClientAPI {
    /// Answers `POST /bench` (key and value: puts) and `POST /bench/get` (key: a linearizable
    /// read) without a task for each; leaves everything else, and without the flag these too, to
    /// the routes.
    func directResponder() -> HTTPDirectResponder? {
        guard settings.takesBenchPuts else { return nil }
        return { [member, metrics] request, answer in
            guard request.method == "POST" else { return false }
            switch request.path {
            case "/bench": ClientAPI.put(request.body, member, metrics, answer)
            case "/bench/get": ClientAPI.get(request.body, member, metrics, answer)
            default: return false
            }
            return true
        }
    }

    private static let lengths = BenchEntry.keyBytes...BenchEntry.putBytesLimit

    private static func put(
        _ body: [UInt8], _ member: ClusterMember, _ metrics: MemberMetrics,
        _ answer: @escaping @Sendable (HTTPResponse) -> Void
    ) {
        guard lengths.contains(body.count) else { return answer(.refused(wrongLength)) }
        let start = metrics.http.begin()
        member.put(body) { result in
            let response: HTTPResponse
            switch result {
            case .success: response = HTTPResponse(status: 200)
            case .failure(let refusal): response = .refused(refusal)
            }
            metrics.http.end(since: start, status: response.status)
            answer(response)
        }
    }

    private static func get(
        _ body: [UInt8], _ member: ClusterMember, _ metrics: MemberMetrics,
        _ answer: @escaping @Sendable (HTTPResponse) -> Void
    ) {
        guard body.count == BenchEntry.keyBytes else { return answer(.refused(wrongLength)) }
        let start = metrics.http.begin()
        member.get(body) { result in
            let response: HTTPResponse
            switch result {
            case .success(let value?): response = HTTPResponse(status: 200, body: .bytes(value))
            case .success(nil): response = HTTPResponse(status: 404)
            case .failure(let refusal): response = .refused(refusal)
            }
            metrics.http.end(since: start, status: response.status)
            answer(response)
        }
    }

    private static let wrongLength = Refusal(
        "request.malformed",
        "a put has a key of \(BenchEntry.keyBytes) bytes and its value, at most"
            + " \(BenchEntry.putBytesLimit) together; a read has the key")

    /// The answer to the bench route's paths when the member was started without it.
    static let benchClosed = Refusal(
        "bench.closed", "this member takes no opaque puts: it was started without --bench-route")
}
