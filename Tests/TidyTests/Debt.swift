// Faults that stood in the repository when a rule came to be tested.

/// How many faults of a kind are tolerated. These numbers only go down: whoever removes a fault
/// lowers its number, and nobody raises one.
enum Debt {
    /// Lines of more than 100 columns; nearly all are comments, which the formatter does not wrap.
    static let longLines = 9
    /// Files whose first line does not say what they are.
    static let silentFiles = 0
}
