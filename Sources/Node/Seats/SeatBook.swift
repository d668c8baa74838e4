// Who is a member, at present: asked at every handshake and for every call, told by the state
// whenever that changes.

import ControlPlane
import Platform
import Primitives
import Synchronization
import Transport

/// The seats as this member knows them.
final class SeatBook: Sendable {
    /// What a key is good for.
    enum Holder: Equatable {
        /// It is this seat's.
        case present(UInt64)
        /// It was this seat's once.
        case former(UInt64)
        /// This seat is held out to it.
        case offered(UInt64)

        /// The seat.
        var seat: UInt64 {
            switch self {
            case .present(let seat), .former(let seat), .offered(let seat): seat
            }
        }
    }

    /// The code of the expulsion of a member that has to change over to its seat's present key.
    static let rekeyed = "seat.rekeyed"

    private let contents: Mutex<SeatsFile>

    /// A book that begins with what the data folder says, or else with the genesis.
    init(genesis: Genesis, file: SeatsFile?) {
        let founding = genesis.seats.map { SeatStanding(seat: $0, place: .seated) }
        contents = Mutex(file ?? SeatsFile(index: 0, roll: founding))
    }

    /// Everything in it.
    var file: SeatsFile { contents.withLock { $0 } }

    /// Takes what the state says as of an entry; false where that is older, or nothing new.
    func update(_ roll: [SeatStanding], asOf index: UInt64) -> Bool {
        contents.withLock { contents in
            guard index >= contents.index else { return false }
            defer { contents = SeatsFile(index: index, roll: roll) }
            return contents.roll != roll
        }
    }

    /// Every seat that is one, comes or goes.
    var seats: [Seat] { file.roll.filter { $0.place != .removed }.map(\.seat) }

    /// How a seat stands.
    func standing(_ seat: UInt64) -> SeatStanding? { file.roll.first { $0.seat.id == seat } }

    /// The seat's present life.
    func life(of seat: UInt64) -> MemberLife {
        MemberLife(seat: seat, number: standing(seat)?.course.life ?? 0)
    }

    /// Whose key it is.
    func holder(of key: PinnedKey) -> Holder? {
        let bytes = key.bytes
        let now = SystemClock.now()
        var former: Holder?
        for standing in file.roll {
            let seat = standing.seat.id
            if standing.place != .removed {
                if standing.seat.publicKey == bytes { return .present(seat) }
                // Until its member has changed over, the key before is as good.
                if let retiring = standing.course.retiring, retiring.key == bytes,
                    now <= retiring.expires
                {
                    return .present(seat)
                }
                if standing.course.offer?.key == bytes { return .offered(seat) }
            }
            if standing.course.formerKeys.contains(bytes) { former = .former(seat) }
        }
        return former
    }

    /// Why a member that greeted correctly is not listened to.
    func refusal(of peer: PeerIdentity, key: PinnedKey?) -> Refusal? {
        guard let holder = key.flatMap(holder(of:)) else {
            return Refusal("peer.wrong-key", "no seat has the key that was shown")
        }
        switch holder {
        case .present(let seat):
            let known = life(of: seat).incarnation
            guard peer.incarnation < known else { return nil }
            return Refusal(
                "peer.old-incarnation",
                "seat \(seat) goes on in life \(known), and this was its life"
                    + " \(peer.incarnation): it counts for nothing any more")
        case .former(let seat):
            let isRemoved = standing(seat)?.place == .removed
            return isRemoved
                ? Refusal("peer.removed", "a vote removed seat \(seat)")
                : Refusal("peer.replaced", "seat \(seat) goes on with another key, elsewhere")
        case .offered(let seat):
            return Refusal("peer.token", "a token for seat \(seat) is no member yet")
        }
    }

    /// Why the member of a seat has no business here any more, by what the state says.
    func expulsion(_ life: MemberLife, key: [UInt8]) -> Refusal? {
        guard let standing = standing(life.seat) else { return nil }
        guard standing.place != .removed else {
            return Refusal(
                "seat.removed", "a vote removed seat \(life.seat): there is nothing left to do")
        }
        guard standing.course.life <= life.number else {
            return Refusal(
                "seat.taken",
                "seat \(life.seat) began anew with an empty disk: this data folder is that of an"
                    + " earlier life, and must not be used again")
        }
        // In a life of the future this state does not know the seat's keys yet.
        guard standing.course.life == life.number, key != standing.seat.publicKey else {
            return nil
        }
        if standing.course.retiring?.key == key {
            return Refusal(
                SeatBook.rekeyed, "seat \(life.seat) has another key: this member changes over")
        }
        return Refusal("seat.key", "seat \(life.seat) goes on with another key than this member's")
    }
}
