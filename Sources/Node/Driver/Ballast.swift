// Space kept back for a full disk: with it let go, what is committed can still be applied, so that
// reads go on while writes are refused.

import Glibc
import Platform
import Primitives
import Synchronization

/// A file that holds space, and whether the disk is short of it.
final class Ballast: Sendable {
    /// What is kept back: far more than applying all that may be under way takes.
    private static let size: UInt64 = 16 << 20
    /// With less than this free, writes are refused: a segment of the log and what a few seconds
    /// can still bring must fit.
    private static let lowMark: UInt64 = 32 << 20
    /// With this much free, writes are taken again. A member asks for more before it starts.
    private static let highMark: UInt64 = 48 << 20

    private let folder: String
    private let isHeldBack = Atomic<Bool>(false)
    private let isRestoring = Atomic<Bool>(false)
    private let isShort = Atomic<Bool>(false)

    /// Keeps space back in a folder, as far as there is any.
    init(folder: String) {
        self.folder = folder
        isHeldBack.store(Ballast.reserve(in: folder), ordering: .relaxed)
    }

    private var path: String { Ballast.path(in: folder) }

    private static func path(in folder: String) -> String { "\(folder)/reserve.ballast" }

    private static func reserve(in folder: String) -> Bool {
        let path = path(in: folder)
        do throws(Refusal) {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
            try file.reserve(size)
            return true
        } catch {
            try? Files.remove(path)
            return false
        }
    }

    /// Whether writes are to be refused for want of space.
    var isLow: Bool { isShort.load(ordering: .relaxed) }

    /// Lets the space go; false when it is gone already.
    func letGo() -> Bool {
        isShort.store(true, ordering: .relaxed)
        guard isHeldBack.exchange(false, ordering: .relaxed) else { return false }
        try? Files.remove(path)
        return true
    }

    /// Looks at the disk, and keeps space back again when there is plenty. On a thread of its own:
    /// reserving may take its time.
    func look() {
        guard let free = try? Machine.freeBytes(at: folder) else { return }
        let mark = isLow ? Ballast.highMark : Ballast.lowMark
        isShort.store(free < mark, ordering: .relaxed)
        guard free > Ballast.highMark + Ballast.size, !isHeldBack.load(ordering: .relaxed),
            !isRestoring.exchange(true, ordering: .relaxed)
        else { return }
        try? SystemThread.start("ballast") { [self] in
            isHeldBack.store(Ballast.reserve(in: folder), ordering: .relaxed)
            isRestoring.store(false, ordering: .relaxed)
        }
    }
}
