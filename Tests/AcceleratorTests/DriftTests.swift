// What is compiled must be what the sources say: by the digest always, by compiling where the
// wheels are.

import Cryptography
import Glibc
import Primitives
import Testing

@testable import Accelerator

@Suite struct DriftTests {
    /// Sources/CGPUKernels: this file lies at Tests/AcceleratorTests.
    private let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/Sources/CGPUKernels"

    private func output(_ command: String) -> (text: String, status: Int32) {
        guard let pipe = popen(command, "r") else { return ("", -1) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
            bytes.append(contentsOf: buffer[..<count])
        }
        return (String(decoding: bytes, as: UTF8.self), pclose(pipe) >> 8 & 255)
    }

    private func content(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "rb"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }

    @Test func `the images were compiled from the sources that are here`() throws {
        var hasher = SHA256.Hasher()
        for name in ["commit.cu", "common.cuh", "general.cu", "hopper.cu", "tensor.cu"] {
            let bytes = try content("\(folder)/kernels/\(name)")
            hasher.update(Array("\(name) \(bytes.count)\n".utf8))
            hasher.update(bytes)
        }
        #expect(
            hasher.finalize().description.hasSuffix(AcceleratorDriver.sourceDigest),
            "run Sources/CGPUKernels/compile.py")
        let names = output("ls '\(folder)/kernels'").text.split(separator: "\n")
        #expect(names == ["commit.cu", "common.cuh", "general.cu", "hopper.cu", "tensor.cu"])
        #expect(
            AcceleratorDriver.images == [
                "hopper_sm90a.cubin", "tensor.ptx", "commit.ptx", "general.ptx",
            ])
    }

    @Test func `compiling again gives what is committed`() {
        let (text, status) = output("python3 -B '\(folder)/compile.py' --check 2>&1")
        if status == 77 {
            print(text)
            return
        }
        #expect(status == 0, "\(text)")
    }
}
