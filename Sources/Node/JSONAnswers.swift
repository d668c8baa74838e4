// Answers of the API: JSON out, refusals with the status they deserve.

import ControlPlane
import Primitives
import Transport

extension HTTPResponse {
    /// A JSON answer.
    static func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "application/json", text: value.compact + "\n")
    }

    /// A refusal as JSON, with the status its code stands for.
    static func refused(_ refusal: Refusal, receipt: CommandReceipt? = nil) -> HTTPResponse {
        var members: [JSON.Member] = [
            JSON.Member(
                "error",
                [
                    "code": .string(refusal.code), "message": .string(refusal.message),
                    "place": refusal.place.map { .string($0) } ?? .null,
                ])
        ]
        if let receipt { members.append(JSON.Member("receipt", receipt.json)) }
        return .json(.object(members), status: status(of: refusal))
    }

    private static func status(of refusal: Refusal) -> Int {
        let exact: [String: Int] = [
            "cluster.not-leader": 421, "cluster.no-leader": 503, "cluster.timeout": 504,
            "member.stopped": 503, "session.unknown": 401, "signature.wrong-signer": 401,
            "ledger.insufficient-funds": 402, "route.unknown": 404, "route.method": 405,
            "file.no-space": 507, "file.read-only": 507, "challenge.busy": 429,
            "disk.full": 507, "cluster.overloaded": 503,
        ]
        if let status = exact[refusal.code] { return status }
        if refusal.code.hasSuffix(".unknown") || refusal.code.contains(".unknown-") { return 404 }
        for prefix in ["json.", "codec.", "yaml.", "schema.", "signature.", "request."]
        where refusal.code.hasPrefix(prefix) { return 400 }
        return 409
    }
}

extension HTTPRequest {
    /// The body as JSON; throws `json.malformed`.
    func json() throws(Refusal) -> JSON { try JSON.parse(body) }

    /// The token of `authorization: Bearer ...`.
    var bearer: String? {
        guard let value = headers["authorization"], value.hasPrefix("Bearer ") else { return nil }
        return String(value.dropFirst(7))
    }
}

extension JSON {
    /// The text under `key`; throws `request.malformed`.
    func requiredText(_ key: String) throws(Refusal) -> String {
        guard let text = self[key]?.text else {
            throw Refusal("request.malformed", "`\(key)` must be a string")
        }
        return text
    }

    /// The bytes that hexadecimal text under `key` spells; throws `request.malformed`.
    func requiredHex(_ key: String) throws(Refusal) -> [UInt8] {
        guard let bytes = Hex.decode(try requiredText(key)) else {
            throw Refusal("request.malformed", "`\(key)` must be hexadecimal")
        }
        return bytes
    }
}
