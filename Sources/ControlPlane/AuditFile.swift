// A copy of the log to audit: the genesis, every entry, and a signed head, in one file.

public import Primitives

/// A log copied for audit.
public struct AuditFile: Sendable {
    /// The deployment.
    public var genesis: [UInt8]
    /// The canonical bytes of every entry, in order.
    public var entries: [[UInt8]]
    /// The signed head, a C2SP checkpoint.
    public var checkpoint: String

    private static let magic = Array("althing-audit/1\n".utf8)

    /// Gathers a copy.
    public init(genesis: [UInt8], entries: [[UInt8]], checkpoint: String) {
        self.genesis = genesis
        self.entries = entries
        self.checkpoint = checkpoint
    }

    /// The file's bytes.
    public var bytes: [UInt8] {
        var encoder = BinaryEncoder()
        encoder.raw(AuditFile.magic)
        encoder.data(genesis)
        encoder.text(checkpoint)
        for entry in entries { encoder.data(entry) }
        return encoder.bytes
    }

    /// Reads a file. An entry whose frame is broken is kept as it is, with everything after it, so
    /// that the audit can name it.
    ///
    /// Throws `audit.malformed` when there is no genesis or no checkpoint to audit against.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        guard bytes.starts(with: AuditFile.magic) else {
            throw Refusal("audit.malformed", "this is not an audit file of version 1")
        }
        var decoder = BinaryDecoder(Array(bytes.dropFirst(AuditFile.magic.count)))
        do throws(Refusal) {
            genesis = try decoder.data()
            checkpoint = try decoder.text(limit: 1 << 20)
        } catch {
            throw Refusal("audit.malformed", "the head of the file is broken: \(error.message)")
        }
        entries = []
        while !decoder.isAtEnd {
            var attempt = decoder
            do throws(Refusal) {
                entries.append(try attempt.data())
                decoder = attempt
            } catch {
                let rest = decoder.remaining
                entries.append((try? decoder.raw(rest)) ?? [])
            }
        }
    }
}
