// The files that training data is read from: found by name, known by digest.

import Cryptography
import Governance
import Platform
import Primitives

/// Finds data files by their digests.
struct DataFiles {
    /// Files that were named.
    let files: [String]
    /// Where others may lie.
    let folder: String

    /// The most bytes of one file.
    static let byteLimit = 1 << 30

    /// The data that a proposal's effects name, each once.
    static func wanted(by proposal: ProposalFile) -> [TrainingData] {
        var wanted: [TrainingData] = []
        for effect in proposal.allEffects {
            guard case .trainModel(let plan) = effect else { continue }
            for data in plan.data where !wanted.contains(where: { $0.digest == data.digest }) {
                wanted.append(data)
            }
        }
        return wanted
    }

    /// The paths of the files that have the wanted digests. A named file that has none of them is
    /// refused (`data.digest`): it would be silently left behind. So is a length that is not the
    /// file's (`data.bytes`).
    func find(_ wanted: [TrainingData]) throws(Refusal) -> [Digest: String] {
        var found: [Digest: String] = [:]
        for path in files {
            let bytes = try Files.read(path, limit: DataFiles.byteLimit)
            let digest = SHA256.hash(bytes)
            guard let data = wanted.first(where: { $0.digest == digest }) else {
                throw Refusal("data.digest", "\(path) has the digest \(digest), which is not named")
            }
            try DataFiles.check(data, path, count: bytes.count)
            found[digest] = path
        }
        for data in wanted where found[data.digest] == nil {
            for path in candidates(for: data) {
                let bytes = try Files.read(path, limit: DataFiles.byteLimit)
                guard SHA256.hash(bytes) == data.digest else { continue }
                try DataFiles.check(data, path, count: bytes.count)
                found[data.digest] = path
                break
            }
        }
        return found
    }

    /// The files of the folder that bear a name of the proposal.
    func candidates(for data: TrainingData) -> [String] {
        // A name is from the proposal's file; it may not lead out of the folder.
        guard !data.name.contains("/"), !data.name.hasPrefix(".") else { return [] }
        return ["\(folder)/\(data.name)", "\(folder)/\(data.name).txt"].filter(Files.exists)
    }

    private static func check(
        _ data: TrainingData, _ path: String, count: Int
    ) throws(Refusal) {
        guard data.bytes == UInt64(count) else {
            throw Refusal(
                "data.bytes",
                "\(path) has \(count) bytes, and the proposal says \(data.bytes) of `\(data.name)`")
        }
    }
}
