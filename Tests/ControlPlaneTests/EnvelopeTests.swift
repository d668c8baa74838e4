// What names a command, and what names the request in it.

import Cryptography
import Primitives
import Testing

@testable import ControlPlane

@Suite
struct EnvelopeTests {
    private func account(_ signature: [UInt8]) -> Envelope {
        .account(
            AccountEnvelope(
                signer: .zero, nonce: 300,
                command: .transfer(asset: "CREDIT", to: .zero, amount: Amount(5), memo: "m"),
                signature: signature))
    }

    @Test(arguments: [0, 1, 64, 65, 127, 128, 20_000])
    func `a request's name is that of the envelope without its signature`(count: Int) throws {
        let signature = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let envelope = account(signature)
        #expect(envelope.digest == SHA256.hash(envelope.encoded))
        #expect(envelope.requestDigest == SHA256.hash(account([]).encoded))
        var seed = [UInt8](repeating: 5, count: 32)
        var member = try MemberEnvelope(
            member: 2, command: .tick, genesis: .zero, seed: SecretBytes(consuming: &seed))
        member.signature = signature
        let whole = Envelope.member(member)
        member.signature = []
        #expect(whole.requestDigest == SHA256.hash(Envelope.member(member).encoded))
        #expect((whole.digest == whole.requestDigest) == (count == 0))
    }
}
