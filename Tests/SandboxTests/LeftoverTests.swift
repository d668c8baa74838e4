// What a process that was killed could not tidy up.

import Glibc
import Platform
import Primitives
import Testing

@testable import Sandbox

@Suite(.timeLimit(.minutes(1)), .serialized) struct LeftoverTests {
    @Test func `groups of a process that is gone go, with all that runs in them`() async throws {
        // A number that was a process until a moment ago.
        let gone = try await ChildProcess.start(ChildCommand("/bin/true", []))
        _ = await gone.outcome()
        var made: [String] = []
        for parent in ControlGroupHierarchy.all().flatMap(\.candidates) {
            let folder = "\(parent)/althing-\(gone.processIdentifier)-1"
            if mkdir(folder, 0o755) == 0 { made.append(folder) }
        }
        guard let first = made.first else {
            print("skipped: no control group can be made here")
            return
        }
        let child = try await ChildProcess.start(ChildCommand("/bin/sleep", ["300"]))
        let number = Array("\(child.processIdentifier)".utf8)
        let joined: Void? = try? FileDescriptor.open("\(first)/cgroup.procs", O_WRONLY).write(
            number)
        Sandbox.removeLeftovers()
        for folder in made { #expect(access(folder, F_OK) != 0, "\(folder) stays") }
        if joined == nil { child.kill() }
        let outcome = await child.outcome()
        #expect(outcome.ending == .signalled(SIGKILL))
    }
}
