// Arguments that are more than text.

public import ArgumentParser
import Governance
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

/// A proposal's kind as an argument.
struct KindWord: ExpressibleByArgument {
    let kind: ProposalKind

    init?(argument: String) {
        guard let kind = ProposalKind(word: argument) else { return nil }
        self.kind = kind
    }

    static var allValueStrings: [String] { ProposalKind.allCases.map(\.word) }
}

/// A proposal's status as an argument: the word that lists show.
struct StatusWord: ExpressibleByArgument {
    let word: String

    init?(argument: String) {
        guard Self.allValueStrings.contains(argument) else { return nil }
        word = argument
    }

    static var allValueStrings: [String] { ProposalStatus.allCases.map(\.word) }
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
