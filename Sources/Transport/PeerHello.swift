// The first words of a connection between members: which cluster, which member, which life of it.

public import Primitives

/// What a member says of itself to another.
public struct PeerIdentity: Sendable, Hashable {
    /// The digest of the genesis document.
    public var cluster: Digest
    /// Grows with each restore or recovery of the cluster.
    public var epoch: UInt64
    /// The member's number.
    public var member: UInt64
    /// Grows each time the member starts with an empty disk.
    public var incarnation: UInt64

    /// Makes an identity.
    public init(cluster: Digest, epoch: UInt64, member: UInt64, incarnation: UInt64) {
        self.cluster = cluster
        self.epoch = epoch
        self.member = member
        self.incarnation = incarnation
    }
}

extension PeerIdentity: BinaryCodable {
    /// Cluster, epoch, member, incarnation.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(cluster)
        encoder.number(epoch)
        encoder.number(member)
        encoder.number(incarnation)
    }

    /// Reads what `encode` wrote.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        cluster = try decoder.digest()
        epoch = try decoder.number()
        member = try decoder.number()
        incarnation = try decoder.number()
    }
}

/// The greeting, sent once each way: it binds cluster, epoch, member and incarnation to every frame
/// of its connection, as strongly as if each frame repeated them.
///
/// A connection is one TLS 1.3 session with fresh keys of both sides, nothing is resumed and no
/// early data is taken. Its records are numbered and authenticated in order, so no byte of another
/// connection, of another member or of an earlier time can be put between the greeting and a frame,
/// and a recorded connection, played to the listener again, ends in the handshake. What each frame
/// would say is therefore what the greeting said; who receives a message gets it with the
/// identity that greeted. What could change behind it is who counts: a connection is closed when
/// its seat begins another life or goes, and an epoch changes only while the member is down, so
/// that all its connections begin anew.
struct PeerHello: BinaryCodable, Equatable {
    /// The code that tells a member that it missed a restore or a recovery.
    static let pastEpoch = "peer.past-epoch"

    /// The version of the frames that follow.
    static let version: UInt64 = 1

    /// Who speaks.
    var from: PeerIdentity
    /// The member that is meant to hear it.
    var to: UInt64

    func encode(into encoder: inout BinaryEncoder) {
        encoder.number(PeerHello.version)
        encoder.value(from)
        encoder.number(to)
    }

    init(from: PeerIdentity, to: UInt64) {
        self.from = from
        self.to = to
    }

    init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let version = try decoder.number()
        guard version == PeerHello.version else {
            throw Refusal("peer.version", "version \(version) of the peer protocol is not spoken")
        }
        from = try decoder.value(PeerIdentity.self)
        to = try decoder.number()
    }

    /// Why a member that is `own` does not talk to the sender, whose key belongs to `keyHolder`.
    func refusal(own: PeerIdentity, keyHolder: UInt64?) -> Refusal? {
        if from.cluster != own.cluster {
            return Refusal(
                "peer.wrong-cluster",
                "member \(from.member) belongs to the cluster of genesis \(from.cluster), "
                    + "this one to \(own.cluster)")
        }
        if to != own.member {
            return Refusal(
                "peer.wrong-member", "member \(to) was called, but this is member \(own.member)")
        }
        if from.member != keyHolder {
            return Refusal(
                "peer.wrong-key", "the key shown is not that of member \(from.member)")
        }
        if from.epoch < own.epoch {
            return Refusal(
                PeerHello.pastEpoch,
                "epoch \(from.epoch) is over: member \(own.member) is in epoch \(own.epoch), since"
                    + " a restore or a recovery")
        }
        if from.epoch > own.epoch {
            return Refusal(
                "peer.wrong-epoch",
                "member \(from.member) is in epoch \(from.epoch), this one in \(own.epoch)")
        }
        return nil
    }
}
