-- Templates between the floor and a meeting, and accounts that a host keeps out of one meeting.

PRAGMA user_version = 7;

CREATE TABLE templates (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- For people, each once.
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    -- A JSON list of controls and values.
    settings TEXT NOT NULL CHECK (length(settings) <= 8192),
    changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- By the place that the account had when it was banned, which is all that hosts see of it.
CREATE TABLE banned_accounts (
    meeting BLOB NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    participant INTEGER NOT NULL,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (meeting, participant)
) STRICT, WITHOUT ROWID;

CREATE INDEX banned_accounts_of_user ON banned_accounts (user);
