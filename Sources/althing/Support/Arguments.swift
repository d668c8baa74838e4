// Arguments that are more than text.

public import ArgumentParser
public import Governance
import Platform
public import Primitives
public import Provider
public import Terminal
import Wallet

extension Address: ExpressibleByArgument {
    /// Reads `0x` and 40 digits, with the right checksum where letters are mixed.
    public init?(argument: String) {
        guard let address = try? ChecksumAddress.parse(argument) else { return nil }
        self = address
    }
}

extension Digest: ExpressibleByArgument {
    /// Reads 64 hexadecimal digits, with `0x` or `sha256:` in front or not.
    public init?(argument: String) { self.init(hex: argument) }
}

extension Statement: ExpressibleByArgument {
    /// Reads a ballot's words, such as `for` or `for; approve kings`.
    public init?(argument: String) {
        guard let statement = try? Statement(words: argument) else { return nil }
        self = statement
    }
}

/// A length of time as an argument: `30s`, `15m`, `12h`, `7d`.
struct LengthOfTime: ExpressibleByArgument {
    let milliseconds: UInt64

    init?(argument: String) {
        guard let milliseconds = YAMLMapping.milliseconds(argument), milliseconds > 0 else {
            return nil
        }
        self.milliseconds = milliseconds
    }

    /// The time so far from now, by this machine's clock.
    var fromNow: Timestamp { SystemClock.now().advanced(by: milliseconds) }
}

extension OutputFormat: ExpressibleByArgument {}

extension Drill: ExpressibleByArgument {}
