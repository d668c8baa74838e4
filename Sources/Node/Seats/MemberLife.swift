// A seat's lives. A machine that lost its disk has forgotten what it promised in consensus: it must
// not come back under the name under which it promised. So consensus knows lives, not seats, and a
// seat that starts over has the next one.

import ControlPlane
import Platform
import Primitives

/// One life of a seat, as consensus names it.
struct MemberLife: Hashable, Sendable {
    /// The name in consensus: the life's number above the seat's 16 bits. A seat's first life has
    /// the seat's own number.
    let id: UInt64

    /// The life that consensus names so.
    init(id: UInt64) { self.id = id }

    /// A seat's life by its number, from 0.
    init(seat: UInt64, number: UInt64) { id = Seat.life(number, of: seat) }

    /// The seat.
    var seat: UInt64 { Seat.number(ofLife: id) }
    /// Which of its lives, from 0.
    var number: UInt64 { id >> 16 }
    /// As greetings say it, from 1.
    var incarnation: UInt64 { number + 1 }

    /// The seat of a name in consensus.
    static func seat(of id: UInt64) -> UInt64 { MemberLife(id: id).seat }

    // MARK: The file

    private static func path(_ dataFolder: String) -> String { dataFolder + "/life" }

    /// The life that a data folder holds; the seat's first where no file says otherwise.
    ///
    /// Throws `life.malformed`.
    static func read(_ dataFolder: String, seat: UInt64) throws(Refusal) -> MemberLife {
        guard Files.exists(path(dataFolder)) else { return MemberLife(seat: seat, number: 0) }
        let text = try Files.readText(path(dataFolder), limit: 64)
        guard let number = UInt64(text.filter { !$0.isWhitespace }), number < 1 << 47 else {
            throw Refusal("life.malformed", "\(path(dataFolder)) holds no number")
        }
        return MemberLife(seat: seat, number: number)
    }

    /// Writes it; returns when it is on the device.
    func write(_ dataFolder: String) throws(Refusal) {
        try Files.writeAtomically(MemberLife.path(dataFolder), Array("\(number)\n".utf8))
    }
}
