-- Meetings and the places in them that stay closed.
--
-- Secrets are stored as SHA-256 only. Times are milliseconds since 1970. A meeting that is over keeps its
-- row, so that its id is never given to another.

-- "SABH": tells our file from any other SQLite database. `user_version` is the number of this file.
PRAGMA application_id = 1396785736;
PRAGMA user_version = 1;

CREATE TABLE meetings (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 20),
    title TEXT,
    gate_hash BLOB NOT NULL CHECK (length(gate_hash) = 32),
    host_hash BLOB NOT NULL CHECK (length(host_hash) = 32),
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    room_epoch INTEGER NOT NULL DEFAULT 0 CHECK (room_epoch >= 0),
    -- Greater than any participant id that may have been given in this meeting.
    next_participant INTEGER NOT NULL DEFAULT 1 CHECK (next_participant BETWEEN 1 AND 4294967295)
) STRICT, WITHOUT ROWID;

CREATE TABLE removed_places (
    meeting BLOB NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    participant INTEGER NOT NULL,
    removed_ms INTEGER NOT NULL,
    PRIMARY KEY (meeting, participant)
) STRICT, WITHOUT ROWID;
