// The constitution: the policy that says how every other decision is made.
//
// A document has `defaults`, complete, and `tracks`, each of which may replace any key of them.
// Every refusal names file, line and rule. What the document may say is further held by
// `ConstitutionBounds`, which no document can widen.

import Cryptography
public import Primitives

/// The tracks in force, read from `Policies/constitution.yaml`.
public struct Constitution: Sendable, Equatable {
    /// Every track, in the order of the document.
    public let tracks: [Track]
    /// What the guardian may do; nil where there is none.
    public let guardian: GuardianRules?
    /// The text it was read from.
    public let text: String
    /// SHA-256 of the text: the name a change of policy must give as its base.
    public let digest: Digest

    init(tracks: [Track], guardian: GuardianRules?, text: String, digest: Digest) {
        self.tracks = tracks
        self.guardian = guardian
        self.text = text
        self.digest = digest
    }

    /// Reads a constitution; throws with file, line and rule.
    public init(
        parsing text: String, name: String, bounds: ConstitutionBounds = .production
    ) throws(Refusal) {
        var document = try YAMLMapping(try YAML.parse(text, name: name), name: name)
        _ = try document.word("format", of: ["constitution/1"])
        let defaults = try document.mapping("defaults")
        var mapping = try document.mapping("tracks")
        var tracks: [Track] = []
        for key in mapping.allKeys() {
            var reader = TrackReader(
                own: try mapping.mapping(key), defaults: defaults, name: key)
            tracks.append(try reader.track(bounds: bounds))
        }
        let guardian = try Self.guardian(&document, bounds: bounds)
        try document.finish()
        try Self.checkWhole(tracks, mapping)
        self.tracks = tracks
        self.guardian = guardian
        self.text = text
        digest = SHA256.hash(Array(text.utf8))
    }

    /// The track for a kind.
    public func track(for kind: ProposalKind) throws(Refusal) -> Track {
        guard let track = tracks.first(where: { $0.name == kind.word }) else {
            throw Refusal("constitution.no-track", "no track is named \(kind.word)")
        }
        return track
    }

    /// The track of a name.
    public func track(named name: String) -> Track? { tracks.first { $0.name == name } }

    private static func guardian(
        _ document: inout YAMLMapping, bounds: ConstitutionBounds
    ) throws(Refusal) -> GuardianRules? {
        guard document.has("guardian") else { return nil }
        var inner = try document.mapping("guardian")
        let rules = GuardianRules(
            term: try inner.duration("term"), delay: try inner.duration("delay"),
            mayCancel: try inner.flag("cancel"))
        try inner.finish()
        do {
            try bounds.check(rules)
        } catch {
            throw document.refusal(
                "constitution.bounds", "`\(error.key)`: \(error.rule)", key: error.key)
        }
        return rules
    }

    private static func checkWhole(_ tracks: [Track], _ mapping: YAMLMapping) throws(Refusal) {
        for kind in ProposalKind.allCases where !tracks.contains(where: { $0.name == kind.word }) {
            throw mapping.refusal("constitution.missing", "the track `\(kind.word)` is missing")
        }
        for track in tracks {
            guard let name = track.spending?.beyond else { continue }
            guard let beyond = tracks.first(where: { $0.name == name }),
                beyond.kind == track.kind, beyond.spending?.beyond == nil, beyond != track
            else {
                throw mapping.refusal(
                    "constitution.spending",
                    "`spending.beyond` of \(track.name) must name another treasury-spend track"
                        + " that leads to no third one", key: track.name)
            }
            guard beyond.tally.threshold >= track.tally.threshold else {
                throw mapping.refusal(
                    "constitution.spending",
                    "\(beyond.name) must not have a lower threshold than \(track.name)",
                    key: beyond.name)
            }
        }
    }
}
