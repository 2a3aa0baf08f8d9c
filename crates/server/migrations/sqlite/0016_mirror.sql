-- Providers of CSAF that are listed or mirrored, and copies of their documents.

PRAGMA user_version = 16;

CREATE TABLE mirrored_providers (
    -- As the configuration calls it.
    name TEXT NOT NULL PRIMARY KEY,
    -- Where the configuration looks for it: another place is another provider.
    source TEXT NOT NULL,
    -- Its provider-metadata.json, as it was last taken.
    metadata BLOB,
    -- When it is asked next.
    due_ms INTEGER NOT NULL,
    -- When it was asked last, and last without failing.
    tried_ms INTEGER,
    succeeded_ms INTEGER,
    -- How often it has failed since.
    failures INTEGER NOT NULL DEFAULT 0,
    -- What was wrong the last time, if anything was.
    trouble TEXT
) STRICT, WITHOUT ROWID;

-- Each document once, in its newest release.
CREATE TABLE mirrored_documents (
    provider TEXT NOT NULL REFERENCES mirrored_providers (name) ON DELETE CASCADE,
    -- Where it came from.
    address TEXT NOT NULL,
    -- When it was released, as the list that named it says.
    listed TEXT,
    -- Below the folder of its label: 2026/ciad-2026-0001.json.
    file TEXT NOT NULL,
    tracking TEXT NOT NULL,
    title TEXT NOT NULL,
    summary TEXT,
    -- As the content writes them: tracking/initial_release_date and current_release_date.
    released TEXT NOT NULL,
    updated TEXT NOT NULL,
    -- The same in milliseconds since 1970, for the order of lists.
    updated_ms INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    content BLOB NOT NULL,
    -- As its provider made it.
    signature BLOB NOT NULL,
    mirrored_ms INTEGER NOT NULL,
    PRIMARY KEY (provider, address),
    UNIQUE (provider, file),
    UNIQUE (provider, tracking)
) STRICT;

CREATE INDEX mirrored_documents_of_time ON mirrored_documents (updated_ms);
