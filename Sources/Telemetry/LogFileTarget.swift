// Descriptors that log lines are written to.

import Glibc
import Platform
import Primitives

/// Opens files for log lines.
enum LogFileTarget {
    static func open(_ path: String) throws(Refusal) -> FileDescriptor {
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o640)
    }

    static func standardError() -> FileDescriptor {
        FileDescriptor(owning: fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), path: "standard error")
    }
}
