// What a member says of a snapshot: enough to fetch it, and to know that what came is it.

import Cryptography
package import Primitives
package import Raft

/// A snapshot's place in the log, and its file's size and digest.
package struct SnapshotDescriptor: BinaryCodable, Sendable, Equatable {
    /// The last entry that it covers.
    package var index: UInt64
    /// That entry's term.
    package var term: UInt64
    /// The membership as of that entry, in the core's canonical form; empty for the genesis'.
    package var configuration: [UInt8]
    /// The file's size in bytes.
    package var size: UInt64
    /// SHA-256 of the file.
    package var digest: Digest

    package init(
        index: UInt64, term: UInt64, configuration: [UInt8], size: UInt64, digest: Digest
    ) {
        self.index = index
        self.term = term
        self.configuration = configuration
        self.size = size
        self.digest = digest
    }

    /// Appends the canonical form.
    package func encode(into encoder: inout BinaryEncoder) {
        encoder.byte(1)
        encoder.number(index)
        encoder.number(term)
        encoder.data(configuration)
        encoder.number(size)
        encoder.digest(digest)
    }

    /// Reads the canonical form.
    package init(from decoder: inout BinaryDecoder) throws(Refusal) {
        guard try decoder.byte() == 1 else {
            throw Refusal("snapshot.version", "this form of a snapshot cannot be read")
        }
        index = try decoder.number()
        term = try decoder.number()
        configuration = try decoder.data(limit: 1 << 16)
        size = try decoder.number()
        digest = try decoder.digest()
    }

    /// As the consensus core sends it; `seats` are the genesis' members.
    package func snapshot(seats: [UInt64]) throws(Refusal) -> Snapshot {
        Snapshot(
            position: CorePosition(term: term, index: index),
            configuration: try ConfigurationState(stored: configuration, seats: seats),
            data: encoded)
    }
}

extension ConfigurationState {
    /// The membership as it is stored with the state; empty stands for the genesis' seats.
    package init(stored bytes: [UInt8], seats: [UInt64]) throws(Refusal) {
        if bytes.isEmpty {
            self.init(voters: seats)
        } else {
            try self.init(decoding: bytes)
        }
    }
}
