// A disk that hangs: a library put before the C library's own, whose `fdatasync` does not return as
// long as a certain file exists.

import Platform
import Primitives

/// Builds the library with the machine's C compiler.
enum StallShim {
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <unistd.h>
        int fdatasync(int fd) {
            static int (*real)(int);
            const char *file = getenv("ALTHING_STALL_FILE");
            while (file && access(file, F_OK) == 0) usleep(5000);
            if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
            return real(fd);
        }
        """

    /// The library's path; throws `benchmarks.missing` without a compiler.
    static func build(in folder: String) async throws(Refusal) -> String {
        let path = "\(folder)/stall.so"
        try Files.create("\(folder)/stall.c", Array(source.utf8))
        for compiler in ["cc", "gcc", "clang"] {
            let outcome = try? await ChildProcess.run(
                ChildCommand(
                    compiler, ["-shared", "-fPIC", "-O1", "-o", path, "\(folder)/stall.c", "-ldl"]))
            if outcome?.isSuccess == true { return path }
        }
        throw Refusal("benchmarks.missing", "there is no C compiler: apt-get install -y gcc")
    }
}
