// One machine on a page: what it proved, and the history of its challenges as a picture.

import Benchmarking
import Primitives

enum ProviderPage {
    static func html(_ agent: Address, _ provider: JSON) -> String {
        let name = WebPage.escape(provider["name"]?.text ?? "")
        var rows = ""
        for score in provider["scores"]?.elements ?? [] {
            let cells = [
                score["kernel"]?.text ?? "", ScorePlot.readable(score["rate"]?.unsigned ?? 0),
                ScorePlot.readable(score["lower_bound"]?.unsigned ?? 0),
                score["unit"]?.text ?? "", "\(score["samples"]?.unsigned ?? 0)",
                score["measured_at"]?.text ?? "",
            ]
            rows += "<tr>" + cells.map { "<td>\(WebPage.escape($0))</td>" }.joined() + "</tr>"
        }
        let points = ScorePlot.Point.all(in: provider["samples"] ?? [])
        let headings = ["kernel", "rate/s", "lower bound", "unit", "samples", "measured at"]
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <title>\(name)</title></head><body>
            <h1>\(name)</h1>
            <p>Agent \(WebPage.escape(agent.hex)), owner
            \(WebPage.escape(provider["owner"]?.text ?? "")); points
            \(provider["points"]?["headline"]?.unsigned ?? 0).</p>
            <table><tr>\(headings.map { "<th>\($0)</th>" }.joined())</tr>\(rows)</table>
            \(ScorePlot.svg(points, title: "Challenges on record"))
            </body></html>

            """
    }
}
