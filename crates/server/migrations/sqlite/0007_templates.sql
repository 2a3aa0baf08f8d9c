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

-- Accounts that were signed in with a device that a host has removed. The ban goes with that of the device, which is all that
-- hosts see of it.
CREATE TABLE banned_accounts (
    meeting BLOB NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    device BLOB NOT NULL CHECK (length(device) = 32),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (meeting, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX banned_accounts_of_user ON banned_accounts (user);

CREATE TRIGGER ended_meetings_ban_nobody AFTER UPDATE OF ended_ms ON meetings WHEN NEW.ended_ms IS NOT NULL
BEGIN
    DELETE FROM banned_accounts WHERE meeting = NEW.id;
END;
