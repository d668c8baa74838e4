// What a seat's holder may do by the seat's key alone: go on with another key, at another address,
// with an empty disk; and hold the seat out to another machine. Which seats there are is none of
// that: it is voted.

import Cryptography
import Primitives

enum SeatActRules {
    /// How long an offer may stand, in milliseconds: a day.
    static let longestOffer: UInt64 = 86_400_000
    /// How long the key before still signs what was under way when it was replaced, in
    /// milliseconds.
    static let retirement: UInt64 = 60_000

    static func course(of seat: UInt64, in state: any StateReader) -> SeatCourse {
        Tables.seatCourses.record(Key.number(seat), in: state) ?? SeatCourse()
    }

    private static func next(_ act: UInt64, _ seat: UInt64, _ transaction: Transaction)
        throws(Refusal) -> SeatCourse
    {
        var course = course(of: seat, in: transaction.state)
        guard act == course.acts + 1 else {
            throw Refusal(
                "seat.act",
                "the next act for seat \(seat) has the number \(course.acts + 1), not \(act)")
        }
        course.acts = act
        return course
    }

    /// The key of a token or of a seat must not be anybody's yet.
    private static func checkFree(
        _ key: [UInt8], for seat: UInt64, in state: any StateReader
    ) throws(Refusal) {
        guard key.count == 32, Digest(key) != .zero else {
            throw Refusal("members.key", "a seat's key has 32 bytes and is not zero")
        }
        for standing in SeatRules.roll(in: state) {
            let isHeld = standing.seat.publicKey == key || standing.course.offer?.key == key
            let isFormer = standing.course.formerKeys.contains(key)
            guard !isFormer, !isHeld || standing.seat.id == seat else {
                throw Refusal("members.key", "the key is or was seat \(standing.seat.id)'s")
            }
        }
    }

    /// Holds a seat out to whoever has a key.
    static func offer(_ offer: SeatOffer, by seat: UInt64, _ transaction: Transaction)
        throws(Refusal)
    {
        var course = try next(offer.act, seat, transaction)
        try checkFree(offer.key, for: seat, in: transaction.state)
        let latest = transaction.now.advanced(by: longestOffer)
        guard offer.expires > transaction.now, offer.expires <= latest else {
            throw Refusal("seat.offer", "a seat is held out until some time within a day")
        }
        course.offer = offer
        Tables.seatCourses.set(Key.number(seat), to: course, in: transaction.state)
        transaction.emit("seat.offered", ["seat": "\(seat)", "expires": "\(offer.expires)"])
    }

    /// Goes on with a seat as its holder says.
    static func take(_ claim: SeatClaim, by seat: UInt64, _ transaction: Transaction)
        throws(Refusal)
    {
        var course = try next(claim.act, seat, transaction)
        guard var holder = SeatRules.seat(seat, in: transaction.state) else {
            throw Refusal("member.unknown", "there is no seat \(seat)")
        }
        let isHolder = claim.signer == holder.publicKey
        if !isHolder { try checkOffer(course, claim, at: transaction.now) }
        if claim.publicKey != holder.publicKey {
            try checkFree(claim.publicKey, for: seat, in: transaction.state)
            course.formerKeys = Array(
                (course.formerKeys + [holder.publicKey]).suffix(SeatCourse.formerKeyLimit))
            // A machine that starts over leaves nobody behind who may still speak.
            course.retiring =
                claim.startsOver
                ? nil
                : SeatOffer(
                    act: claim.act, key: holder.publicKey,
                    expires: transaction.now.advanced(by: retirement))
        }
        try SeatRules.checkAddresses(claim, in: transaction.state)
        if claim.startsOver { course.life += 1 }
        course.offer = nil
        holder.publicKey = claim.publicKey
        holder.peerAddress = claim.peerAddress
        holder.clientOrigin = claim.clientOrigin
        SeatRules.set(holder, in: transaction.state)
        Tables.seatCourses.set(Key.number(seat), to: course, in: transaction.state)
        transaction.emit(
            "seat.taken",
            [
                "seat": "\(seat)", "life": "\(course.life)", "by": isHolder ? "holder" : "token",
                "key": Hex.encode(holder.publicKey), "address": holder.peerAddress,
            ])
    }

    private static func checkOffer(
        _ course: SeatCourse, _ claim: SeatClaim, at now: Timestamp
    ) throws(Refusal) {
        guard let offer = course.offer, offer.key == claim.signer else {
            throw Refusal(
                "seat.token", "the seat is not held out to this token: it was used, or replaced")
        }
        guard now <= offer.expires else {
            throw Refusal("seat.token-expired", "the token was good until \(offer.expires)")
        }
        guard claim.startsOver, claim.publicKey != claim.signer else {
            throw Refusal(
                "seat.token", "who takes a seat by token begins anew, with a key of its own")
        }
    }

    /// The keys with which a seat may have signed an entry.
    static func keys(of seat: UInt64, in state: any StateReader) -> [[UInt8]] {
        guard let holder = SeatRules.seat(seat, in: state) else { return [] }
        let now = Tables.meta.record(ChainPosition.key, in: state)?.timestamp ?? .zero
        let course = course(of: seat, in: state)
        guard let retiring = course.retiring, now <= retiring.expires else {
            return [holder.publicKey]
        }
        return [holder.publicKey, retiring.key]
    }
}

extension Views {
    /// Every seat that is, comes, goes or was, in the order of their numbers.
    public func seatRoll() -> [SeatStanding] { SeatRules.roll(in: state) }
}
