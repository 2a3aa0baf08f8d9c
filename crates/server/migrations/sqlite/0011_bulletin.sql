-- The bulletin: member organisations, who may do what for them, sharing groups, documents with their revisions, and what is
-- said about them.
--
-- What is published is kept byte for byte: triggers refuse every change of it, whoever asks. Who may know of a revision is
-- decided by its own columns and lists (storage/bulletin/clearance.rs). Users are named by id without a reference where the
-- row outlives them.

PRAGMA user_version = 11;

CREATE TABLE member_organisations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    created_ms INTEGER NOT NULL,
    -- One that left keeps its documents and its name, and has nobody.
    left_ms INTEGER
) STRICT, WITHOUT ROWID;

-- An account is of one organisation at most: what somebody learned for one they do not tell another.
CREATE TABLE memberships (
    user BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    -- A set of bits: 1 administrator, 2 auditor, 4 author, 8 member, 16 publisher, 32 reviewer.
    roles INTEGER NOT NULL CHECK (roles BETWEEN 1 AND 63),
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_of_organisation ON memberships (organisation);

-- Never removed: what was for a group would be for whom? An empty one is for nobody.
CREATE TABLE sharing_groups (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_organisations (
    sharing_group BLOB NOT NULL REFERENCES sharing_groups (id),
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    PRIMARY KEY (sharing_group, organisation)
) STRICT, WITHOUT ROWID;

CREATE INDEX groups_of_organisation ON group_organisations (organisation);

CREATE TABLE documents (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    owner BLOB NOT NULL REFERENCES member_organisations (id),
    created_ms INTEGER NOT NULL,
    withdrawn_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX documents_of_owner ON documents (owner);

CREATE TABLE revisions (
    -- Names it in the index of words.
    row INTEGER NOT NULL PRIMARY KEY,
    document BLOB NOT NULL REFERENCES documents (id),
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 256),
    -- 0 draft, 1 in review, 2 approved, 3 interim, 4 final: from 3 on it is published.
    stage INTEGER NOT NULL CHECK (stage BETWEEN 0 AND 4),
    -- 0 CLEAR, 1 GREEN, 2 AMBER, 3 AMBER+STRICT, 4 RED.
    tlp INTEGER NOT NULL CHECK (tlp BETWEEN 0 AND 4),
    title TEXT NOT NULL,
    tracking TEXT,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    changed_ms INTEGER NOT NULL,
    published_ms INTEGER,
    -- Last, so that a list does not walk over it.
    content BLOB NOT NULL,
    UNIQUE (document, number),
    CHECK ((stage >= 3) = (published_ms IS NOT NULL))
) STRICT;

CREATE INDEX revisions_by_time ON revisions (changed_ms DESC, document);

-- Who has written in a revision. Also those for whose eyes it is, if it is TLP:RED.
CREATE TABLE revision_authors (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    user BLOB NOT NULL CHECK (length(user) = 16),
    PRIMARY KEY (document, number, user),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

-- For whom a revision is: sharing groups, organisations and persons.
CREATE TABLE revision_groups (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    sharing_group BLOB NOT NULL REFERENCES sharing_groups (id),
    PRIMARY KEY (document, number, sharing_group),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE revision_organisations (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    PRIMARY KEY (document, number, organisation),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE revision_persons (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    user BLOB NOT NULL CHECK (length(user) = 16),
    PRIMARY KEY (document, number, user),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

-- To whom a recipient of what is TLP:AMBER has granted it: clients of theirs.
CREATE TABLE client_grants (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    granted_by BLOB NOT NULL REFERENCES member_organisations (id),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (document, number, organisation),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    content BLOB NOT NULL,
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT;

CREATE INDEX attachments_of_revision ON attachments (document, number);

-- What an organisation said of a revision, each once: the first time counts.
CREATE TABLE acknowledgements (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    said TEXT NOT NULL CHECK (said IN ('seen', 'applied', 'not_affected')),
    user BLOB NOT NULL CHECK (length(user) = 16),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (document, number, organisation, said),
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE comments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    organisation BLOB NOT NULL REFERENCES member_organisations (id),
    user BLOB NOT NULL CHECK (length(user) = 16),
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    FOREIGN KEY (document, number) REFERENCES revisions (document, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX comments_of_document ON comments (document, at_ms);

CREATE TABLE incidents (
    document BLOB NOT NULL PRIMARY KEY REFERENCES documents (id),
    noticed_ms INTEGER NOT NULL,
    -- When its report was published first.
    reported_ms INTEGER,
    status TEXT NOT NULL CHECK (status IN ('open', 'handling', 'contained', 'closed')),
    handled_by BLOB NOT NULL REFERENCES member_organisations (id),
    handler BLOB CHECK (length(handler) = 16),
    changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_of_handler ON incidents (handled_by);

-- What is published stays as it is.
CREATE TRIGGER published_revisions_never_change BEFORE UPDATE ON revisions WHEN OLD.stage >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_revisions_stay BEFORE DELETE ON revisions WHEN OLD.stage >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;

CREATE TRIGGER published_groups_no_more BEFORE INSERT ON revision_groups
WHEN (SELECT stage FROM revisions WHERE document = NEW.document AND number = NEW.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_groups_stay BEFORE DELETE ON revision_groups
WHEN (SELECT stage FROM revisions WHERE document = OLD.document AND number = OLD.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_organisations_no_more BEFORE INSERT ON revision_organisations
WHEN (SELECT stage FROM revisions WHERE document = NEW.document AND number = NEW.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_organisations_stay BEFORE DELETE ON revision_organisations
WHEN (SELECT stage FROM revisions WHERE document = OLD.document AND number = OLD.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_persons_no_more BEFORE INSERT ON revision_persons
WHEN (SELECT stage FROM revisions WHERE document = NEW.document AND number = NEW.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_persons_stay BEFORE DELETE ON revision_persons
WHEN (SELECT stage FROM revisions WHERE document = OLD.document AND number = OLD.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_attachments_no_more BEFORE INSERT ON attachments
WHEN (SELECT stage FROM revisions WHERE document = NEW.document AND number = NEW.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_attachments_stay BEFORE DELETE ON attachments
WHEN (SELECT stage FROM revisions WHERE document = OLD.document AND number = OLD.number) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER attachments_never_change BEFORE UPDATE ON attachments
BEGIN SELECT RAISE(ABORT, 'an attachment is never changed'); END;

-- An audience is put in and taken out, row by row, and so is never changed by any other way.
CREATE TRIGGER groups_never_change BEFORE UPDATE ON revision_groups
BEGIN SELECT RAISE(ABORT, 'an audience is never changed in place'); END;
CREATE TRIGGER organisations_never_change BEFORE UPDATE ON revision_organisations
BEGIN SELECT RAISE(ABORT, 'an audience is never changed in place'); END;
CREATE TRIGGER persons_never_change BEFORE UPDATE ON revision_persons
BEGIN SELECT RAISE(ABORT, 'an audience is never changed in place'); END;

-- Words of every revision, by its row. Vowel signs of Indic scripts are marks, and belong to their words.
CREATE VIRTUAL TABLE revision_words USING fts5(
    text, content = '', contentless_delete = 1, tokenize = "unicode61 categories 'L* N* Co Mn Mc'"
);
