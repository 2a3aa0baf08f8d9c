-- Meetings and the places in them that stay closed.
--
-- Public data only: the server has no key of a meeting, and the title is sealed. Times are milliseconds since
-- 1970. A meeting that is over keeps its row, so that its id is never given to another, and nothing else.

-- "SABH": tells our file from any other SQLite database. `user_version` is the number of this file.
PRAGMA application_id = 1396785736;
PRAGMA user_version = 1;

CREATE TABLE meetings (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 20),
    -- Sealed under a key that is in the link.
    title BLOB,
    -- The Ed25519 public key that belongs to the link: who can sign with it may knock.
    gate_key BLOB CHECK (length(gate_key) = 32),
    -- The MLS group at epoch 0, in two parts (RFC 9420 sections 12.4.3 and 12.4.3.3).
    group_info BLOB,
    tree BLOB,
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    room_epoch INTEGER NOT NULL DEFAULT 0 CHECK (room_epoch >= 0),
    -- Greater than any participant id that may have been given in this meeting.
    next_participant INTEGER NOT NULL DEFAULT 1 CHECK (next_participant BETWEEN 1 AND 4294967295),
    CHECK (ended_ms IS NOT NULL OR (gate_key IS NOT NULL AND group_info IS NOT NULL AND tree IS NOT NULL)),
    CHECK (ended_ms IS NULL OR (title IS NULL AND gate_key IS NULL AND group_info IS NULL AND tree IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE removed_places (
    meeting BLOB NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    participant INTEGER NOT NULL,
    removed_ms INTEGER NOT NULL,
    PRIMARY KEY (meeting, participant)
) STRICT, WITHOUT ROWID;
