// Memory for kernels: aligned for the widest vectors, not initialised twice, shared between
// workers.

import CKernels

/// A fixed block of memory for `count` numbers.
///
/// Unchecked: workers write to it at the same time, each only to the part that its index owns; that
/// is what every use in this target must keep.
final class AlignedBuffer<Element: Sendable>: @unchecked Sendable {
    /// Alignment in bytes of a small block: a cache line, and the widest vector.
    private static var alignment: Int { 64 }
    /// From how many bytes on a block lies in large pages: two of them.
    private static var largeBytes: Int { 2 * Int(ALTHING_LARGE_PAGE) }

    let count: Int
    let start: UnsafeMutablePointer<Element>

    /// Takes memory and sets all of it to `value`, so that later use meets no page fault.
    init(count: Int, repeating value: Element) {
        self.count = count
        let bytes = count * MemoryLayout<Element>.stride
        let isLarge = bytes >= Self.largeBytes
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: isLarge ? Int(ALTHING_LARGE_PAGE) : Self.alignment)
        if isLarge { althing_prefer_large_pages(memory, bytes) }
        start = memory.initializeMemory(as: Element.self, repeating: value, count: count)
    }

    deinit {
        start.deinitialize(count: count)
        UnsafeMutableRawPointer(start).deallocate()
    }

    /// The bytes from element `offset` on.
    func bytes(from offset: Int, count: Int) -> UnsafeRawBufferPointer {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
        return UnsafeRawBufferPointer(
            start: start + offset, count: count * MemoryLayout<Element>.stride)
    }
}
