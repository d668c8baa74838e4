// The size of a terminal.

import CPlatform

/// How large a terminal is.
public enum TerminalSize {
    /// The columns of the terminal behind a descriptor, or nil when it is none.
    public static func columns(of descriptor: Int32) -> Int? {
        let columns = Int(cplatform_terminal_columns(descriptor))
        return columns > 0 ? columns : nil
    }
}
