// Which control groups this machine has: version 2, version 1, or both at once.

import Platform
import Primitives

/// One mounted tree of control groups, and our own place in it.
struct ControlGroupHierarchy: Sendable, Equatable {
    /// Where it is mounted.
    let mountPoint: String
    /// Empty for version 2; else what this version 1 tree controls.
    let controllers: [String]
    /// The group this process is in, from the mount point on ("" for the root).
    let ownGroup: String

    var isVersion2: Bool { controllers.isEmpty }

    /// Folders in which a group might be made, nearest first.
    var candidates: [String] {
        var found: [String] = []
        var group = ownGroup
        while !group.isEmpty {
            found.append(mountPoint + group)
            group = group == Files.parent(of: group) ? "" : Files.parent(of: group)
            if group == "/" { group = "" }
        }
        return found + [mountPoint]
    }

    /// The trees of this machine.
    static func all() -> [ControlGroupHierarchy] {
        guard let mounts = try? Files.readText("/proc/self/mountinfo"),
            let groups = try? Files.readText("/proc/self/cgroup")
        else { return [] }
        return parse(mounts: mounts, groups: groups)
    }

    /// Reads the kernel's two tables (formats: proc(5), cgroups(7)).
    static func parse(mounts: String, groups: String) -> [ControlGroupHierarchy] {
        var ownGroups: [(controllers: [String], path: String)] = []
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let path = parts[2] == "/" ? "" : String(parts[2])
            ownGroups.append((parts[1].split(separator: ",").map(String.init), path))
        }
        var found: [ControlGroupHierarchy] = []
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3, fields.count > 4
            else { continue }
            let kind = fields[dash + 1]
            guard kind == "cgroup" || kind == "cgroup2" else { continue }
            let options = fields[dash + 3].split(separator: ",").map(String.init)
            let controllers =
                kind == "cgroup2" ? [] : options.filter { ControlGroupHierarchy.known.contains($0) }
            if kind == "cgroup", controllers.isEmpty { continue }
            let own = ownGroups.first {
                kind == "cgroup2"
                    ? $0.controllers.isEmpty : !Set($0.controllers).isDisjoint(with: controllers)
            }
            // In a container the mounted root is already our group.
            let root = fields[3] == "/" ? "" : String(fields[3])
            var path = own?.path ?? ""
            if !root.isEmpty, path.hasPrefix(root) { path.removeFirst(root.count) }
            found.append(
                ControlGroupHierarchy(
                    mountPoint: String(fields[4]), controllers: controllers, ownGroup: path))
        }
        return found
    }

    private static let known = ["memory", "pids", "cpuacct"]
}
