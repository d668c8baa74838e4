// A disk that fills up under a member that runs: writes are refused with one code, reads go on, and
// with space both do.

import Glibc
import Platform
import Primitives
import Testing

@Suite(.enabled(if: CommandLineProgram.built != nil), .timeLimit(.minutes(5)))
struct FullDiskRoadTests {
    private static let receiver = "0x00000000000000000000000000000000000000aa"

    /// A payment as a person makes it; the code of its refusal, or nil.
    private func pay(_ deployment: RoadDeployment) async throws -> String? {
        let outcome = try await deployment.run(
            ["account", "transfer", Self.receiver, "1 CREDIT"], as: "owner")
        guard outcome.status != 0 else { return nil }
        #expect(outcome.status == 1)
        return String(outcome.refusal.dropFirst("error[".count).prefix { $0 != "]" })
    }

    /// What the receiver has, read through the leader.
    private func balance(_ deployment: RoadDeployment) async throws -> String {
        let outcome = try await deployment.run([
            "account", "show", Self.receiver, "--output", "json",
        ])
        #expect(outcome.status == 0, "\(outcome.error.text)")
        return outcome.output.text
    }

    /// Leaves less than a page free; gives the file that takes the space.
    private func fill(_ folder: String) throws -> String {
        let path = "\(folder)/filler"
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        var position: UInt64 = 0
        for size in [1 << 20, 1 << 12] {
            let bytes = [UInt8](repeating: 7, count: size)
            while (try? file.write(bytes, at: position)) != nil { position += UInt64(size) }
        }
        return path
    }

    @Test func `a disk fills up under a member, and is given space again`() async throws {
        try await withRoadDeployment { deployment in
            let data = "\(deployment.home)/data"
            try Files.makeFolders(data)
            guard try await SmallDisk.mount(data, "size=160m") else { return }
            do {
                try await fillAndFree(deployment, data)
            } catch {
                await deployment.clear()
                try await SmallDisk.unmount(data)
                throw error
            }
            await deployment.clear()
            try await SmallDisk.unmount(data)
        }
    }

    private func fillAndFree(_ deployment: RoadDeployment, _ data: String) async throws {
        try await deployment.startMember()
        #expect(try await pay(deployment) == nil)
        let filler = try fill(data)
        _ = try await RoadProgram.eventually("writes to be refused") {
            try await pay(deployment) == "disk.full" ? true : nil
        }
        let full = try await balance(deployment)
        #expect(try await pay(deployment) == "disk.full")
        #expect(try await balance(deployment) == full)
        #expect(await deployment.isRunning("member"))
        try Files.remove(filler)
        _ = try await RoadProgram.eventually("writes to be taken again") {
            try await pay(deployment) == nil ? true : nil
        }
        #expect(try await balance(deployment) != full)
        // What was taken is there after a start, too.
        let after = try await balance(deployment)
        #expect(await deployment.end("member") == 0)
        try await deployment.startMember()
        #expect(try await balance(deployment) == after)
    }
}
