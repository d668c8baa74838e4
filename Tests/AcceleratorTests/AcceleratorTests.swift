// The driver's loader against stand-ins: missing, old, empty, refusing, right and wrong.

import Primitives
import Testing

@testable import Accelerator

@Suite struct AcceleratorTests {
    private func code(_ body: () throws(Refusal) -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a machine without a driver is told so`() {
        do throws(Refusal) {
            _ = try AcceleratorDriver(library: "libcuda-that-is-nowhere.so.1")
            Issue.record("opened what is not there")
        } catch {
            #expect(error.code == "gpu.no-driver")
            #expect(error.message.hasPrefix("no NVIDIA driver: "))
        }
    }

    @Test func `a library that lacks a function is too old`() throws {
        guard let stub = StubDriver("old", flags: "-DOLD") else { return }
        #expect(
            code { () throws(Refusal) in _ = try AcceleratorDriver(library: stub.path) }
                == "gpu.old-driver")
    }

    @Test func `a driver without a device, and one that does not start`() throws {
        guard let empty = StubDriver("empty", flags: "-DDEVICES=0"),
            let none = StubDriver("none", flags: "-DINIT=100"),
            let broken = StubDriver("broken", flags: "-DINIT=999")
        else { return }
        for (stub, expected) in [
            (empty, "gpu.no-device"), (none, "gpu.no-device"), (broken, "gpu.driver-failed"),
        ] {
            #expect(
                code { () throws(Refusal) in _ = try AcceleratorDriver(library: stub.path) }
                    == expected)
        }
    }

    @Test(arguments: [70, 80, 86, 90])
    func `a device loads what it can run, and multiplies`(capability: Int) throws {
        guard let stub = StubDriver("works", flags: "-DCAPABILITY=\(capability)") else { return }
        let driver = try AcceleratorDriver(library: stub.path)
        let devices = try driver.devices()
        #expect(devices.count == 1)
        #expect(devices[0].name == "Stand-in 9000")
        #expect(devices[0].capability == capability)
        #expect(devices[0].memory == 85_520_809_984)
        let session = try AcceleratorSession(driver, device: 0)
        #expect(
            code { () throws(Refusal) in
                try session.multiply(.int8, rows: 64, columns: 128, depth: 65, a: 0, b: 0, c: 0)
            } == "gpu.size")
        #expect(
            code { () throws(Refusal) in _ = try session.allocate(bytes: 0) } == "gpu.memory")
    }

    @Test func `a device that multiplies wrong is refused`() throws {
        guard let stub = StubDriver("wrong", flags: "-DWRONG=1") else { return }
        let driver = try AcceleratorDriver(library: stub.path)
        #expect(
            code { () throws(Refusal) in _ = try AcceleratorSession(driver, device: 0) }
                == "gpu.wrong-answer")
        #expect(
            code { () throws(Refusal) in _ = try AcceleratorSession(driver, device: 7) }
                == "gpu.no-device")
    }

    @Test func `every kernel's source computes what the processor's kernels do`() throws {
        guard let stub = StubDriver("kernels") else { return }
        let session = try AcceleratorSession(try AcceleratorDriver(library: stub.path), device: 0)
        for check in AcceleratorCheck.all(isQuick: true) {
            #expect(
                code { () throws(Refusal) in try check.run(session, seed: 42) } == nil,
                "\(check.name)")
        }
    }

    @Test func `a check sees a wrong sum, and a write behind the end`() throws {
        guard let stub = StubDriver("kernels") else { return }
        let session = try AcceleratorSession(try AcceleratorDriver(library: stub.path), device: 0)
        let wrong = AcceleratorCheck("a lie") { bench throws(Refusal) in
            try AcceleratorCheck.require(false, "a sum")
        }
        let overrun = AcceleratorCheck("an overrun") { bench throws(Refusal) in
            let place = try bench.place(64)
            try bench.session.fill(place, with: 0, bytes: 65)
        }
        for check in [wrong, overrun] {
            #expect(
                code { () throws(Refusal) in try check.run(session, seed: 1) }
                    == "gpu.wrong-answer")
        }
    }
}
