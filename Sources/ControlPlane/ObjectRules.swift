// Which objects the state refers to: only these may be uploaded and are kept.

import Primitives

enum ObjectRules {
    /// Notes that an object belongs here. The first reason stands.
    static func expect(_ digest: Digest, kind: String, job: UInt64, _ state: StateOverlay) {
        guard Tables.objects.record(digest.bytes, in: state) == nil else { return }
        Tables.objects.set(digest.bytes, to: ObjectRecord(kind: kind, job: job), in: state)
    }
}
