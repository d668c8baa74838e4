// The replicated state in SQLite: one ordered table of bytes; an entry, or several that were
// applied together (`StateMachine.gather`), are one transaction.
//
// The database is a replayable image of the log, so it need not reach the disk before an answer
// (`synchronous=OFF`, write-ahead log): what a crash loses is applied again. Every row carries a
// checksum over key and value. A row that does not match, and a page that SQLite cannot read, is
// noted and read as absent: nothing decodes it, and from then on nothing is committed and nothing
// may be served. The sum of all rows' SHA-256 digests is kept up to date, so that members compare
// whole states by 32 bytes.

import CSQLite
import Cryptography
public import Primitives

/// The state machine's store. Used from one thread.
public final class StateDatabase: StateReader {
    private(set) var handle: OpaquePointer?
    private var statements = [OpaquePointer?](repeating: nil, count: Query.allCases.count)
    /// Whether a transaction is open; see `begin`.
    private var isOpen = false
    /// The key of the first row found damaged, if any. Once set, nothing from here may be served.
    public private(set) var damagedKey: [UInt8]?
    /// The sum of the rows' digests modulo 2^256.
    public private(set) var stateDigest = Digest.zero
    /// How far the state goes.
    private(set) var progress = StateProgress()
    /// The index of the last entry applied.
    public var appliedIndex: UInt64 { progress.index }
    /// The term of that entry.
    public var appliedTerm: UInt64 { progress.term }
    /// The membership of the consensus group as of that entry, in the core's canonical form; empty
    /// while it is the genesis'. Not of the state that the digest covers: it follows from the log.
    public var configuration: [UInt8] { progress.configuration }
    /// What the policies' texts said when they were last parsed.
    let policies = ParsedPolicies()
    /// The form of the file. A later form is refused, never guessed at.
    static let format: Int32 = 3

    /// How much of the state's pages is kept in memory: votes come in no order of the keys.
    private static let cacheKibibytes = 32 << 10

    /// How many pages the write-ahead log takes before they go to their places: pages that votes
    /// change again and again go there once in a while.
    private static let checkpointPages = 4 << 10

