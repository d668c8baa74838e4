// Lengths of time in words.

/// Writes durations.
enum Durations {
    private static let units: [(name: String, milliseconds: UInt64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The two largest units: `2d 4h`, `1s 500ms`.
    static func text(milliseconds: UInt64) -> String {
        var rest = milliseconds
        var parts: [String] = []
        for unit in units where rest >= unit.milliseconds && parts.count < 2 {
            parts.append("\(rest / unit.milliseconds)\(unit.name)")
            rest %= unit.milliseconds
        }
        return parts.isEmpty ? "0s" : parts.joined(separator: " ")
    }
}
