// An operator's line to the own member: the members' port, with the seat's key on both ends.

import ControlPlane
import Cryptography
public import Primitives
import Transport

/// Asks one's own member what only its operator may ask.
public struct OperatorLine: Sendable {
    private let seat: UInt64
    let caller: PeerCaller

    /// A line to the member that `settings` describe.
    public init(_ settings: MemberSettings) throws(Refusal) {
        try self.init(settings, to: [settings.seat])
    }

    /// Lines to several members.
    init(_ settings: MemberSettings, to seats: [Seat]) throws(Refusal) {
        seat = settings.seat.id
        let client = try HTTPClient(
            HTTPClient.Configuration(
                trust: .key { key in seats.contains { $0.publicKey == key.bytes } },
                identity: try TLSIdentity(seed: settings.seed.exposed())))
        caller = PeerCaller(client: client, own: 0) { seats }
    }

    /// Closes it.
    public func close() { caller.client.close() }

    /// The body of a successful answer.
    func get(_ path: String) async throws(Refusal) -> [UInt8] { try await caller.get(seat, path) }

    /// Entries of the log from one on.
    func entries(from first: UInt64) async throws(Refusal) -> [AuditEntry] {
        let page = try JSON.parse(try await get("/api/v1/log/entries?from=\(first)&limit=512"))
        var entries: [AuditEntry] = []
        for text in page["entries"]?.elements ?? [] {
            guard let bytes = text.text.flatMap({ Hex.decode($0) }) else {
                throw Refusal("cluster.answer", "an entry of the log is not hexadecimal")
            }
            entries.append(try AuditEntry(decoding: bytes))
        }
        return entries
    }

    /// Asks for `verb`; throws the member's refusal.
    public func act(_ verb: String) async throws(Refusal) -> JSON {
        do throws(Refusal) {
            return try await act(verb, at: seat)
        } catch {
            guard error.code == "transport.unreachable" else { throw error }
            throw Refusal(
                "cluster.unreachable",
                "the member of seat \(seat) does not answer: \(error.message); is it running?")
        }
    }

    /// Asks the member of a seat.
    func act(_ verb: String, at seat: UInt64) async throws(Refusal) -> JSON {
        var request = try caller.request("POST", seat, "/peer/operator/\(verb)")
        request.responseTimeout = .seconds(60)
        return try await caller.json(request)
    }
}
