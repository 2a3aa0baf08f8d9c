-- Invitations by mail: to be sent, and sent. They go a day after the last meeting they are about.

PRAGMA user_version = 8;

CREATE TABLE mails (
    -- Also the name of the message, so that one that is sent twice is one.
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    plan BLOB NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    address TEXT NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
    kind TEXT NOT NULL CHECK (kind IN ('invitation', 'cancellation')),
    -- What the meetings are called, if whoever planned them says so.
    title TEXT CHECK (length(title) <= 1024),
    -- Ids of the meetings, 20 bytes each.
    meetings BLOB NOT NULL CHECK (length(meetings) % 20 = 0 AND length(meetings) BETWEEN 20 AND 1200),
    created_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    tries INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next.
    due_ms INTEGER CHECK ((due_ms IS NULL) = (state != 'waiting'))
) STRICT, WITHOUT ROWID;

CREATE INDEX mails_of_plan ON mails (plan);
CREATE INDEX mails_by_due ON mails (due_ms) WHERE due_ms IS NOT NULL;
