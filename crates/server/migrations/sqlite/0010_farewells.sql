-- Why a mail has not gone out, and what is still to be said of meetings whose planner was removed.

PRAGMA user_version = 10;

ALTER TABLE mails ADD COLUMN trouble TEXT
    CHECK (trouble IN ('certificate', 'later', 'no_tls', 'refused', 'unreachable'));

-- Cancellations that outlive their plan. Each goes when it is sent, when it is given up, and when its meetings would be over.
CREATE TABLE farewells (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    address TEXT NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
    title TEXT CHECK (length(title) <= 1024),
    -- Of each meeting its id, and in milliseconds since 1970, big-endian, when its lobby would have opened, it have begun and ended.
    meetings BLOB NOT NULL CHECK (length(meetings) % 44 = 0 AND length(meetings) BETWEEN 44 AND 2640),
    -- How they were planned, in JSON: for the zone.
    schedule TEXT NOT NULL CHECK (length(schedule) <= 1024),
    ends_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
