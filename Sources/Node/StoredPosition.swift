// See Positions.swift: this one names the log's.

import LogStore

/// A position as the log on disk has it.
typealias StoredPosition = LogPosition
