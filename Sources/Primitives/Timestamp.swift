// A point in time as the log stamps it. Nothing below floor 3 asks what time it is.

/// Milliseconds since 1970-01-01T00:00:00Z, as stamped by the leader into a log entry.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Milliseconds since the Unix epoch.
    public let milliseconds: UInt64

    /// 1970-01-01T00:00:00Z.
    public static let zero = Timestamp(milliseconds: 0)

    /// Makes a point in time.
    public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    /// This time moved by `milliseconds`, held at the ends of the range.
    public func advanced(by milliseconds: UInt64) -> Timestamp {
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Timestamp(milliseconds: overflow ? .max : sum)
    }

    /// Milliseconds from `earlier` to this, zero when `earlier` is later.
    public func since(_ earlier: Timestamp) -> UInt64 {
        milliseconds > earlier.milliseconds ? milliseconds - earlier.milliseconds : 0
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-21T02:34:00.000Z`.
    public var description: String {
        let days = milliseconds / 86_400_000
        let rest = milliseconds % 86_400_000
        let date = Timestamp.civil(fromDays: days)
        func pad(_ value: UInt64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: Swift.max(0, width - text.count)) + text
        }
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T"
            + "\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):"
            + "\(pad(rest / 1000 % 60, 2)).\(pad(rest % 1000, 3))Z"
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The proleptic Gregorian date of a day number (Hinnant, "chrono-compatible low-level date
    /// algorithms", civil_from_days), for days from 1970 on.
    private static func civil(fromDays days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
