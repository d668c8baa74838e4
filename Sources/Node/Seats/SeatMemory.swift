// What is known of a seat outside its data folder, beside its key. A member that lost its data has
// forgotten what it promised in consensus, and an empty folder looks like one that has never been
// used: only somebody who remembers the life that was lived can tell them apart.

import Platform
import Primitives

/// The memory of a seat: a folder beside its key, of the same name with `.memory`.
struct SeatMemory: Sendable, Equatable {
    /// The folder.
    let folder: String

    /// How far a seat had come when it was noted: a restore opens a new epoch, an empty disk a new
    /// life, and both have promised nothing.
    struct Course: Equatable, Comparable, Sendable {
        /// The epoch.
        var epoch: UInt64
        /// The number of the life, from 0.
        var life: UInt64

        static func < (left: Course, right: Course) -> Bool {
            (left.epoch, left.life) < (right.epoch, right.life)
        }
    }

    private var path: String { folder + "/lived" }

    /// The memory beside a key.
    init(_ keyFile: SeatKeyFile) { folder = keyFile.path + ".memory" }

    /// What was noted last; nil for a seat that has promised nothing yet. Throws `life.malformed`.
    func course() throws(Refusal) -> Course? {
        guard Files.exists(path) else { return nil }
        let words = try Files.readText(path, limit: 128).split { $0.isWhitespace }
        guard words.count == 2, let epoch = UInt64(words[0]), let life = UInt64(words[1]) else {
            throw Refusal("life.malformed", "\(path) does not hold an epoch and a life")
        }
        return Course(epoch: epoch, life: life)
    }

    /// Notes that the seat promises from now on; returns when that is on the device. To be called
    /// once its log is there, and before anything is promised.
    func note(_ course: Course, _ seats: SeatsFile) throws(Refusal) {
        try keep(seats)
        guard try self.course() != course else { return }
        try Files.writeAtomically(path, Array("\(course.epoch) \(course.life)\n".utf8))
    }

    /// Keeps where the others are reached.
    func keep(_ seats: SeatsFile) throws(Refusal) {
        guard try SeatsFile.read(folder) != seats else { return }
        try Files.makeFolders(folder)
        try seats.write(folder)
    }

    /// The seats as a data folder says, or else as they were kept last.
    func seats(before dataFolder: String) throws(Refusal) -> SeatsFile? {
        if let file = try SeatsFile.read(dataFolder) { return file }
        return try SeatsFile.read(folder)
    }

    /// Whether a data folder has lost the log in which this seat made its promises.
    ///
    /// - Throws: `seat.log-lost` where everything else is there.
    func isDataLost(_ dataFolder: String, seat: UInt64) throws(Refusal) -> Bool {
        let log = dataFolder + "/log"
        guard let lived = try course() else { return false }
        let left = Files.exists(log) ? try Files.list(log) : []
        guard left.isEmpty else { return false }
        let present = Course(
            epoch: try EpochFile.read(dataFolder).epoch,
            life: try MemberLife.read(dataFolder, seat: seat).number)
        guard present <= lived else { return false }
        guard !Files.exists(dataFolder + "/state.sqlite") else {
            throw Refusal(
                "seat.log-lost",
                "\(log) is gone, and with it what seat \(seat) promised: move \(dataFolder) away"
                    + " and start again, the seat then begins a new life by itself")
        }
        return true
    }
}

extension MemberSettings {
    /// Where the seat is remembered; nil for one whose key lies in no file.
    var memory: SeatMemory? {
        keyFile.map(SeatMemory.init)
    }

    /// How far the seat has come.
    var course: SeatMemory.Course {
        SeatMemory.Course(epoch: epoch, life: MemberLife(id: consensusID).number)
    }
}
