// The seats as a member knew them last, beside its state: what it needs to call the others before
// it has a state, or when that is damaged.

import ControlPlane
import Platform
import Primitives

/// The seats as of one entry.
struct SeatsFile: BinaryCodable, Sendable, Equatable {
    /// The entry: what the state says as of an earlier one is older than this.
    var index: UInt64
    /// Every seat.
    var roll: [SeatStanding]

    init(index: UInt64, roll: [SeatStanding]) {
        self.index = index
        self.roll = roll
    }

    func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(1)
        encoder.number(index)
        encoder.array(roll) { $0.value($1) }
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard try decoder.byte() == 1 else {
            throw Refusal("seats.version", "the seats are written in a form of a later version")
        }
        index = try decoder.number()
        roll = try decoder.array(limit: 1024) { decoder throws(Refusal) in try decoder.value() }
    }

    private static func path(_ dataFolder: String) -> String { dataFolder + "/seats" }

    /// What a data folder says; nil where it says nothing.
    static func read(_ dataFolder: String) throws(Refusal) -> SeatsFile? {
        guard Files.exists(path(dataFolder)) else { return nil }
        return try SeatsFile(decoding: try Files.read(path(dataFolder), limit: 1 << 20))
    }

    /// Writes it; returns when it is on the device.
    func write(_ dataFolder: String) throws(Refusal) {
        try Files.writeAtomically(SeatsFile.path(dataFolder), encoded)
    }
}
