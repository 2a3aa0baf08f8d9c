-- Telling people and programs of what is published: what happened, whom to tell by which way, and what became of it.

PRAGMA user_version = 15;

-- How bad it says something is: 0 low, 1 medium, 2 high, 3 critical. Absent if it says nothing of it, or was published before this
-- was noted.
ALTER TABLE listings ADD COLUMN severity INTEGER CHECK (severity BETWEEN 0 AND 4);

-- One row of each publication and withdrawal, by the transaction that makes it. From here it is told, some readers at a time:
-- whom a notice was made for and how far that went is one transaction again.
CREATE TABLE announcements (
    row INTEGER NOT NULL PRIMARY KEY,
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('published', 'revised', 'withdrawn')),
    at_ms INTEGER NOT NULL,
    -- 0 accounts, 1 webhooks, 2 all are told of it; and up to which id of these.
    phase INTEGER NOT NULL DEFAULT 0 CHECK (phase BETWEEN 0 AND 2),
    after BLOB NOT NULL DEFAULT x'',
    UNIQUE (document, number, kind),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT;

CREATE INDEX announcements_to_make ON announcements (row) WHERE phase < 2;

-- What an account chose to be told.
CREATE TABLE notice_settings (
    user BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    mode TEXT NOT NULL CHECK (mode IN ('none', 'immediate', 'digest')),
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    severity INTEGER CHECK (severity BETWEEN 0 AND 4),
    -- An OpenPGP public key as its owner gave it.
    key BLOB CHECK (length(key) BETWEEN 1 AND 65536)
) STRICT, WITHOUT ROWID;

-- Only of whose documents; without a row of an account, of all.
CREATE TABLE notice_publishers (
    user BLOB NOT NULL REFERENCES notice_settings (user) ON DELETE CASCADE,
    publisher BLOB NOT NULL REFERENCES member_organisations (id),
    PRIMARY KEY (user, publisher)
) STRICT, WITHOUT ROWID;

-- Its secret is derived from the server's key and its id, and is not here.
CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 8 AND 500),
    severity INTEGER CHECK (severity BETWEEN 0 AND 4),
    created_ms INTEGER NOT NULL,
    delivered_ms INTEGER,
    -- Since the last delivery, and why the last one did.
    failures INTEGER NOT NULL DEFAULT 0,
    trouble TEXT CHECK (length(trouble) <= 300)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_of_organisation ON webhooks (organisation);

-- One of each announcement and recipient.
CREATE TABLE notices (
    -- Made from whom it is for and what it is about, so that it is the same whenever it is made.
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    announcement INTEGER NOT NULL REFERENCES announcements (row) ON DELETE CASCADE,
    user BLOB REFERENCES users (id) ON DELETE CASCADE,
    webhook BLOB REFERENCES webhooks (id) ON DELETE CASCADE,
    channel TEXT NOT NULL CHECK (channel IN ('digest', 'mail', 'webhook')),
    -- The message in which it goes, by the id of the first notice in it. Settled before anything is handed over.
    message BLOB CHECK (length(message) = 16),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'closed', 'failed')),
    -- Why it was closed, or failed.
    why TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next.
    due_ms INTEGER CHECK ((due_ms IS NULL) = (state <> 'waiting')),
    noted_ms INTEGER NOT NULL,
    CHECK ((user IS NULL) <> (webhook IS NULL)),
    CHECK ((channel = 'webhook') = (user IS NULL)),
    UNIQUE (announcement, user),
    UNIQUE (announcement, webhook)
) STRICT, WITHOUT ROWID;

CREATE INDEX notices_by_mail ON notices (due_ms, announcement) WHERE due_ms IS NOT NULL AND user IS NOT NULL;
CREATE INDEX notices_by_webhook ON notices (webhook, due_ms, announcement) WHERE due_ms IS NOT NULL AND webhook IS NOT NULL;
CREATE INDEX notices_of_message ON notices (message);
CREATE INDEX notices_of_user ON notices (user, noted_ms);
CREATE INDEX notices_of_webhook ON notices (webhook);

-- Of which urgent documents an account wants no banner any more.
CREATE TABLE dismissed_alerts (
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (user, document, number),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;
