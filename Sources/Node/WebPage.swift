// The deployment on one page: members, proposals, providers, jobs, models, revenue. Rendered here,
// without scripts.

import ControlPlane
import Primitives

enum WebPage {
    static func html(_ views: Views, status: MemberStatus, genesis: Genesis) -> String {
        let sections = [
            section("Proposals", views.proposals(), ["id", "title", "status", "for", "against"]),
            section("Providers", views.providers(), ["name", "owner", "verified_results"]),
            section("Jobs", views.jobs(), ["id", "model", "status", "round", "rounds"]),
            section("Models", views.models(), ["name", "status", "bits_per_byte_end"]),
            section("Revenue", views.revenue()["epochs"] ?? [], ["epoch", "received", "paid"]),
        ]
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <title>\(escape(genesis.name))</title></head><body>
            <h1>\(escape(genesis.name))</h1>
            <p>Member \(status.member), \(escape(status.role)); leader
            \(status.leader.map { String($0) } ?? "none"); entry \(status.appliedIndex).</p>
            \(sections.joined(separator: "\n"))
            </body></html>

            """
    }

    private static func section(_ title: String, _ rows: JSON, _ columns: [String]) -> String {
        var html = "<h2>\(title)</h2><table><tr>"
        for column in columns { html += "<th>\(escape(column))</th>" }
        html += "</tr>"
        for row in rows.elements ?? [] {
            html += "<tr>"
            for column in columns { html += "<td>\(escape(text(row[column])))</td>" }
            html += "</tr>"
        }
        return html + "</table>"
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
}
