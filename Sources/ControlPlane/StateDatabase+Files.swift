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
}
