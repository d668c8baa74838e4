// OpenSSL's error queue, read at once: it belongs to the thread, so nothing may suspend in between.

import COpenSSL
import Primitives

/// What OpenSSL last complained about.
enum OpenSSLError {
    /// A refusal that adds OpenSSL's words to `sentence`; empties the queue.
    static func refusal(_ code: String, _ sentence: String) -> Refusal {
        let number = ERR_peek_error()
        ERR_clear_error()
        return Refusal(code, number == 0 ? sentence : "\(sentence) (\(text(number)))")
    }

    /// The refusal for a TLS conversation that failed: a certificate that one side did not accept
    /// is told from everything else that can go wrong.
    static func conversationRefusal(_ sentence: String) -> Refusal {
        let reason = ERR_GET_REASON(ERR_peek_error())
        let isTrust = trustReasons.contains(reason)
        return refusal(isTrust ? "transport.tls-untrusted" : "transport.protocol", sentence)
    }

    private static let trustReasons: Set<Int32> = [
        SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
        SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
        SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_TLSV1_ALERT_ACCESS_DENIED,
        SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
        SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
    ]

    private static func text(_ number: UInt) -> String {
        guard let reason = ERR_reason_error_string(number) else { return "OpenSSL \(number)" }
        return String(cString: reason)
    }
}
