// Cutting a text to a number of bytes, as fields of stored records have to be.

extension String {
    /// The longest beginning that has at most `count` bytes of UTF-8 and ends between scalars.
    public func prefix(utf8 count: Int) -> String {
        guard utf8.count > count else { return self }
        var end = utf8.index(startIndex, offsetBy: Swift.max(0, count))
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil {
            end = utf8.index(before: end)
        }
        return String(self[..<end])
    }
}
