-- TAXII: what was made of objects that somebody sent, and in which documents an object of STIX is.

PRAGMA user_version = 14;

-- The status resource as JSON, for who sent the objects.
CREATE TABLE taxii_receipts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX taxii_receipts_of_user ON taxii_receipts (user, at_ms);

-- In which documents an object is, by the UUID in its id. Made from what is published and never told to anybody: who asks for an
-- object is answered from the documents that they may know. Filled when it is next needed.
CREATE TABLE stix_objects (
    object BLOB NOT NULL CHECK (length(object) = 16),
    document BLOB NOT NULL REFERENCES documents (id),
    PRIMARY KEY (object, document)
) STRICT, WITHOUT ROWID;

-- Which revisions are in it, and as which form of the program made them.
CREATE TABLE stix_indexed (
    revision INTEGER NOT NULL PRIMARY KEY REFERENCES revisions (row),
    form INTEGER NOT NULL
) STRICT;
