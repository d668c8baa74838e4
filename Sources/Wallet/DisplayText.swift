// Text from outside, made safe to show: what a person reads must be what is signed.

/// Escaping for terminals and confirmations.
public enum DisplayText {
    /// `text` with every scalar that moves the cursor, hides, or reorders written as `\u{...}`.
    public static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar == "\\" {
                result += "\\\\"
            } else if isPlain(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return result
    }

    /// `visible` between quotation marks, cut after 80 scalars.
    public static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > 80 else { return "\"\(visible(text))\"" }
        return "\"\(visible(String(scalars.prefix(80))))...\""
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Line breaks, control and format characters (bidirectional overrides among them), and
        // what has no agreed shape.
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            false
        default:
            true
        }
    }
}
