-- What the organisation has demanded of its meetings, one row each time that it changed. The newest holds; where there
-- is none, the tier `medium` does. Rows are only added: what was in force when can be told later.

PRAGMA user_version = 3;

CREATE TABLE floors (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
    applied_ms INTEGER NOT NULL,
    -- Who applied it, and from what: names for people, never looked at by the program.
    applied_by TEXT NOT NULL CHECK (length(applied_by) BETWEEN 1 AND 120),
    origin TEXT NOT NULL CHECK (length(origin) BETWEEN 1 AND 120),
    -- A JSON list of controls and values.
    settings TEXT NOT NULL CHECK (length(settings) <= 8192)
) STRICT;
