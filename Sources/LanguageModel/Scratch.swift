// Memory for the kernels.

/// A row of floats, zero at first and aligned for vector registers. It is never shared: whoever
/// makes one lets it go before returning, or keeps it private.
final class Scratch {
    let floats: UnsafeMutableBufferPointer<Float>

    init(_ count: Int) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        floats = memory.bindMemory(to: Float.self)
        floats.initialize(repeating: 0)
    }

    convenience init(copying values: [Float]) {
        self.init(values.count)
        for index in values.indices { floats[index] = values[index] }
    }

    deinit { UnsafeMutableRawBufferPointer(floats).deallocate() }

    /// The first float's address.
    var base: UnsafeMutablePointer<Float>? { floats.baseAddress }

    /// A copy of the values.
    var values: [Float] { Array(floats) }

    /// Sets every value to zero.
    func clear() { floats.update(repeating: 0) }
}
