-- Between an advisory and the policy: profiles that revisions carry, what became of them on this server, and publishers
-- whose profiles are applied as they are published.

PRAGMA user_version = 13;

-- One a revision, and bound to it as its content is: what four eyes approve is both.
CREATE TABLE revision_profiles (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    -- What the file says of itself, for lists.
    id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    title TEXT NOT NULL,
    issuer TEXT NOT NULL,
    -- Under which its signature holds.
    key BLOB NOT NULL CHECK (length(key) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- The signed file, byte for byte.
    content BLOB NOT NULL CHECK (length(content) BETWEEN 1 AND 262144),
    PRIMARY KEY (document, number),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT;

CREATE TRIGGER published_profiles_no_more BEFORE INSERT ON revision_profiles
WHEN (SELECT stage FROM revisions WHERE document = NEW.document AND number = NEW.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_profiles_stay BEFORE DELETE ON revision_profiles
WHEN (SELECT stage FROM revisions WHERE document = OLD.document AND number = OLD.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER profiles_never_change BEFORE UPDATE ON revision_profiles
BEGIN SELECT RAISE(ABORT, 'a profile is never changed in place'); END;

-- Of a floor that brings an earlier one back: which. 0 is what holds where nobody has chosen.
ALTER TABLE floors ADD COLUMN earlier INTEGER CHECK (earlier >= 0 AND earlier < number);

-- What became of the profile of a published revision here, in the order in which it happened.
CREATE TABLE advisory_fates (
    row INTEGER NOT NULL PRIMARY KEY,
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    -- The floor that it made. Absent if it was not applied, and then there is a reason.
    floor INTEGER UNIQUE REFERENCES floors (number),
    not_followed TEXT CHECK (not_followed IN ('control', 'key')),
    -- 1 if it came by a subscription.
    followed INTEGER NOT NULL CHECK (followed IN (0, 1)),
    -- From whom it was, by which key, and which bytes: what the floor's origin rests on.
    publisher BLOB NOT NULL REFERENCES member_organisations (id),
    key BLOB NOT NULL CHECK (length(key) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- JSON lists of controls: what it demands with values, and those that it would have loosened.
    demanded TEXT NOT NULL CHECK (length(demanded) <= 8192),
    left_out TEXT NOT NULL CHECK (length(left_out) <= 8192),
    CHECK ((floor IS NULL) = (not_followed IS NOT NULL)),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT;

-- A revision is followed once, whatever happens in between.
CREATE UNIQUE INDEX followed_once ON advisory_fates (document, number) WHERE followed = 1;
CREATE INDEX fates_of_revision ON advisory_fates (document, number);

CREATE TABLE subscriptions (
    publisher BLOB NOT NULL PRIMARY KEY REFERENCES member_organisations (id),
    key BLOB NOT NULL CHECK (length(key) = 32),
    -- As whom the server reads: a member organisation, or nobody.
    reads_as BLOB REFERENCES member_organisations (id),
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
