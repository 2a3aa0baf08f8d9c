-- How lists name what is published as CSAF, and tokens that read feeds.

PRAGMA user_version = 12;

-- Whose file has which name: two documents of one publisher cannot lie at one place. Never given back.
CREATE TABLE file_names (
    owner BLOB NOT NULL REFERENCES member_organisations (id),
    name TEXT NOT NULL,
    document BLOB NOT NULL REFERENCES documents (id),
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;

-- Of every published revision what its content says for lists, so that no list reads contents.
CREATE TABLE listings (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    -- Below the folder of its label: 2026/ciad-2026-0001.json.
    file TEXT NOT NULL,
    -- As the content writes them: tracking/initial_release_date and current_release_date.
    released TEXT NOT NULL,
    updated TEXT NOT NULL,
    summary TEXT,
    PRIMARY KEY (document, number),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX listings_of_file ON listings (file);

CREATE TRIGGER listings_never_change BEFORE UPDATE ON listings
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER listings_stay BEFORE DELETE ON listings
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;

-- What opens the feeds of one user and nothing else; at rest there is only its hash.
CREATE TABLE feed_tokens (
    user BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
