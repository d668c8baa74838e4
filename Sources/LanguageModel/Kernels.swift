// What must hold before the kernels' promise of equal bits does.

import CKernels
public import Primitives

/// The instruction set that the kernels run on.
public enum Kernels {
    /// The instruction set in use: "avx512", "avx2", "neon" or "baseline".
    public static var instructionSet: String {
        String(cString: althing_kernels_isa_name(althing_kernels_isa()))
    }

    /// Chooses an instruction set by name, in this whole process; throws `kernels.unsupported`.
    ///
    /// Results do not depend on the choice, only the time they take.
    public static func use(instructionSet name: String) throws(Refusal) {
        for isa in [ALTHING_ISA_AVX512, ALTHING_ISA_AVX2, ALTHING_ISA_BASELINE]
        where String(cString: althing_kernels_isa_name(isa)) == name {
            if althing_kernels_set_isa(isa) == 0 { return }
        }
        throw Refusal("kernels.unsupported", "this processor has no kernels named \(name)")
    }

    /// The most threads one computation takes.
    public static let threadLimit = 64

    /// Refuses a thread count out of range and a changed rounding mode.
    static func check(threads: Int) throws(Refusal) {
        guard (1...threadLimit).contains(threads) else {
            throw Refusal("kernels.threads", "threads must be 1 to \(threadLimit), not \(threads)")
        }
        guard althing_floating_point_is_standard() == 1 else {
            throw Refusal(
                "kernels.floating-point",
                "something in this process has changed how floating point rounds")
        }
    }
}
