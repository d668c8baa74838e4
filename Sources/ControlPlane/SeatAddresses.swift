// Where seats are reached: read strictly since a level of the log, loosely before.

import Primitives

extension SeatRules {
    /// Since which level of the log addresses are read strictly, and may be IPv6; see
    /// `FeatureLevel`.
    static let strictAddressLevel: UInt64 = 4

    /// Refuses what is no `host:port`; see `HostPort`.
    static func checkAddress(_ text: String, in state: any StateReader) throws(Refusal) {
        guard FeatureLevel.current(in: state) < strictAddressLevel else {
            _ = try HostPort(text)
            return
        }
        guard isLooseAddress(text) else {
            throw Refusal("address.malformed", "what is expected is `host:port`")
        }
    }

    /// Refuses a claim whose addresses nobody could call (`members.address`).
    static func checkAddresses(_ claim: SeatClaim, in state: any StateReader) throws(Refusal) {
        do throws(Refusal) {
            guard FeatureLevel.current(in: state) < strictAddressLevel else {
                _ = try HostPort(claim.peerAddress)
                _ = try HostPort(origin: claim.clientOrigin)
                return
            }
            let scheme = ["http://", "https://"].first { claim.clientOrigin.hasPrefix($0) }
            guard isLooseAddress(claim.peerAddress), let scheme,
                isLooseAddress(String(claim.clientOrigin.dropFirst(scheme.count)))
            else {
                throw Refusal(
                    "address.malformed",
                    "a seat's address is `host:port`, and clients reach it at `http://host:port`")
            }
        } catch {
            throw Refusal("members.address", error.message)
        }
    }

    /// What logs of earlier levels took for an address.
    private static func isLooseAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && UInt16(parts[1]).map { $0 > 0 } == true
    }
}
