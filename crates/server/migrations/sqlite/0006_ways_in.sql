-- Ways in beside passkeys: the organisation's identity provider, passwords, and a link for an administrator who lost every other.

PRAGMA user_version = 6;

-- Who signs in as whom. The provider's name for somebody is its own: an address never binds.
CREATE TABLE identities (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 512),
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    created_ms INTEGER NOT NULL,
    used_ms INTEGER,
    UNIQUE (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_of_user ON identities (user);

-- Records of OPAQUE (RFC 9807): by themselves they tell nothing of a password.
CREATE TABLE passwords (
    user BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    record BLOB NOT NULL CHECK (length(record) BETWEEN 1 AND 512),
    created_ms INTEGER NOT NULL,
    used_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Off until an administrator allows them.
ALTER TABLE organisation ADD COLUMN passwords INTEGER NOT NULL DEFAULT 0 CHECK (passwords IN (0, 1));

-- Whether more than one factor was seen when the session began: a passkey is that by itself.
ALTER TABLE sessions ADD COLUMN strong INTEGER NOT NULL DEFAULT 1 CHECK (strong IN (0, 1));

-- As before, with links of a third kind, which let an existing user add a passkey.
CREATE TABLE links_of_all_kinds (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    kind TEXT NOT NULL CHECK (kind IN ('setup', 'invitation', 'recovery')),
    name TEXT,
    email TEXT,
    roles INTEGER NOT NULL CHECK (roles BETWEEN 0 AND 7),
    invited_by BLOB REFERENCES users (id) ON DELETE CASCADE,
    -- Whom a recovery lets in.
    user BLOB REFERENCES users (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    CHECK ((kind = 'invitation') = (invited_by IS NOT NULL)),
    CHECK ((kind = 'recovery') = (user IS NOT NULL)),
    CHECK ((kind = 'setup') = (name IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO links_of_all_kinds (id, token_hash, kind, name, email, roles, invited_by, created_ms, expires_ms)
    SELECT id, token_hash, kind, name, email, roles, invited_by, created_ms, expires_ms FROM links;
DROP TABLE links;
ALTER TABLE links_of_all_kinds RENAME TO links;
CREATE INDEX links_of_user ON links (invited_by);
CREATE INDEX links_for_user ON links (user);

-- Meetings that are forgotten: SHA-256 over a label and the id, so that no id is given twice and none can be read here.
CREATE TABLE forgotten_meetings (
    mark BLOB NOT NULL PRIMARY KEY CHECK (length(mark) = 32)
) STRICT, WITHOUT ROWID;
