-- What lists are counted and filtered by.

PRAGMA user_version = 17;

-- All of a revision that a list looks at, so that it touches no page with a content: of 10,000 documents a third of the time.
CREATE INDEX revisions_listed ON revisions (document, number, stage, tlp, changed_ms);

-- How severe a revision says that it is, in the words of CVSS.

-- 0 none, 1 low, 2 medium, 3 high, 4 critical. One that says nothing, or another word, is not here.
CREATE TABLE revision_severities (
    revision INTEGER NOT NULL PRIMARY KEY REFERENCES revisions (row),
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4)
) STRICT;

-- What is there already: the publisher's own word, else the highest of its scores, as `sabha_advisory::severity` has it.
INSERT INTO revision_severities
SELECT row, severity FROM (
    SELECT row, CASE lower(trim(coalesce(
        json_extract(document, '$.document.aggregate_severity.text'),
        (SELECT score.value ->> '$.cvss_v3.baseSeverity'
         FROM json_each(document, '$.vulnerabilities') AS vulnerability, json_each(vulnerability.value, '$.scores') AS score
         ORDER BY instr('NONE LOW MEDIUM HIGH CRITICAL', score.value ->> '$.cvss_v3.baseSeverity') DESC LIMIT 1)
    ))) WHEN 'none' THEN 0 WHEN 'low' THEN 1 WHEN 'minor' THEN 1 WHEN 'medium' THEN 2 WHEN 'moderate' THEN 2 WHEN 'high' THEN 3
        WHEN 'important' THEN 3 WHEN 'critical' THEN 4 END AS severity
    FROM (SELECT row, CAST(content AS TEXT) AS document FROM revisions)
    WHERE json_valid(document)
) WHERE severity IS NOT NULL;

CREATE TRIGGER severities_never_change BEFORE UPDATE ON revision_severities
BEGIN SELECT RAISE(ABORT, 'a severity is never changed in place'); END;
CREATE TRIGGER published_severities_no_more BEFORE INSERT ON revision_severities
WHEN (SELECT stage FROM revisions WHERE row = NEW.revision) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
CREATE TRIGGER published_severities_stay BEFORE DELETE ON revision_severities
WHEN (SELECT stage FROM revisions WHERE row = OLD.revision) >= 3
BEGIN SELECT RAISE(ABORT, 'a published revision is never changed'); END;
