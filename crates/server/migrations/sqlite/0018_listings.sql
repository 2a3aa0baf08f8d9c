-- What lists say of a revision is stored once, and of every one that is published. Who keeps the floor is told what was applied by
-- itself.

PRAGMA user_version = 18;

-- revision_severities has it, of drafts too, and of what was published before this column was there.
ALTER TABLE listings DROP COLUMN severity;

-- What was published before there were listings. What a list says of it is in its content, which the program reads as it runs, some
-- at a time: a row goes with the transaction that deals with it.
CREATE TABLE unlisted_revisions (
    revision INTEGER NOT NULL PRIMARY KEY REFERENCES revisions (row)
) STRICT;

INSERT INTO unlisted_revisions
SELECT row FROM revisions AS r
WHERE stage >= 3 AND NOT EXISTS (SELECT 1 FROM listings AS l WHERE l.document = r.document AND l.number = r.number);

-- What happened has two more kinds: a profile of a publisher who is followed was applied, or was not. A CHECK is changed by making the
-- table anew, and a table that another refers to only with that other one: to drop it alone would take all rows of the other with it.
CREATE TABLE announcements_18 (
    row INTEGER NOT NULL PRIMARY KEY,
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('published', 'revised', 'withdrawn', 'followed', 'not_followed')),
    at_ms INTEGER NOT NULL,
    -- 0 accounts, 1 webhooks, 2 all are told of it; and up to which id of these.
    phase INTEGER NOT NULL DEFAULT 0 CHECK (phase BETWEEN 0 AND 2),
    after BLOB NOT NULL DEFAULT x'',
    UNIQUE (document, number, kind),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT;

INSERT INTO announcements_18 SELECT row, document, number, kind, at_ms, phase, after FROM announcements;

-- One of each announcement and recipient.
CREATE TABLE notices_18 (
    -- Made from whom it is for and what it is about, so that it is the same whenever it is made.
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    announcement INTEGER NOT NULL REFERENCES announcements_18 (row) ON DELETE CASCADE,
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

INSERT INTO notices_18
SELECT id, announcement, user, webhook, channel, message, state, why, tries, due_ms, noted_ms FROM notices;

DROP TABLE notices;
DROP TABLE announcements;
ALTER TABLE announcements_18 RENAME TO announcements;
ALTER TABLE notices_18 RENAME TO notices;

CREATE INDEX announcements_to_make ON announcements (row) WHERE phase < 2;
CREATE INDEX notices_by_mail ON notices (due_ms, announcement) WHERE due_ms IS NOT NULL AND user IS NOT NULL;
CREATE INDEX notices_by_webhook ON notices (webhook, due_ms, announcement) WHERE due_ms IS NOT NULL AND webhook IS NOT NULL;
CREATE INDEX notices_of_message ON notices (message);
CREATE INDEX notices_of_user ON notices (user, noted_ms);
CREATE INDEX notices_of_webhook ON notices (webhook);

-- What was said of documents stays the organisation's; who said it goes with the account, also of those that went before.
UPDATE comments SET user = zeroblob(16) WHERE user NOT IN (SELECT id FROM users);
UPDATE acknowledgements SET user = zeroblob(16) WHERE user NOT IN (SELECT id FROM users);
UPDATE incidents SET handler = NULL WHERE handler NOT IN (SELECT id FROM users);
