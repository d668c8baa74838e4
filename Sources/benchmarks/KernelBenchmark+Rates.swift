// The rates of the kernels that have no peer here, one core each.

import CKernels

extension KernelBenchmark {
    func rates() {
        let key = Scratch<UInt8>(32) { UInt8($0) }
        arithmetic()
        hashing()
        transform()
        table(key)
        layers()
    }

    private func rate(_ title: String, _ unit: String, _ body: @escaping () -> Double) {
        run(title, unit, [Entrant(name: "ours", body: body)], compare: false)
    }

    private func arithmetic() {
        let lanes = 4096
        let x = Scratch<Float>(lanes) { Float($0 % 200 - 100) / 100 }
        let c = Scratch<Float>(lanes) { 1.5 + Float($0 % 499) / 1000 }
        run(
            "cpu.fma-chain", "FLOP/s",
            [
                Entrant(name: "registers alone") {
                    var sink: Float = 0
                    return althing_peak_float(1_000_000, &sink)
                },
                Entrant(name: "ours") {
                    fma_chain(x.start, c.start, lanes, 2000)
                    return 2 * Double(lanes) * 2000
                },
            ])
        let words = Scratch<UInt64>(Int(INTEGER_MIX_ENTRIES)) {
            (UInt64($0) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        }
        let state = Scratch<UInt64>(4) { UInt64($0) }
        rate("cpu.int-mix", "OP/s") {
            integer_mix(words.start, state.start, 1_000_000)
            return 1e6
        }
    }

    private func hashing() {
        let digests = Scratch<UInt8>(4096 * 32) { UInt8(truncatingIfNeeded: $0) }
        rate("cpu.sha256, chained in lanes (64 bytes a hash)", "B/s") {
            sha256_chain(digests.start, 4096, 20)
            return 64 * 4096 * 20
        }
        let message = Scratch<UInt8>(1 << 20) { UInt8(truncatingIfNeeded: $0) }
        rate("SHA-256 of two messages side by side", "B/s") {
            sha256_pair(
                0, message.start, message.start + 1 << 19, 1 << 19, digests.start,
                digests.start + 32)
            return Double(1 << 20)
        }
    }

    private func transform() {
        let log2: UInt32 = 20
        let twiddles = Scratch<UInt32>(1 << Int(log2)) { _ in 0 }
        ntt_prepare(log2, twiddles.start)
        let values = Scratch<UInt32>(1 << Int(log2)) { UInt32($0) }
        rate("cpu.ntt, 2^20 residues", "butterfly/s") {
            ntt_forward(log2, twiddles.start, values.start)
            return Double(log2) * Double(1 << Int(log2 - 1))
        }
    }

    private func table(_ key: Scratch<UInt8>) {
        let pages = 1 << 16
        let entries = UInt64(pages) * UInt64(MEMORY_PAGE_ENTRIES)
        let memory = Scratch<UInt64>(Int(entries)) { _ in 0 }
        rate("mem.fill", "B/s") {
            memory_fill(key.start, 0, pages, memory.start)
            return Double(pages) * Double(MEMORY_PAGE)
        }
        let state = Scratch<UInt64>(1) { _ in 12345 }
        rate("mem.chase, 256 MiB", "read/s") {
            state.start[0] = memory_walk(memory.start, entries, state.start[0], 100_000)
            return 1e5
        }
        rate("mem.chase replayed without the table", "read/s") {
            state.start[0] = memory_replay(key.start, entries, state.start[0], 1000)
            return 1e3
        }
    }

    private func layers() {
        let (context, size) = (2048, 128)
        let rows = Scratch<Float>(4 * context * size) { Float($0 % 1000 - 500) / 500 }
        let workspace = Scratch<Float>(althing_attention_workspace(context)) { _ in 0 }
        rate("attention, causal, 2048 x 128", "FLOP/s") {
            let part = context * size
            var task = althing_attention(
                size: size, stride: size, first: 0, last: context, query: rows.start,
                key: rows.start + part, value: rows.start + 2 * part, out: rows.start + 3 * part)
            althing_attention_forward(&task, workspace.start)
            return 2 * Double(context) * Double(context) * Double(size)
        }
        let (side, channels) = (56, 256)
        let image = Scratch<Float>((side + 2) * (side + 2) * channels) { Float($0 % 17 - 8) }
        let weights = Scratch<Float>(9 * channels * channels) { Float($0 % 13 - 6) }
        let out = Scratch<Float>(side * (side + 2) * channels) { _ in 0 }
        rate("convolution 3 x 3, 56 x 56 x 256", "FLOP/s") {
            var task = althing_convolution(
                height: side, width: side, inputs: channels, outputs: channels, in: image.start,
                weights: weights.start, out: out.start)
            althing_convolve(&task, workspace.start)
            return 18 * Double(side * side) * Double(channels) * Double(channels)
        }
    }
}
