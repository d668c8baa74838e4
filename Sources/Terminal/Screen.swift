// Where the program writes, and what can be shown there.

import Glibc
import Platform
import Primitives

/// An output and its abilities.
public struct Screen: Sendable {
    /// Whether a person looks at it.
    public let isTerminal: Bool
    /// Whether colours may be used: on a terminal, unless `NO_COLOR` is set.
    public let hasColour: Bool
    /// How many columns fit in a line.
    public let columns: Int
    private let sink: @Sendable (String) -> Void

    /// The width that is assumed where there is no terminal.
    public static let defaultColumns = 80

    /// An output with given abilities; for tests, or to write elsewhere.
    public init(
        isTerminal: Bool, hasColour: Bool, columns: Int = Screen.defaultColumns,
        _ sink: @escaping @Sendable (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.hasColour = hasColour
        self.columns = columns
        self.sink = sink
    }

    /// Standard output.
    public static func standardOutput() -> Screen { Screen(descriptor: STDOUT_FILENO) }

    /// Standard error.
    public static func standardError() -> Screen { Screen(descriptor: STDERR_FILENO) }

    private init(descriptor: Int32) {
        let isTerminal = isatty(descriptor) == 1
        // no-color.org: any value but the empty one.
        let isPlain = Environment.value("NO_COLOR")?.isEmpty == false
        let isDumb = Environment.value("TERM") == "dumb"
        self.init(
            isTerminal: isTerminal && !isDumb, hasColour: isTerminal && !isPlain && !isDumb,
            columns: TerminalDevice.columns(of: descriptor) ?? Screen.defaultColumns
        ) { text in
            TerminalDevice.write(text, to: descriptor)
        }
    }

    /// Writes text as it is.
    public func write(_ text: String) { sink(text) }

    /// Writes a line.
    public func line(_ text: String = "") { sink(text + "\n") }

    /// Text in a style, where styles can be shown.
    public func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// How text can look.
    public enum Style: Int, Sendable {
        /// Heavier.
        case bold = 1
        /// Weaker.
        case dim = 2
        /// What failed.
        case red = 31
        /// What is well.
        case green = 32
        /// What needs a look.
        case yellow = 33
    }

    /// Text from elsewhere with control characters made visible, so that it cannot move the cursor,
    /// change colours or forge lines.
    public static func sanitized(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                || (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
            if isControl {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// How many columns a text takes: letters of East Asia take two, combining marks none.
    public static func width(of text: String) -> Int {
        text.reduce(0) { $0 + width(of: $1) }
    }

    private static func width(of character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.value {
        case 0..<0x20, 0x7F..<0xA0, 0x300..<0x370, 0x200B...0x200F, 0xFE00...0xFE0F: return 0
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
