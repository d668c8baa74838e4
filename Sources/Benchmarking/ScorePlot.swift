// The history of a machine's challenges as a picture: one panel a kernel, a line through the
// accepted rates, a cross where one failed. Plain SVG without scripts or fonts of its own; whole
// numbers only.

public import Primitives

/// Draws histories of rates.
public enum ScorePlot {
    /// One challenge on record.
    public struct Point: Sendable, Equatable {
        /// The kernel.
        public let kernel: String
        /// When it went on record.
        public let time: UInt64
        /// The rate, per second; zero when it failed.
        public let rate: UInt64

        /// A point.
        ///
        /// - Parameter time: in milliseconds since 1970, or in any other unit.
        public init(kernel: String, time: UInt64, rate: UInt64) {
            self.kernel = kernel
            self.time = time
            self.rate = rate
        }
    }

    private static let width: UInt64 = 720
    private static let panel: UInt64 = 120
    private static let margin: UInt64 = 16
    private static let height: UInt64 = 72

    /// The picture, for points in the order of their times.
    public static func svg(_ points: [Point], title: String) -> String {
        var kernels: [String] = []
        for point in points where !kernels.contains(point.kernel) { kernels.append(point.kernel) }
        let total = 40 + panel * UInt64(max(1, kernels.count))
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(total)\""
                + " viewBox=\"0 0 \(width) \(total)\" font-family=\"sans-serif\" font-size=\"12\">",
            "<title>\(escape(title))</title>",
            "<rect width=\"\(width)\" height=\"\(total)\" fill=\"white\"/>",
            "<text x=\"\(margin)\" y=\"24\" font-size=\"15\">\(escape(title))</text>",
        ]
        if kernels.isEmpty {
            lines.append("<text x=\"\(margin)\" y=\"64\">no challenge is on record</text>")
        }
        for (index, kernel) in kernels.enumerated() {
            lines += draw(
                points.filter { $0.kernel == kernel }, kernel, top: 40 + panel * UInt64(index))
        }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private static func draw(_ points: [Point], _ kernel: String, top: UInt64) -> [String] {
        let first = points.map(\.time).min() ?? 0
        let span = max(1, (points.map(\.time).max() ?? 0) - first)
        let most = max(1, points.map(\.rate).max() ?? 0)
        let base = top + 28 + height
        func x(_ point: Point) -> UInt64 {
            2 * margin + scaled(point.time - first, width - 4 * margin, span)
        }
        func y(_ point: Point) -> UInt64 { base - scaled(point.rate, height, most) }
        let unit = KernelRegistry.kernel(named: kernel)?.unit.rawValue ?? ""
        let accepted = points.filter { $0.rate > 0 }
        var lines = [
            "<text x=\"\(margin)\" y=\"\(top + 16)\">\(escape(kernel)): at most"
                + " \(readable(most)) \(escape(unit)), \(points.count) challenges</text>",
            "<path d=\"M\(margin) \(base)H\(width - margin)\" stroke=\"#999\"/>",
        ]
        if accepted.count > 1 {
            let path = accepted.map { "\(x($0)),\(y($0))" }.joined(separator: " ")
            lines.append(
                "<polyline points=\"\(path)\" fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"2\"/>"
            )
        }
        for point in points {
            lines.append(
                point.rate > 0
                    ? "<circle cx=\"\(x(point))\" cy=\"\(y(point))\" r=\"3\" fill=\"#1f6feb\"/>"
                    : "<path d=\"M\(x(point) - 4) \(base - 4)l8 8m0 -8l-8 8\" stroke=\"#d1242f\""
                        + " stroke-width=\"2\"/>")
        }
        return lines
    }

    private static func scaled(_ value: UInt64, _ length: UInt64, _ whole: UInt64) -> UInt64 {
        UInt64(UInt128(value) * UInt128(length) / UInt128(whole))
    }

    /// A rate with three or four digits and its prefix: `205.3 G`.
    public static func readable(_ rate: UInt64) -> String {
        let prefixes = ["", "k", "M", "G", "T", "P", "E"]
        var tenths = UInt128(rate) * 10
        var index = 0
        while tenths >= 10_000, index < prefixes.count - 1 {
            tenths /= 1000
            index += 1
        }
        guard index > 0 else { return "\(rate)" }
        return "\(tenths / 10).\(tenths % 10) \(prefixes[index])"
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}

extension ScorePlot.Point {
    /// The points of the samples that a member shows with a provider.
    public static func all(in samples: JSON) -> [ScorePlot.Point] {
        (samples.elements ?? []).enumerated().map { index, sample in
            ScorePlot.Point(
                kernel: sample["kernel"]?.text ?? "",
                time: sample["time_milliseconds"]?.unsigned ?? UInt64(index),
                rate: sample["passed"]?.flag == true ? sample["rate"]?.unsigned ?? 0 : 0)
        }
    }
}
