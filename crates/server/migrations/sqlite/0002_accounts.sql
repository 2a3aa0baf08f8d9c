-- The organisation, its users, what lets them in, and the audit log.
--
-- Of every token and key only the SHA-256 is here: they are 256 random bits, which no salt would make harder to guess.
-- Ids name and let nobody in. Times are milliseconds since 1970.

PRAGMA user_version = 2;

CREATE TABLE organisation (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL
) STRICT;

INSERT INTO organisation (id, name) VALUES (1, 'Organisation');

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    email TEXT UNIQUE,
    -- A set of bits: 1 administrator, 2 host, 4 security officer.
    roles INTEGER NOT NULL CHECK (roles BETWEEN 0 AND 7),
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE passkeys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The authenticator's name of it, its COSE key, and how often it was shown if the authenticator counts.
    credential_id BLOB NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
    label TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX passkeys_of_user ON passkeys (user);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_user ON sessions (user);

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    -- A set of bits: 1 audit:read, 2 meetings:create, 4 users:read, 8 users:write.
    scopes INTEGER NOT NULL CHECK (scopes BETWEEN 1 AND 63),
    created_ms INTEGER NOT NULL,
    used_ms INTEGER,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_of_user ON api_keys (user);

-- One-time links. A row goes when its link is used or withdrawn; one of the first administrator has no inviter.
CREATE TABLE links (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    kind TEXT NOT NULL CHECK (kind IN ('setup', 'invitation')),
    name TEXT,
    email TEXT,
    roles INTEGER NOT NULL CHECK (roles BETWEEN 0 AND 7),
    invited_by BLOB REFERENCES users (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    CHECK ((kind = 'setup') = (invited_by IS NULL)),
    CHECK ((kind = 'setup') = (name IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX links_of_user ON links (invited_by);

-- Content-free and append-only. Refers to nothing: an entry outlives what it is about.
CREATE TABLE audit (
    seq INTEGER NOT NULL PRIMARY KEY CHECK (seq >= 1),
    at_ms INTEGER NOT NULL,
    user BLOB CHECK (length(user) = 16),
    api_key BLOB CHECK (length(api_key) = 16),
    action TEXT NOT NULL,
    subject TEXT,
    detail TEXT,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
