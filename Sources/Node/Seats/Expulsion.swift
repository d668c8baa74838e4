// A data folder whose member was told that it has no business in the cluster any more: the word
// stays in the folder, so that it is not started over and over.

import Platform
import Primitives

/// The word in a data folder.
enum Expulsion {
    private static func path(_ dataFolder: String) -> String { dataFolder + "/expelled" }

    /// Notes why the member ended.
    static func note(_ reason: Refusal, _ dataFolder: String) throws(Refusal) {
        try Files.writeAtomically(
            path(dataFolder), Array("\(reason.code)\n\(reason.message)\n".utf8))
    }

    /// Refuses a folder whose member was told to go, with the reason it was given.
    static func check(_ dataFolder: String) throws(Refusal) {
        guard Files.exists(path(dataFolder)) else { return }
        let lines = try Files.readText(path(dataFolder), limit: 4096).split(separator: "\n")
        guard lines.count > 1 else {
            throw Refusal("seat.taken", "\(dataFolder) is that of a member that was told to go")
        }
        throw Refusal(
            String(lines[0]),
            "\(lines[1]); \(dataFolder) is not started again (see \(path(dataFolder)))")
    }
}