    /// Opens or creates the database at `path`; `:memory:` keeps it in memory.
    ///
    /// Throws `state.unavailable` with SQLite's reason.
    public init(path: String) throws(Refusal) {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else {
            let reason = message
            sqlite3_close_v2(handle)
            handle = nil
            throw Refusal("state.unavailable", "\(path): \(reason)")
        }
        // Double-quoted strings hide misspelt columns; this build of SQLite allows them by default.
        _ = csqlite_db_config_int(handle, SQLITE_DBCONFIG_DQS_DML, 0)
        _ = csqlite_db_config_int(handle, SQLITE_DBCONFIG_DQS_DDL, 0)
        // A file that is opened only to be read keeps its bytes: they have a digest.
        if try checkFormat(path) { try execute("PRAGMA user_version=\(StateDatabase.format)") }
        for statement in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF", "PRAGMA temp_store=MEMORY",
            "PRAGMA cache_size=-\(StateDatabase.cacheKibibytes)",
            "PRAGMA wal_autocheckpoint=\(StateDatabase.checkpointPages)",
            """
            CREATE TABLE IF NOT EXISTS state (
                key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, checksum INTEGER NOT NULL
            ) WITHOUT ROWID, STRICT
            """,
            """
            CREATE TABLE IF NOT EXISTS progress (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                applied INTEGER NOT NULL, term INTEGER NOT NULL, digest BLOB NOT NULL,
                configuration BLOB NOT NULL
            ) STRICT
            """,
        ] {
            try execute(statement)
        }
        try readProgress()
    }

    deinit {
        for statement in statements { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    var message: String {
        handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "out of memory"
    }

    func execute(_ sql: String) throws(Refusal) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw failure
        }
    }

    /// Why SQLite refused: `disk.full` goes away by itself when there is space again.
    private var failure: Refusal {
        let code = sqlite3_errcode(handle) & 0xFF
        let isFull = code == SQLITE_IOERR && sqlite3_system_errno(handle) == StateDatabase.noSpace
        if code == SQLITE_FULL || isFull {
            return Refusal(
                "disk.full",
                "this member's disk is full: writes wait until there is space, reads go on")
        }
        return Refusal("state.unavailable", message)
    }

    /// Linux's number for "no space left on device".
    private static let noSpace: Int32 = 28

    /// What is asked of SQLite again and again; each is prepared once.
    enum Query: Int, CaseIterable {
        case begin, commit, rollBack, progress, setProgress
        case value, entries, insert, replace, remove, overwrite

        var sql: String {
            switch self {
            case .begin: "BEGIN IMMEDIATE"
            case .commit: "COMMIT"
            case .rollBack: "ROLLBACK"
            case .progress: "SELECT applied, digest, term, configuration FROM progress WHERE id = 1"
            case .setProgress:
                """
                INSERT OR REPLACE INTO progress (id, applied, term, digest, configuration)
                VALUES (1, ?1, ?2, ?3, ?4)
                """
            case .value: "SELECT value, checksum FROM state WHERE key = ?1"
            case .entries:
                """
                SELECT key, value, checksum FROM state WHERE key >= ?1 AND key < ?2
                ORDER BY key LIMIT ?3
                """
            case .insert: "INSERT INTO state (key, value, checksum) VALUES (?1, ?2, ?3)"
            case .replace: "UPDATE state SET value = ?2, checksum = ?3 WHERE key = ?1"
            case .remove: "DELETE FROM state WHERE key = ?1"
            case .overwrite: "UPDATE state SET value = ?2 WHERE key = ?1"
            }
        }
    }

    func prepared(_ query: Query) -> OpaquePointer? {
        if let statement = statements[query.rawValue] { return statement }
        var statement: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        guard sqlite3_prepare_v3(handle, query.sql, -1, flags, &statement, nil) == SQLITE_OK else {
            return nil
        }
        statements[query.rawValue] = statement
        return statement
    }

    /// Runs a statement that gives no rows.
    private func run(_ query: Query) throws(Refusal) {
        guard let statement = prepared(query) else { throw failure }
        let step = sqlite3_step(statement)
        let refusal = step == SQLITE_DONE ? nil : failure
        sqlite3_reset(statement)
        if let refusal { throw refusal }
    }

    func readProgress() throws(Refusal) {
        guard let statement = prepared(.progress) else {
            throw Refusal("state.unavailable", message)
        }
        defer { sqlite3_reset(statement) }
        guard sqlite3_step(statement) == SQLITE_ROW else { return }
        let index = UInt64(bitPattern: sqlite3_column_int64(statement, 0))
        guard let digest = Digest(column(statement, 1)) else {
            throw Refusal("state.damaged", "the progress row has no digest")
        }
        stateDigest = digest
        progress = StateProgress(
            index: index, term: UInt64(bitPattern: sqlite3_column_int64(statement, 2)),
            configuration: column(statement, 3))
    }

    func bind(_ statement: OpaquePointer, _ position: Int32, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bind(statement, position, $0, csqlite_transient()) }
    }

    /// - Parameter lifetime: nil where the bytes stay where they are until the statement has run.
    private func bind(
        _ statement: OpaquePointer, _ position: Int32, _ bytes: UnsafeRawBufferPointer,
        _ lifetime: sqlite3_destructor_type? = nil
    ) {
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(statement, position, 0)
        } else {
            sqlite3_bind_blob(
                statement, position, bytes.baseAddress, Int32(bytes.count), lifetime)
        }
    }

    private func column(_ statement: OpaquePointer, _ position: Int32) -> [UInt8] {
        let count = Int(sqlite3_column_bytes(statement, position))
        guard count > 0, let pointer = sqlite3_column_blob(statement, position) else { return [] }
        return Array(UnsafeRawBufferPointer(start: pointer, count: count))
    }

    /// A row's digest: over the key with its count, then the value.
    static func rowDigest(_ key: [UInt8], _ value: [UInt8]) -> Digest {
        var hasher = SHA256.Hasher()
        var rest = UInt64(key.count)
        while rest >= 0x80 {
            hasher.update(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        hasher.update(UInt8(truncatingIfNeeded: rest))
        hasher.update(key)
        hasher.update(value)
        return hasher.finalize()
    }

    /// Whether a row is what was written; if not, that is noted.
    private func holds(_ key: [UInt8], _ value: [UInt8], _ checksum: Int64) -> Bool {
        let expected = StateDatabase.rowDigest(key, value).prefix64
        guard Int64(bitPattern: expected) != checksum else { return true }
        damagedKey = damagedKey ?? key
        return false
    }

    /// Refuses to go on after damage was met.
    func checkUndamaged() throws(Refusal) {
        guard let damagedKey else { return }
        throw StateDatabase.damage(at: damagedKey)
    }

    static func damage(at key: [UInt8]) -> Refusal {
        Refusal("state.damaged", "row \(Hex.encode(key)) fails its checksum or cannot be read")
    }

    /// The value under `key`, or nil.
    public func value(for key: [UInt8]) -> [UInt8]? {
        guard let statement = prepared(.value) else {
            damagedKey = damagedKey ?? key
            return nil
        }
        return key.withUnsafeBytes { bytes in
            defer { sqlite3_reset(statement) }
            bind(statement, 1, bytes)
            let step = sqlite3_step(statement)
            guard step == SQLITE_ROW else {
                if step != SQLITE_DONE { damagedKey = damagedKey ?? key }
                return nil
            }
            let value = column(statement, 0)
            return holds(key, value, sqlite3_column_int64(statement, 1)) ? value : nil
        }
    }

    /// Entries in byte order.
    public func entries(from lower: [UInt8], to upper: [UInt8], limit: Int) -> [StateEntry] {
        guard let statement = prepared(.entries) else {
            damagedKey = damagedKey ?? lower
            return []
        }
        defer { sqlite3_reset(statement) }
        bind(statement, 1, lower)
        bind(statement, 2, upper)
        sqlite3_bind_int64(statement, 3, Int64(limit))
        var result: [StateEntry] = []
        var step = sqlite3_step(statement)
        while step == SQLITE_ROW {
            let entry = StateEntry(key: column(statement, 0), value: column(statement, 1))
            if holds(entry.key, entry.value, sqlite3_column_int64(statement, 2)) {
                result.append(entry)
            }
            step = sqlite3_step(statement)
        }
        if step != SQLITE_DONE { damagedKey = damagedKey ?? lower }
        return result
    }

    /// Opens the transaction of the next entry: what is read until `commit` or `abandon` is read
    /// under its one lock, where each read by itself takes and gives back a lock of the file.
    ///
    /// Throws `disk.full`, or `state.unavailable` with SQLite's reason.
    func begin() throws(Refusal) {
        guard !isOpen else { return }
        try run(.begin)
        isOpen = true
    }

    /// Ends the open transaction, if there is one, as if nothing had been written.
    func abandon() {
        guard isOpen else { return }
        isOpen = false
        // A transaction that SQLite ended by itself cannot be ended again.
        if sqlite3_get_autocommit(handle) == 0 { try? run(.rollBack) }
    }

    /// Writes an entry's changes and moves the applied index, in one transaction.
    ///
    /// Throws `disk.full`, `state.unavailable` when SQLite refuses for another reason, and
    /// `state.damaged` when a damaged row was read since the database was opened: what was worked
    /// out from it is not to be kept. Then nothing was written.
    ///
    /// - Parameters:
    ///   - term: the entry's term.
    ///   - configuration: the membership from this entry on; nil leaves it as it is.
    public func commit(
        _ changes: [StateChange], appliedIndex index: UInt64, term: UInt64 = 0,
        configuration: [UInt8]? = nil
    ) throws(Refusal) {
        let configuration = configuration ?? self.configuration
        var digest = stateDigest
        do throws(Refusal) {
            try checkUndamaged()
            try begin()
            for change in changes { try write(change, digest: &digest) }
            try checkUndamaged()
            try writeProgress(index, term, digest, configuration)
            try run(.commit)
            isOpen = false
        } catch {
            abandon()
            throw error
        }
        stateDigest = digest
        progress = StateProgress(index: index, term: term, configuration: configuration)
    }

    /// The value that a change replaces.
    private func value(before change: StateChange) -> [UInt8]? {
        switch change.before {
        case .unknown: value(for: change.key)
        case .absent: nil
        case .present(let value): value
        }
    }

    /// The state's digest with `changes` made.
    func digest(after changes: [StateChange]) -> Digest {
        var digest = stateDigest
        for change in changes {
            let old = value(before: change)
            if change.value == old { continue }
            if let old { digest = digest &- StateDatabase.rowDigest(change.key, old) }
            if let new = change.value {
                digest = digest &+ StateDatabase.rowDigest(change.key, new)
            }
        }
        return digest
    }

    private func write(_ change: StateChange, digest: inout Digest) throws(Refusal) {
        let old = value(before: change)
        try checkUndamaged()
        // What does not change needs no row written; its digest stays as well.
        if change.value == old { return }
        if let old { digest = digest &- StateDatabase.rowDigest(change.key, old) }
        guard let value = change.value else {
            return try write(.remove, change.key, nil, checksum: 0)
        }
        let row = StateDatabase.rowDigest(change.key, value)
        digest = digest &+ row
        try write(
            old == nil ? .insert : .replace, change.key, value,
            checksum: Int64(bitPattern: row.prefix64))
    }

    /// Whether there is a row already is known, so that SQLite need look for its place once.
    private func write(
        _ query: Query, _ key: [UInt8], _ value: [UInt8]?, checksum: Int64
    ) throws(Refusal) {
        guard let statement = prepared(query) else { throw failure }
        let step = key.withUnsafeBytes { key in
            bind(statement, 1, key)
            guard let value else { return sqlite3_step(statement) }
            return value.withUnsafeBytes { value in
                bind(statement, 2, value)
                sqlite3_bind_int64(statement, 3, checksum)
                return sqlite3_step(statement)
            }
        }
        let refusal = step == SQLITE_DONE ? nil : failure
        sqlite3_reset(statement)
        if let refusal { throw refusal }
    }

    private func writeProgress(
        _ index: UInt64, _ term: UInt64, _ digest: Digest, _ configuration: [UInt8]
    ) throws(Refusal) {
        guard let statement = prepared(.setProgress) else { throw failure }
        defer { sqlite3_reset(statement) }
        sqlite3_bind_int64(statement, 1, Int64(bitPattern: index))
        sqlite3_bind_int64(statement, 2, Int64(bitPattern: term))
        bind(statement, 3, digest.bytes)
        bind(statement, 4, configuration)
        guard sqlite3_step(statement) == SQLITE_DONE else {
            throw failure
        }
    }
}
