// The state's file as a whole: its form, and copies of it that are made while it is in use.

import CSQLite
public import Primitives

extension StateDatabase {
    /// Refuses a file that a later version wrote, or that is none of ours (`state.newer`,
    /// `state.older`, `state.damaged`). Answers whether it is new.
    func checkFormat(_ path: String) throws(Refusal) -> Bool {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        let sql = """
            SELECT (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)
            """
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK,
            sqlite3_step(statement) == SQLITE_ROW
        else {
            let isFile = sqlite3_errcode(handle) != SQLITE_CANTOPEN
            throw Refusal(isFile ? "state.damaged" : "state.unavailable", "\(path): \(message)")
        }
        let format = sqlite3_column_int(statement, 0)
        let isNew = sqlite3_column_int(statement, 1) == 0
        guard !isNew, format != StateDatabase.format else { return isNew }
        guard format < StateDatabase.format else {
            throw Refusal(
                "state.newer",
                "\(path) has form \(format), this program reads up to \(StateDatabase.format): it"
                    + " was written by a newer version; start that version, or move the data folder"
                    + " away and let this member join again")
        }
        throw Refusal(
            "state.older",
            "\(path) has form \(format), from before the first release; move the data folder away"
                + " and let this member join again")
    }

    /// Flips one bit of a stored value behind everybody's back, as a device does; for simulations.
    /// `row` and `bit` are taken modulo what there is.
    package func rot(row: UInt64, bit: UInt64) {
        var found = entries(from: [], to: [UInt8](repeating: 0xFF, count: 256), limit: Int.max)
        found.removeAll { $0.value.isEmpty }
        guard !found.isEmpty, damagedKey == nil else { return }
        let entry = found[Int(row % UInt64(found.count))]
        var value = entry.value
        let place = Int(bit % UInt64(value.count * 8))
        value[place / 8] ^= 1 << (place % 8)
        guard let statement = prepared(.overwrite) else { return }
        bind(statement, 1, entry.key)
        bind(statement, 2, value)
        sqlite3_step(statement)
        sqlite3_reset(statement)
    }

    /// A copy of the state as of now, in memory; for simulations.
    ///
    /// Throws `state.unavailable` with SQLite's reason.
    package func copyInMemory() throws(Refusal) -> StateDatabase {
        let copy = try StateDatabase(path: ":memory:")
        let backup = sqlite3_backup_init(copy.handle, "main", handle, "main")
        let step = backup.map { sqlite3_backup_step($0, -1) } ?? SQLITE_ERROR
        sqlite3_backup_finish(backup)
        guard step == SQLITE_DONE else { throw Refusal("state.unavailable", copy.message) }
        try copy.readProgress()
        return copy
    }

    /// Copies the state to a new file at `target` as of one entry, while another connection goes
    /// on writing. Not flushed to the device. Blocks: to be called from a thread that may.
    ///
    /// Throws `state.unavailable`, also when `target` exists.
    public static func copy(_ path: String, to target: String) throws(Refusal) {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else {
            throw Refusal("state.unavailable", "\(path) cannot be opened")
        }
        func message() -> String {
            handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "out of memory"
        }
        sqlite3_busy_timeout(handle, 5000)
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(handle, "VACUUM INTO ?1", -1, &statement, nil) == SQLITE_OK,
            sqlite3_bind_text(statement, 1, target, -1, csqlite_transient()) == SQLITE_OK
        else { throw Refusal("state.unavailable", message()) }
        let step = sqlite3_step(statement)
        guard step == SQLITE_DONE else {
            let isRotten = step == SQLITE_CORRUPT || step == SQLITE_NOTADB
            throw Refusal(isRotten ? "state.damaged" : "state.unavailable", message())
        }
    }

    /// Reads every row, checks it, and compares their sum with the digest on record.
    ///
    /// Throws `state.damaged` naming the first bad key.
    public func verify() throws(Refusal) {
        var digest = Digest.zero
        var lower: [UInt8] = []
        let upper = [UInt8](repeating: 0xFF, count: 256)
        while true {
            let page = entries(from: lower, to: upper, limit: 1024)
            for entry in page {
                digest = digest &+ StateDatabase.rowDigest(entry.key, entry.value)
            }
            try checkUndamaged()
            guard let last = page.last else { break }
            lower = last.key + [0]
        }
        guard digest == stateDigest else {
            throw Refusal("state.damaged", "the rows do not add up to the digest on record")
        }
    }
}
