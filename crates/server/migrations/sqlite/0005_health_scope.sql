-- API keys can have one scope more, and any that come later without another copy of the table.

CREATE TABLE api_keys_new (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    -- A set of bits; which is which is said in storage/credentials.rs.
    scopes INTEGER NOT NULL CHECK (scopes > 0),
    created_ms INTEGER NOT NULL,
    used_ms INTEGER,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO api_keys_new SELECT id, key_hash, user, label, scopes, created_ms, used_ms, expires_ms FROM api_keys;
DROP TABLE api_keys;
ALTER TABLE api_keys_new RENAME TO api_keys;
CREATE INDEX api_keys_of_user ON api_keys (user);

PRAGMA user_version = 5;
