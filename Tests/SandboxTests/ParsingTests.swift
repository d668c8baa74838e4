// The kernel's and the loader's texts, from machines other than this one.

import Platform
import Testing

@testable import Sandbox

@Suite struct ParsingTests {
    @Test func `a machine with version 2 only`() {
        let trees = ControlGroupHierarchy.parse(
            mounts: """
                24 30 0:22 / /proc rw,nosuid - proc proc rw
                35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
                """,
            groups: "0::/user.slice/user-1000.slice\n")
        #expect(trees.count == 1)
        #expect(trees.first?.isVersion2 == true)
        #expect(
            trees.first?.candidates == [
                "/sys/fs/cgroup/user.slice/user-1000.slice", "/sys/fs/cgroup/user.slice",
                "/sys/fs/cgroup",
            ])
    }

    @Test func `a hybrid machine`() {
        let trees = ControlGroupHierarchy.parse(
            mounts: """
                30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
                31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
                32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
                """,
            groups: "4:memory:/api/one\n3:cpu,cpuacct:/\n0::/\n")
        #expect(trees.map(\.controllers) == [["memory"], ["cpuacct"], []])
        #expect(trees[0].candidates.first == "/sys/fs/cgroup/memory/api/one")
        #expect(trees[2].candidates == ["/sys/fs/cgroup/unified"])
    }

    @Test func `a container, whose mounted root is its own group`() {
        let trees = ControlGroupHierarchy.parse(
            mounts: "30 24 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory",
            groups: "4:memory:/docker/abc\n")
        #expect(trees[0].candidates == ["/sys/fs/cgroup/memory"])
    }

    @Test func `nonsense gives nothing`() {
        #expect(ControlGroupHierarchy.parse(mounts: "a b\n- - -\n\n", groups: "::\nx").isEmpty)
    }

    @Test func `libraries outside the system's folders`() {
        let text = """
            \tlinux-vdso.so.1 (0x00007f)
            \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)
            \tlibswiftCore.so => /opt/swift/lib/libswiftCore.so (0x00007f)
            \tlibgone.so => not found
            """
        #expect(SharedLibraries.parse(text) == ["/opt/swift/lib/libswiftCore.so"])
    }
}
