// A control group made for one task: limits on memory and processes, a way to end them all, and
// what they used.

import Glibc
import Platform
import Primitives
import Synchronization

/// A group, made before the task and removed after it.
struct ControlGroup: Sendable {
    /// Which kind of tree holds the memory limit.
    let memoryGuard: MemoryGuard
    /// The group's folder in each tree that is used, that of memory first.
    private let folders: [String]

    /// Group names carry the process that made them, so that those of a process that was killed can
    /// be recognised and removed.
    private static let namePrefix = "althing-"
    private static let counter = Atomic<UInt64>(0)

    private init(memoryGuard: MemoryGuard, folders: [String]) {
        self.memoryGuard = memoryGuard
        self.folders = folders
    }

    /// Makes a group with the limits, or returns nil where this process may not.
    static func make(
        limits: SandboxLimits, in hierarchies: [ControlGroupHierarchy]
    ) -> ControlGroup? {
        let number = counter.add(1, ordering: .relaxed).newValue
        let name = "\(namePrefix)\(getpid())-\(number)"
        if let group = makeVersion2(name, limits, hierarchies) { return group }
        return makeVersion1(name, limits, hierarchies)
    }

    private static func makeVersion2(
        _ name: String, _ limits: SandboxLimits, _ hierarchies: [ControlGroupHierarchy]
    ) -> ControlGroup? {
        guard let tree = hierarchies.first(where: \.isVersion2) else { return nil }
        for parent in tree.candidates {
            // The parent hands the controllers down only if it holds no processes or is the root;
            // where it refuses, the next one up may not.
            write("+memory +pids", to: "\(parent)/cgroup.subtree_control")
            let folder = "\(parent)/\(name)"
            guard mkdir(folder, 0o755) == 0 else { continue }
            if write("\(limits.memoryBytes)", to: "\(folder)/memory.max") {
                write("0", to: "\(folder)/memory.swap.max")
                write("1", to: "\(folder)/memory.oom.group")
                write("\(limits.processes)", to: "\(folder)/pids.max")
                return ControlGroup(memoryGuard: .controlGroupV2, folders: [folder])
            }
            rmdir(folder)
        }
        return nil
    }

    private static func makeVersion1(
        _ name: String, _ limits: SandboxLimits, _ hierarchies: [ControlGroupHierarchy]
    ) -> ControlGroup? {
        func make(_ controller: String, _ file: String?, _ value: UInt64 = 0) -> String? {
            guard let tree = hierarchies.first(where: { $0.controllers.contains(controller) })
            else { return nil }
            for parent in tree.candidates {
                let folder = "\(parent)/\(name)"
                guard mkdir(folder, 0o755) == 0 else { continue }
                guard let file else { return folder }
                if write("\(value)", to: "\(folder)/\(file)") { return folder }
                rmdir(folder)
            }
            return nil
        }
        guard let memory = make("memory", "memory.limit_in_bytes", limits.memoryBytes) else {
            return nil
        }
        // Memory and swap together; absent where the kernel does not count swap.
        write("\(limits.memoryBytes)", to: "\(memory)/memory.memsw.limit_in_bytes")
        let others = [make("pids", "pids.max", limits.processes), make("cpuacct", nil)]
        // Trees can be joined, and then the second group is the first.
        let folders = others.compactMap(\.self).filter { $0 != memory }
        return ControlGroup(memoryGuard: .controlGroupV1, folders: [memory] + folders)
    }

    /// The files through which a new process joins.
    func entrances() throws(Refusal) -> [FileDescriptor] {
        var entrances: [FileDescriptor] = []
        for folder in folders {
            entrances.append(try FileDescriptor.open("\(folder)/cgroup.procs", O_WRONLY))
        }
        return entrances
    }

    /// Ends every process in the group, however it hid.
    func killAll() {
        for folder in folders {
            if ControlGroup.write("1", to: "\(folder)/cgroup.kill") { continue }
            let members = (try? Files.readText("\(folder)/cgroup.procs")) ?? ""
            for line in members.split(separator: "\n") {
                if let process = Int32(line) { kill(process, SIGKILL) }
            }
        }
    }

    /// Whether the kernel ended a process of the group for want of memory.
    var ranOutOfMemory: Bool {
        let file = memoryGuard == .controlGroupV2 ? "memory.events" : "memory.oom_control"
        guard let text = try? Files.readText("\(folders[0])/\(file)") else { return false }
        return text.split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.count == 2 && words[0] == "oom_kill" && words[1] != "0"
        }
    }

    /// The most memory the group held at once.
    var peakMemoryBytes: UInt64? {
        let file = memoryGuard == .controlGroupV2 ? "memory.peak" : "memory.max_usage_in_bytes"
        let text = try? Files.readText("\(folders[0])/\(file)")
        return text.flatMap { UInt64($0.filter(\.isNumber)) }
    }

    /// Processor time of all processes of the group, where it is counted.
    var processorNanoseconds: UInt64? {
        for folder in folders {
            if let text = try? Files.readText("\(folder)/cpuacct.usage") {
                return UInt64(text.filter(\.isNumber))
            }
            guard let text = try? Files.readText("\(folder)/cpu.stat") else { continue }
            for line in text.split(separator: "\n") where line.hasPrefix("usage_usec ") {
                return UInt64(line.filter(\.isNumber)).map { $0 * 1000 }
            }
        }
        return nil
    }

    /// Ends what is left and removes the group. Processes take a moment to leave, so it tries for a
    /// while, and yields in between; also when the caller is cancelled, whose sleeps would be none.
    func remove() async {
        await Task {
            for attempt in 0..<200 {
                if isRemoved() { return }
                if attempt > 2 { try? await Task.sleep(nanoseconds: 5_000_000) }
            }
        }.value
    }

    /// Ends what is left; whether the group is gone.
    private func isRemoved() -> Bool {
        killAll()
        return folders.allSatisfy { rmdir($0) == 0 || errno != EBUSY }
    }

    /// Removes groups whose maker is no longer running; waits a moment for their processes to go.
    static func sweep(_ hierarchies: [ControlGroupHierarchy]) {
        for tree in hierarchies {
            for parent in tree.candidates {
                for name in (try? Files.list(parent)) ?? [] where name.hasPrefix(namePrefix) {
                    let parts = name.dropFirst(namePrefix.count).split(separator: "-")
                    guard parts.count == 2, let maker = Int32(parts[0]), kill(maker, 0) != 0,
                        errno == ESRCH
                    else { continue }
                    let group = ControlGroup(
                        memoryGuard: tree.isVersion2 ? .controlGroupV2 : .controlGroupV1,
                        folders: ["\(parent)/\(name)"])
                    for _ in 0..<40 where !group.isRemoved() { usleep(5000) }
                }
            }
        }
    }

    @discardableResult
    private static func write(_ text: String, to path: String) -> Bool {
        guard let file = try? FileDescriptor.open(path, O_WRONLY) else { return false }
        return (try? file.write(Array(text.utf8))) != nil
    }
}
