// The kernels compiled for arm64 and run there by an emulator, against this machine: the promise of
// equal bits across architectures, kept by a script that also a person can run.

import Glibc
import Testing

@Suite struct PortabilityTests {
    @Test func `every instruction set and arm64 compute the same`() {
        let root =
            #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        guard let pipe = popen("'\(root)/Deploy/portability/compare' 2>&1", "r") else {
            Issue.record("the shell does not start")
            return
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
            bytes.append(contentsOf: buffer[..<count])
        }
        let status = pclose(pipe) >> 8 & 255
        let text = String(decoding: bytes, as: UTF8.self)
        print(text)
        #expect(status == 0 || status == 77, "\(text)")
    }
}
