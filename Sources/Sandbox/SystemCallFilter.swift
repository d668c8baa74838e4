// A filter of system calls (seccomp, classic BPF) for programs of strangers.
//
// Namespaces hide what is not the program's; the filter takes away the kernel's least tried
// corners: tracing, key rings, BPF, io_uring, mounting, new namespaces, clocks, modules. What is
// left is what numeric programs use. A refused call fails with "operation not permitted".

/// Makes the filter's program for this processor.
enum SystemCallFilter {
    /// The program as the kernel reads it (`struct sock_filter`, 8 bytes each), or nil on a
    /// processor whose call numbers are not known here.
    static var program: [UInt8]? {
        guard let calls = SystemCalls.current else { return nil }
        let denied = calls.denied.sorted()
        var code: [Instruction] = []
        // Foreign call conventions have other numbers: none of them passes.
        code.append(.load(offset: 4))
        code.append(.jump(ifEqual: calls.architecture, then: 1, else: 0))
        code.append(.return(killProcess))
        code.append(.load(offset: 0))
        if let foreign = calls.firstForeign {
            code.append(.jump(ifAtLeast: foreign, then: 0, else: 1))
            code.append(.return(refuse(permission)))
        }
        // clone3 hides its flags in memory; told that it does not exist, libraries use clone.
        code.append(.jump(ifEqual: calls.clone3, then: 0, else: 1))
        code.append(.return(refuse(noSuchCall)))
        for number in denied {
            code.append(.jump(ifEqual: number, then: 0, else: 1))
            code.append(.return(refuse(permission)))
        }
        // clone, unless it makes a namespace: its first argument, low half.
        code.append(.jump(ifEqual: calls.clone, then: 0, else: 3))
        code.append(.load(offset: 16))
        code.append(.jump(ifAnySet: namespaceFlags, then: 0, else: 1))
        code.append(.return(refuse(permission)))
        code.append(.return(allow))
        return code.flatMap(\.bytes)
    }

    private static let allow: UInt32 = 0x7FFF_0000
    private static let killProcess: UInt32 = 0x8000_0000
    private static let permission: UInt32 = 1
    private static let noSuchCall: UInt32 = 38
    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let namespaceFlags: UInt32 = 0x7E02_0000

    private static func refuse(_ errorNumber: UInt32) -> UInt32 { 0x0005_0000 | errorNumber }

    private struct Instruction {
        let code: UInt16
        let whenTrue: UInt8
        let whenFalse: UInt8
        let value: UInt32

        static func load(offset: UInt32) -> Instruction {
            Instruction(code: 0x20, whenTrue: 0, whenFalse: 0, value: offset)
        }
        static func jump(ifEqual value: UInt32, then: UInt8, else: UInt8) -> Instruction {
            Instruction(code: 0x15, whenTrue: then, whenFalse: `else`, value: value)
        }
        static func jump(ifAtLeast value: UInt32, then: UInt8, else: UInt8) -> Instruction {
            Instruction(code: 0x35, whenTrue: then, whenFalse: `else`, value: value)
        }
        static func jump(ifAnySet value: UInt32, then: UInt8, else: UInt8) -> Instruction {
            Instruction(code: 0x45, whenTrue: then, whenFalse: `else`, value: value)
        }
        static func `return`(_ value: UInt32) -> Instruction {
            Instruction(code: 0x06, whenTrue: 0, whenFalse: 0, value: value)
        }

        /// Both supported processors are little endian.
        var bytes: [UInt8] {
            [UInt8(truncatingIfNeeded: code), UInt8(code >> 8), whenTrue, whenFalse]
                + (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
        }
    }
}

/// Numbers of system calls, from the kernel's tables for each processor.
private struct SystemCalls {
    let architecture: UInt32
    /// Where a second convention of the same processor begins (x32).
    let firstForeign: UInt32?
    let clone: UInt32
    let clone3: UInt32
    let denied: [UInt32]

    static var current: SystemCalls? {
        #if arch(x86_64)
            return x86
        #elseif arch(arm64)
            return arm
        #else
            return nil
        #endif
    }

    /// Calls added since the tables were joined: the same number everywhere. io_uring (3), mount
    /// interface (6), mount_setattr.
    private static let common: [UInt32] = Array(425...433) + [442]

    private static let x86 = SystemCalls(
        architecture: 0xC000_003E, firstForeign: 0x4000_0000, clone: 56, clone3: 435,
        denied: common + [
            101, 103, 135, 155, 159, 161, 163, 164,  // ptrace syslog personality pivot_root
            // adjtimex chroot acct settimeofday
            165, 166, 167, 168, 169, 172, 173,  // mount umount2 swapon swapoff reboot iopl ioperm
            175, 176, 179, 180, 212, 227,  // init_module delete_module quotactl nfsservctl
            // lookup_dcookie clock_settime
            246, 248, 249, 250, 272, 298,  // kexec_load add_key request_key keyctl unshare
            // perf_event_open
            303, 304, 305, 308, 310, 311, 312,  // name_to_handle_at open_by_handle_at
            // clock_adjtime setns process_vm_readv process_vm_writev kcmp
            313, 320, 321, 323,  // finit_module kexec_file_load bpf userfaultfd
        ])

    private static let arm = SystemCalls(
        architecture: 0xC000_00B7, firstForeign: nil, clone: 220, clone3: 435,
        denied: common + [
            18, 39, 40, 41, 51, 60, 89, 92,  // lookup_dcookie umount2 mount pivot_root chroot
            // quotactl acct personality
            97, 104, 105, 106, 112, 116, 117,  // unshare kexec_load init_module delete_module
            // clock_settime syslog ptrace
            142, 170, 171, 217, 218, 219, 224, 225,  // reboot settimeofday adjtimex add_key
            // request_key keyctl swapon swapoff
            241, 264, 265, 266, 268, 270, 271, 272,  // perf_event_open name_to_handle_at
            // open_by_handle_at clock_adjtime setns process_vm_readv process_vm_writev kcmp
            273, 280, 282, 294,  // finit_module bpf userfaultfd kexec_file_load
        ])
}
