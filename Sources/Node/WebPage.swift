// The deployment on one page: members, proposals, providers, jobs, models, revenue. Rendered here,
// without scripts; every text of the state is escaped.

import ControlPlane
import Ledger
import Primitives

/// The page at `/`.
struct WebPage {
    private let views: Views
    private let status: MemberStatus
    private let genesis: Genesis

    static func html(_ views: Views, status: MemberStatus, genesis: Genesis) -> String {
        WebPage(views: views, status: status, genesis: genesis).document
    }

    private var document: String {
        let name = WebPage.escape(genesis.name)
        let leader = status.leader.map { "member \($0) leads" } ?? "nobody leads"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>\(name)</title><style>\(WebPage.style)</style></head><body>
            <h1>\(name)</h1>
            <p>As member \(status.member) sees it at entry \(status.appliedIndex),
            \(WebPage.time(status.now.description)) by the log's clock; \(leader).
            Genesis <code>\(genesis.digest.hex)</code></p>
            \(members)
            \(proposals)
            \(providers)
            \(jobs)
            \(models)
            \(revenue)
            <footer>Check all of this yourself: <code>althing audit watch</code>.
            The API: <a href="/api/v1/openapi.json">OpenAPI</a>,
            <a href="/log/checkpoint">the log's signed head</a>.</footer>
            </body></html>

            """
    }

    // MARK: Sections

    private var members: String {
        let rows = views.seatRoll().filter { $0.place != .removed }.map(\.seat).map { seat in
            [
                Cell("\(seat.id)"), Cell(seat.clientOrigin),
                Cell(seat.id == status.leader ? "leader" : "member"),
            ]
        }
        return section("Members", ["Seat", "Reached at", "Role"], rows)
    }

    private var proposals: String {
        let rows = (views.proposals().elements ?? []).map { proposal in
            [
                Cell(number: proposal["id"]), Cell(proposal["title"]), Cell(proposal["kind"]),
                Cell(proposal["status"], isWord: true), Cell(number: proposal["for"]),
                Cell(number: proposal["against"]), Cell(number: proposal["quorum"]),
                Cell(
                    (proposal["voting_step"]?.text ?? "") + " "
                        + WebPage.time(proposal["voting_step_at"]?.text ?? "")),
            ]
        }
        let headings = [
            "No.", "Title", "Kind", "Status", "For", "Against", "Quorum", "Voting",
        ]
        return section("Proposals", headings, rows)
    }

    private var providers: String {
        let rows = (views.providers().elements ?? []).map { provider in
            let scores = (provider["scores"]?.elements ?? []).map(WebPage.score)
            let quarantine = provider["quarantine"]?.text ?? ""
            let isDraining = provider["draining"]?.flag == true
            let state = quarantine.isEmpty ? isDraining ? "draining" : "offered" : "quarantined"
            return [
                Cell(provider["name"]), Cell(address: provider["owner"]),
                Cell(number: provider["cores"]), Cell(scores.joined(separator: ", ")),
                Cell(state, isWord: true), Cell(number: provider["verified_results"]),
                Cell(number: provider["wrong_results"]),
                Cell(money(provider["stake"]), isNumber: true),
            ]
        }
        let headings = [
            "Machine", "Owner", "Cores", "Proved", "State", "Verified", "Wrong", "Stake",
        ]
        return section("Providers", headings, rows)
    }

    private var jobs: String {
        let rows = (views.jobs().elements ?? []).map { job in
            [
                Cell(number: job["id"]), Cell(job["model"]), Cell(job["status"], isWord: true),
                Cell("\(WebPage.text(job["round"])) of \(WebPage.text(job["rounds"]))"),
                Cell(number: job["bits_per_byte_start"]),
                Cell(number: job["training_bits_per_byte"]), Cell(number: job["bits_per_byte_end"]),
                Cell(money(job["budget"]), isNumber: true),
            ]
        }
        let headings = [
            "No.", "Model", "Status", "Round", "Bits/byte before", "in training", "after", "Budget",
        ]
        return section("Jobs", headings, rows)
    }

    private var models: String {
        let rows = (views.models().elements ?? []).map { model in
            [
                Cell(model["name"]), Cell(model["status"], isWord: true),
                Cell(number: model["bits_per_byte_end"]),
                Cell(number: model["bigram_bits_per_byte"]),
                Cell(money(model["prompt_price"]), isNumber: true),
                Cell(money(model["completion_price"]), isNumber: true),
                Cell("\((model["served_by"]?.elements ?? []).count)", isNumber: true),
                Cell(String(WebPage.text(model["digest"]).prefix(23))),
            ]
        }
        let headings = [
            "Model", "Status", "Bits/byte", "Bigram", "Price in", "Price out", "Served by",
            "Digest",
        ]
        return section("Models", headings, rows)
    }

    private var revenue: String {
        let revenue = views.revenue()
        let rows = (revenue["epochs"]?.elements ?? []).reversed().map { epoch in
            [
                Cell(number: epoch["epoch"]), Cell(WebPage.time(epoch["closed"]?.text ?? "")),
                Cell(money(epoch["received"]), isNumber: true),
                Cell(money(epoch["paid"]), isNumber: true),
                Cell(money(epoch["carried"]), isNumber: true),
            ]
        }
        return section("Revenue", ["Epoch", "Closed", "Received", "Paid", "Carried"], rows)
            + "<p>Epoch \(WebPage.text(revenue["running_epoch"])) has received"
            + " \(WebPage.escape(money(revenue["received_so_far"]))) so far.</p>"
    }

    // MARK: Tables

    /// One cell of a table.
    private struct Cell {
        let text: String
        var isNumber = false
        /// Whether the text is a state, which is shown as a word apart.
        var isWord = false

        init(_ text: String, isNumber: Bool = false, isWord: Bool = false) {
            self.text = text
            self.isNumber = isNumber
            self.isWord = isWord
        }

        init(_ json: JSON?, isWord: Bool = false) {
            self.init(WebPage.text(json), isWord: isWord)
        }

        init(number json: JSON?) { self.init(WebPage.text(json), isNumber: true) }

        init(address json: JSON?) { self.init(String(WebPage.text(json).prefix(12))) }

        var html: String {
            let text = WebPage.escape(text)
            return "<td\(isNumber ? " class=\"number\"" : "")>"
                + (isWord && !text.isEmpty ? "<em>\(text)</em>" : text) + "</td>"
        }
    }

    private func section(_ title: String, _ headings: [String], _ rows: [[Cell]]) -> String {
        guard !rows.isEmpty else { return "<h2>\(title)</h2><p class=\"none\">None yet.</p>" }
        var html = "<h2>\(title)</h2><div><table><tr>"
        for (heading, cell) in zip(headings, rows[0]) {
            html += "<th\(cell.isNumber ? " class=\"number\"" : "")>\(WebPage.escape(heading))</th>"
        }
        html += "</tr>\n"
        for row in rows { html += "<tr>" + row.map(\.html).joined() + "</tr>\n" }
        return html + "</table></div>"
    }

    // MARK: Words

    private func money(_ json: JSON?) -> String {
        let definition = genesis.assets.first { $0.symbol == genesis.currencyAsset }
        guard let amount = json?.amount, let definition,
            let symbol = AssetSymbol(definition.symbol),
            let scale = UInt8(exactly: definition.scale),
            let asset = try? Asset(symbol: symbol, scale: scale)
        else { return WebPage.text(json) }
        return asset.text(of: amount)
    }

    /// A proved score in thousands of millions of its unit, with one decimal.
    private static func score(_ score: JSON) -> String {
        let tenths = (score["rate"]?.unsigned ?? 0) / 100_000_000
        return "\(text(score["kernel"])) \(tenths / 10).\(tenths % 10) G\(text(score["unit"]))"
    }

    private static func time(_ text: String) -> String {
        text.utf8.count >= 19 ? String(text.prefix(19).replacing("T", with: " ")) : text
    }

    private static func text(_ value: JSON?) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let flag): flag ? "yes" : "no"
        default: ""
        }
    }

    /// Text from the state is anybody's; nothing of it may become markup.
    static func escape(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;\
        color:#1d2321;background:#fbfaf7}h1{margin:0}h2{margin:2rem 0 .5rem;font-size:1.15rem}\
        div{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}\
        th,td{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid #dfddd5}\
        th{font-weight:600;color:#5c6660;white-space:nowrap}.number{text-align:right;\
        font-variant-numeric:tabular-nums}em{font-style:normal;padding:.1rem .45rem;\
        border-radius:.5rem;background:#e5ece6}code{font-size:.85rem;word-break:break-all}\
        .none{color:#5c6660}footer{margin:3rem 0 1rem;color:#5c6660;font-size:.9rem}\
        @media(prefers-color-scheme:dark){body{color:#e5e8e3;background:#171b19}\
        th,.none,footer{color:#9aa69e}th,td{border-color:#323a36}em{background:#2b3a31}\
        a{color:#9cc9ae}}
        """
}
