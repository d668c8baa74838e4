// A file system of a few mebibytes in memory, for disks that are full or may not be written.

import Glibc
import Platform
import Testing

enum SmallDisk {
    /// Mounts one on a folder; false, with a sentence, where that is not allowed.
    static func mount(_ folder: String, _ options: String) async throws -> Bool {
        guard geteuid() == 0, let program = Environment.find(program: "mount"),
            try await RoadProgram.run(
                program, ["-t", "tmpfs", "-o", options, "tmpfs", folder]
            ).isSuccess
        else {
            print("skipped: no file system can be mounted here, so no disk can be full")
            return false
        }
        return true
    }

    static func unmount(_ folder: String) async throws {
        guard let program = Environment.find(program: "umount") else { return }
        #expect(try await RoadProgram.run(program, [folder]).isSuccess)
    }
}
