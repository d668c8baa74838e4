// `althing cluster doctor`: looks at what goes wrong most often, and says what to do about it.

import ArgumentParser
import Client
import ControlPlane
import Node
import Platform
import Primitives
import Terminal

/// `cluster doctor`.
struct ClusterDoctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the cluster and say how to mend what is not well.",
        discussion: """
            Exit code 1 when a check fails; each failure comes with what to do. With --home also \
            the member's own folder is checked.

            Example:
              althing cluster doctor --cluster http://127.0.0.1:7000
            """)

    @OptionGroup var read: ReadOptions

    @Option(help: ArgumentHelp("Also check this member's folder.", valueName: "folder"))
    var home: String?

    func run() async throws { try await examine() }

    private func examine() async throws(Refusal) {
        let first = try await read.get("/api/v1/status")
        var statuses: [(id: UInt64, status: JSON?)] = []
        for member in first["members"]?.elements ?? [] {
            let status = await MemberQuestion.status(member["origin"]?.text ?? "")
            statuses.append((member["id"]?.unsigned ?? 0, status))
        }
        var checks = ClusterChecks(statuses: statuses, now: SystemClock.now()).all
        if let home { checks += HomeChecks(home: home).all }
        let table = Presentation.table(
            .array(checks.map(\.json)),
            [
                .text("CHECK", "check"), .text("RESULT", "result"), .text("FOUND", "found"),
                .text("DO", "fix"),
            ])
        let printer = read.printer
        printer.show(
            table.lines(for: printer.screen), json: ["checks": .array(checks.map(\.json))])
        let failed = checks.filter { $0.fix != nil }
        guard failed.isEmpty else {
            throw Refusal(
                "doctor.unwell", "\(failed.count) of \(checks.count) checks failed")
        }
    }
}

/// One member asked for its status.
enum MemberQuestion {
    /// The member's own answer; nil when it gives none within three seconds.
    static func status(_ origin: String) async -> JSON? {
        guard let client = try? ClusterClient(origins: [origin]) else { return nil }
        defer { client.close() }
        return try? await client.get("/api/v1/status", .init(timeout: .seconds(3)))
    }
}

/// One thing that was looked at.
struct DoctorCheck {
    let name: String
    let found: String
    /// What to do; nil when all is well.
    let fix: String?

    var json: JSON {
        [
            "check": .string(name), "result": .string(fix == nil ? "well" : "UNWELL"),
            "found": .string(found), "fix": .string(fix ?? ""),
        ]
    }
}

/// What the members say of themselves, compared.
struct ClusterChecks {
    let statuses: [(id: UInt64, status: JSON?)]
    let now: Timestamp

    private var present: [(id: UInt64, status: JSON)] {
        statuses.compactMap { member in member.status.map { (member.id, $0) } }
    }

    var all: [DoctorCheck] {
        var checks = [quorum, leader, deployment, epoch, agreement, lag]
        for (id, status) in present { checks += [clock(id, status), space(id, status)] }
        return checks
    }

    private var quorum: DoctorCheck {
        let silent = statuses.filter { $0.status == nil }.map { "\($0.id)" }
        let margin = present.count - (statuses.count / 2 + 1)
        let list = silent.joined(separator: ", ")
        return DoctorCheck(
            name: "members answer", found: "\(present.count) of \(statuses.count)",
            fix: silent.isEmpty
                ? nil
                : "start member \(list)"
                    + ClusterChecks.words(ofMargin: margin))
    }

    /// What the loss of members means, by how many more may be lost.
    private static func words(ofMargin margin: Int) -> String {
        switch margin {
        case ..<0: "; until then nothing can be decided"
        case 0: "; one more loss stops the cluster"
        default: ""
        }
    }

    private var leader: DoctorCheck {
        let leaders = Set(present.compactMap { $0.status["leader"]?.unsigned })
        let reason = present.lazy.compactMap { $0.status["leaderless_reason"]?.text }.first
        let isWell = leaders.count == 1
        return DoctorCheck(
            name: "one leader",
            found: isWell ? "member \(leaders.first ?? 0)" : reason ?? "they disagree",
            fix: isWell ? nil : "start what is missing; an election takes two seconds")
    }

    /// Whether all that answer say the same under `key`.
    private func same(_ name: String, _ key: String, fix: String) -> DoctorCheck {
        let values = Set(present.map { $0.status[key]?.shown ?? "-" })
        return DoctorCheck(
            name: name,
            found: values.count == 1 ? Presentation.short(values.first ?? "") : "they differ",
            fix: values.count == 1 ? nil : fix)
    }

    private var deployment: DoctorCheck {
        same(
            "one deployment", "genesis",
            fix: "a member of another deployment is among the addresses: compare genesis digests")
    }

    private var epoch: DoctorCheck {
        same(
            "one epoch", "epoch",
            fix: "restore the members that are behind from the backup that the others came from")
    }

    private var agreement: DoctorCheck {
        var digests: [UInt64: Set<String>] = [:]
        for (_, status) in present {
            digests[status["applied_index"]?.unsigned ?? 0, default: []]
                .insert(status["state_digest"]?.text ?? "")
        }
        let differ = digests.contains { $0.value.count > 1 }
        return DoctorCheck(
            name: "equal states", found: differ ? "two states at one entry" : "no contradiction",
            fix: differ ? "run althing audit on a copy from each: one of them is wrong" : nil)
    }

    private var lag: DoctorCheck {
        let commits = present.compactMap { $0.status["commit_index"]?.unsigned }
        let applied = present.compactMap { $0.status["applied_index"]?.unsigned }
        let behind = (commits.max() ?? 0) - min(commits.max() ?? 0, applied.min() ?? 0)
        return DoctorCheck(
            name: "nobody lags", found: "\(behind) entries",
            fix: behind < 10_000 ? nil : "see whether its disk or its line is slow")
    }

    private func clock(_ id: UInt64, _ status: JSON) -> DoctorCheck {
        let theirs = status["clock_milliseconds"]?.unsigned ?? 0
        let skew = theirs > now.milliseconds ? theirs - now.milliseconds : now.milliseconds - theirs
        return DoctorCheck(
            name: "clock of \(id)", found: "\(skew) ms apart",
            fix: skew < 5_000
                ? nil
                : "set the clock, here or there: entries from one 10 s ahead are refused")
    }

    private func space(_ id: UInt64, _ status: JSON) -> DoctorCheck {
        let free = (status["free_bytes"]?.unsigned ?? 0) >> 20
        return DoctorCheck(
            name: "disk of \(id)", found: "\(free) MiB free",
            fix: free >= 1024 ? nil : "make room: a member stops writing when its disk is full")
    }
}

/// What a member's folder says without the member.
struct HomeChecks {
    let home: String

    var all: [DoctorCheck] {
        do throws(Refusal) {
            let settings = try MemberConfiguration(home: home).settings(home: home)
            return [
                DoctorCheck(name: "folder", found: "seat \(settings.seat.id), key fits", fix: nil)
            ]
        } catch {
            return [DoctorCheck(name: "folder", found: error.code, fix: error.message)]
        }
    }
}
