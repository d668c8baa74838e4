// The canonical bytes of the challenge protocol. Every count and text has its own bound.

public import Primitives

extension ChallengeMessage: BinaryCodable {
    /// Decodes a message from outside: throws `challenge.oversized` or `challenge.malformed`.
    public static func received(_ bytes: [UInt8]) throws(Refusal) -> ChallengeMessage {
        guard bytes.count <= byteLimit else {
            throw Refusal(
                "challenge.oversized",
                "a challenge message has at most \(byteLimit) bytes, not \(bytes.count)")
        }
        do throws(Refusal) {
            return try ChallengeMessage(decoding: bytes)
        } catch {
            throw Refusal("challenge.malformed", error.message)
        }
    }

    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .hello(let hello):
            encoder.byte(1)
            encoder.value(hello)
        case .prepare(let prepare):
            encoder.byte(2)
            encoder.value(prepare)
        case .ready(let session):
            encoder.byte(3)
            encoder.digest(session)
        case .go(let session, let seed):
            encoder.byte(4)
            encoder.digest(session)
            encoder.digest(seed)
        case .commit(let session, let commitment):
            encoder.byte(5)
            encoder.digest(session)
            encoder.digest(commitment)
        case .roots(let session, let roots):
            encoder.byte(6)
            encoder.digest(session)
            encoder.array(roots) { $0.digest($1) }
        case .open(let session, let openings):
            encoder.byte(7)
            encoder.digest(session)
            encoder.array(openings) { $0.value($1) }
        case .proof(let session, let piece):
            encoder.byte(8)
            encoder.digest(session)
            encoder.value(piece)
        case .abort(let session, let reason):
            encoder.byte(9)
            encoder.digest(session)
            encoder.text(reason)
        case .verdict(let verdict):
            encoder.byte(10)
            encoder.value(verdict)
        }
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        let kind = try decoder.byte()
        switch kind {
        case 1: self = .hello(try decoder.value())
        case 2: self = .prepare(try decoder.value())
        case 10: self = .verdict(try decoder.value())
        case 3...9: try self.init(kind: kind, session: try decoder.digest(), from: &decoder)
        default: throw Refusal("codec.malformed", "no challenge message has kind \(kind)")
        }
    }

    private init(kind: UInt8, session: Digest, from decoder: inout BinaryDecoder) throws(Refusal) {
        switch kind {
        case 3: self = .ready(session: session)
        case 4: self = .go(session: session, seed: try decoder.digest())
        case 5: self = .commit(session: session, commitment: try decoder.digest())
        case 6:
            let limit = Int(ChallengeParameters.passLimit)
            let roots = try decoder.array(limit: limit) { decoder throws(Refusal) in
                try decoder.digest()
            }
            self = .roots(session: session, roots: roots)
        case 7:
            let limit = Int(ChallengeParameters.openingLimit)
            let openings = try decoder.array(limit: limit) { decoder throws(Refusal) in
                try decoder.value(Opening.self)
            }
            self = .open(session: session, openings: openings)
        case 8: self = .proof(session: session, piece: try decoder.value())
        default: self = .abort(session: session, reason: try decoder.text(limit: 256))
        }
    }
}

extension ChallengeMessage.Hello: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(agent)
        encoder.array(kernels) { $0.value($1) }
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        agent = try decoder.text(limit: 64)
        kernels = try decoder.array(limit: 64) { decoder throws(Refusal) in try decoder.value() }
    }
}

extension ChallengeMessage.KernelVersion: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.text(name)
        encoder.number(version)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        name = try decoder.text(limit: KernelRegistry.nameLimit)
        version = try decoder.number32()
    }
}

extension ChallengeMessage.Prepare: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.digest(session)
        encoder.value(kernel)
        encoder.byte(threads.rawValue)
        encoder.value(parameters)
        encoder.number(memory)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        session = try decoder.digest()
        kernel = try decoder.value()
        guard let threads = ThreadUse(rawValue: try decoder.byte()) else {
            throw Refusal("codec.malformed", "this use of threads is not known")
        }
        self.threads = threads
        parameters = try decoder.value()
        memory = try decoder.number()
    }
}

extension ChallengeMessage.Opening: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(pass)
        encoder.number(block)
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        pass = try decoder.number32()
        block = try decoder.number32()
    }
}

extension ChallengeMessage.ProofPiece: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        switch self {
        case .bands(let round, let first, let content):
            encoder.byte(0)
            encoder.number(round)
            encoder.number(first)
            encoder.data(content)
        case .leaves(let leaves):
            encoder.byte(1)
            encoder.array(leaves) { $0.value($1) }
        case .tiles(let tiles):
            encoder.byte(2)
            encoder.array(tiles) { $0.value($1) }
        }
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        switch try decoder.byte() {
        case 0:
            self = .bands(
                round: try decoder.number32(), first: try decoder.number32(),
                content: try decoder.data(limit: ChallengeMessage.pieceLimit))
        case 1:
            let limit = Int(ChallengeParameters.openingLimit)
            self = .leaves(
                try decoder.array(limit: limit) { decoder throws(Refusal) in try decoder.value() })
        case 2:
            let limit = Int(ChallengeParameters.costlyOpeningLimit)
            self = .tiles(
                try decoder.array(limit: limit) { decoder throws(Refusal) in try decoder.value() })
        default: throw Refusal("codec.malformed", "this piece of a proof is not known")
        }
    }
}

extension ChallengeMessage.LeafProof: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(opening)
        encoder.data(content)
        encoder.array(path) { $0.digest($1) }
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        opening = try decoder.value()
        content = try decoder.data(limit: 4096)
        path = try decoder.array(limit: 32) { decoder throws(Refusal) in try decoder.digest() }
    }
}

extension ChallengeMessage.TileProof: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.value(opening)
        encoder.data(panel)
        encoder.array(panelPath) { $0.digest($1) }
        encoder.data(tile)
        encoder.array(tilePath) { $0.digest($1) }
        encoder.array(columnPath) { $0.digest($1) }
    }

    /// Reads the canonical form; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        func path(_ decoder: inout BinaryDecoder) throws(Refusal) -> [Digest] {
            try decoder.array(limit: 32) { decoder throws(Refusal) in try decoder.digest() }
        }
        opening = try decoder.value()
        panel = try decoder.data(limit: ChallengeMessage.pieceLimit)
        panelPath = try path(&decoder)
        tile = try decoder.data(limit: ChallengeMessage.tileLimit)
        tilePath = try path(&decoder)
        columnPath = try path(&decoder)
    }
}
