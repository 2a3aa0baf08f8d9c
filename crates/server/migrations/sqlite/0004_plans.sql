-- Meetings that were planned: when they are, and whose they are. What a meeting is called is sealed with the meeting, and
-- who is invited is nowhere here.

PRAGMA user_version = 4;

CREATE TABLE plans (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- As it was asked for, in JSON: zone, time on its clocks, length, repetition.
    schedule TEXT NOT NULL CHECK (length(schedule) <= 1024),
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX plans_of_owner ON plans (owner);

-- When each is, in milliseconds since 1970. A row goes a month after its end, and its meeting is over then.
CREATE TABLE planned (
    meeting BLOB NOT NULL PRIMARY KEY REFERENCES meetings (id) ON DELETE CASCADE,
    plan BLOB NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    opens_ms INTEGER NOT NULL,
    starts_ms INTEGER NOT NULL CHECK (starts_ms >= opens_ms),
    ends_ms INTEGER NOT NULL CHECK (ends_ms > starts_ms),
    cancelled_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX planned_of_plan ON planned (plan);
CREATE INDEX planned_by_end ON planned (ends_ms);
