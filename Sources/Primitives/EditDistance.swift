// How far apart two words are: for telling somebody which word they may have meant.

/// Distances between words.
public enum EditDistance {
    /// The longest words that are compared, in bytes: nobody misspells a longer key.
    private static let lengthLimit = 64

    /// How many letters must be added, left out, replaced, or swapped with their neighbour, no
    /// letter twice, to turn one word into the other; nil for words longer than 64 bytes.
    public static func between(_ first: String, _ second: String) -> Int? {
        let (a, b) = (Array(first.utf8), Array(second.utf8))
        guard a.count <= lengthLimit, b.count <= lengthLimit else { return nil }
        var older: [Int] = []
        var previous = Array(0...b.count)
        for (row, letter) in a.enumerated() {
            var current = [row + 1]
            for (column, other) in b.enumerated() {
                var least = min(
                    previous[column + 1] + 1, current[column] + 1,
                    previous[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == b[column - 1], a[row - 1] == other {
                    least = min(least, older[column - 1] + 1)
                }
                current.append(least)
            }
            (older, previous) = (previous, current)
        }
        return previous[b.count]
    }

    /// The word of `words` that somebody who wrote `word` may have meant: the nearest, if no more
    /// than a third of it is wrong, and one letter in short words; the first of equally near ones.
    public static func nearest(to word: String, of words: [String]) -> String? {
        var best: (word: String, distance: Int)?
        for candidate in words {
            guard let distance = between(word.lowercased(), candidate.lowercased()),
                distance <= max(1, candidate.utf8.count / 3), distance < candidate.utf8.count,
                distance < best?.distance ?? .max
            else { continue }
            best = (candidate, distance)
        }
        return best?.word
    }
}
