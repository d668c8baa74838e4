// The `date` header, which a server with a clock must send (RFC 9110, section 6.6.1).

import Glibc

/// The date as HTTP writes it, made at most once a second.
struct HTTPDate {
    private var second = -1
    private var made = ""

    /// The present, as `Sun, 06 Nov 1994 08:49:37 GMT`.
    mutating func now() -> String {
        let present = time(nil)
        if present != second {
            second = present
            made = HTTPDate.text(secondsSince1970: present)
        }
        return made
    }

    /// The text for a second since the start of 1970.
    static func text(secondsSince1970 seconds: Int) -> String {
        let (day, rest) = (seconds / 86_400, seconds % 86_400)
        let (year, month, dayOfMonth) = civil(daysSince1970: day)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map(twoDigits).joined(separator: ":")
        let date = "\(twoDigits(dayOfMonth)) \(months[month - 1]) \(year)"
        return "\(weekdays[day % 7]), \(date) \(clock) GMT"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Year, month and day of a day number: months are counted from March, so that the leap day
    /// is the last of its year.
    private static func civil(daysSince1970 days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
