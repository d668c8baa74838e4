// Sockets are this process's own: NIO opens them so that programs it starts would inherit them, and
// a job or a tool would then hold a port long after its server has closed it.

import Glibc
import NIOCore
import NIOPosix

extension ChannelPipeline.SynchronousOperations {
    /// Keeps the channel's socket out of programs that this process starts.
    func closeSocketOnExec() throws {
        try withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}
