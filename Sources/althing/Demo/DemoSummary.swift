// What the demonstration found, in one object.

import Primitives

struct DemoSummary {
    var members = 0
    var leaderChanges: UInt64 = 0
    var providers = 0
    var benchmarked = 0
    var proposal = JSON.null
    var segments: UInt64 = 0
    var rounds: UInt64 = 0
    var compared: UInt64 = 0
    var bitsPerByteStart = ""
    var bitsPerByteEnd = ""
    var bigram = ""
    var modelDigest = ""
    var calmDigest = ""
    var cheaterCaught = false
    var slashed = ""
    var releaseStatus = ""
    var requests: UInt64 = 0
    var tokens: UInt64 = 0
    var refused402: UInt64 = 0
    var revenueIn = ""
    var revenuePaid = ""
    var revenueCarried = ""
    var auditEntries: UInt64 = 0
    var auditOk = false
    var tamperDetected = false
    var memoryBytes: UInt64 = 0
    var seconds: UInt64 = 0

    mutating func note(job: JSON) {
        segments = job["segments_accepted"]?.unsigned ?? 0
        rounds = job["rounds"]?.unsigned ?? 0
        compared = job["duplicates_compared"]?.unsigned ?? 0
        bitsPerByteStart = job["bits_per_byte_start"]?.text ?? ""
        bitsPerByteEnd = job["bits_per_byte_end"]?.text ?? ""
        bigram = job["bigram_bits_per_byte"]?.text ?? ""
    }

    /// A decimal text as a JSON number.
    private func number(_ text: String) -> JSON { text.isEmpty ? .null : .number(text) }

    var json: JSON {
        [
            "members": .int(members), "leader_changes": .int(leaderChanges),
            "providers": .int(providers), "benchmarked": .int(benchmarked),
            "proposal": [
                "id": proposal["id"] ?? .null, "status": proposal["status"] ?? .null,
                "for": proposal["for"] ?? .null, "against": proposal["against"] ?? .null,
                "quorum": proposal["quorum"] ?? .null,
            ],
            "training": [
                "segments": .int(segments), "rounds": .int(rounds),
                "compared": .int(compared),
                "bits_per_byte_start": number(bitsPerByteStart),
                "bits_per_byte_end": number(bitsPerByteEnd),
                "bigram_bits_per_byte": number(bigram), "model_digest": .string(modelDigest),
                "calm_run_digest": .string(calmDigest),
            ],
            "cheater": ["caught": .bool(cheaterCaught), "slashed": .string(slashed)],
            "release": ["status": .string(releaseStatus)],
            "usage": [
                "requests": .int(requests), "tokens": .int(tokens),
                "refused_402": .int(refused402),
            ],
            "revenue": [
                "in": .string(revenueIn), "paid": .string(revenuePaid),
                "carried": .string(revenueCarried),
            ],
            "audit": [
                "entries": .int(auditEntries), "ok": .bool(auditOk),
                "tamper_detected": .bool(tamperDetected),
            ],
            "memory_bytes": .int(memoryBytes), "seconds": .int(seconds),
        ]
    }
}
