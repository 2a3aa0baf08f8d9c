//! A server's exported audit log: each entry has the hash of the one before in its own.
//!
//! Written from the description in `docs/proof.md` and not from the server's code, so that the two check each other.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use data_encoding::HEXLOWER;
use sabha_protocol::wire::accounts::AuditEntry;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Details, Finding};

/// Longest line, in bytes: an entry is some ids and words.
pub(super) const LINE_BYTES_MAX: usize = 8 * 1024;

const LABEL: &[u8] = b"sabha audit entry v1";

#[derive(Serialize)]
pub(super) struct Summary {
    entries: u64,
    /// Hash of the newest entry, in hexadecimal.
    head: String,
    /// Unix milliseconds.
    from_ms: u64,
    until_ms: u64,
    /// Whether a hash that was noted before is in it; absent if none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<bool>,
}

/// Returns whether a line can be the first of an audit log.
pub(super) fn is_entry(line: &[u8]) -> bool {
    serde_json::from_slice::<AuditEntry>(line).is_ok()
}

/// Checks a log. With `noted`, that hash has to be in it.
pub(super) fn check(file: &Path, noted: Option<&str>) -> Result<Finding, String> {
    let mut lines = BufReader::new(fs::File::open(file).map_err(|error| error.to_string())?);
    let mut previous = Vec::new();
    let mut summary: Option<Summary> = None;
    loop {
        let mut line = Vec::new();
        let limited = &mut (&mut lines).take(LINE_BYTES_MAX as u64 + 1);
        limited.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if line.is_empty() {
            break;
        }
        let seq = summary.as_ref().map_or(1, |summary| summary.entries + 1);
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("entry {seq} has more than {LINE_BYTES_MAX} bytes"));
        }
        let text = String::from_utf8(line).map_err(|_| format!("entry {seq} is no text"))?;
        let entry: AuditEntry = super::parse(&text).map_err(|error| format!("entry {seq}: {error}"))?;
        let hash = hash(&previous, &entry);
        if entry.seq != seq || entry.hash != HEXLOWER.encode(&hash) {
            return Err(format!("entry {seq}, or one before it, was changed, moved or taken out"));
        }
        previous = hash.to_vec();
        let found = noted.map(|noted| noted.eq_ignore_ascii_case(&entry.hash));
        let summary = summary.get_or_insert_with(|| Summary {
            entries: 0,
            head: String::new(),
            from_ms: entry.at_ms,
            until_ms: 0,
            contains: None,
        });
        summary.contains = found.map(|found| found || summary.contains == Some(true));
        (summary.entries, summary.until_ms, summary.head) = (seq, entry.at_ms, entry.hash);
    }
    let summary = summary.ok_or_else(|| "there is no entry in it".to_owned())?;
    if summary.contains == Some(false) {
        return Err("the entries hold together, but the hash is none of theirs: the end was cut off, or it is another log".to_owned());
    }
    Ok(finding(summary))
}

/// Returns SHA-256 over the label, the hash before and the entry; each part a byte 1, its length in 8 bytes and itself, or
/// a byte 0 and eight more if it is absent.
fn hash(previous: &[u8], entry: &AuditEntry) -> [u8; 32] {
    let (user, key) = (entry.user.map(|id| *id.as_bytes()), entry.key.map(|id| *id.as_bytes()));
    let (seq, at_ms) = (entry.seq.to_be_bytes(), entry.at_ms.to_be_bytes());
    let parts: [Option<&[u8]>; 9] = [
        Some(LABEL),
        Some(previous),
        Some(&seq),
        Some(&at_ms),
        user.as_ref().map(<[u8; 16]>::as_slice),
        key.as_ref().map(<[u8; 16]>::as_slice),
        Some(entry.action.word().as_bytes()),
        entry.subject.as_deref().map(str::as_bytes),
        entry.detail.as_deref().map(str::as_bytes),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        let bytes = part.unwrap_or_default();
        hash.update([u8::from(part.is_some())]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().into()
}

fn finding(summary: Summary) -> Finding {
    let lines = vec![
        "audit log".to_owned(),
        format!("entries   {}", summary.entries),
        format!("from      {} (unix ms)", summary.from_ms),
        format!("until     {} (unix ms)", summary.until_ms),
        format!("newest    {}", summary.head),
    ];
    let mut proved =
        vec!["every entry follows from the one before: none is changed, moved or left out".to_owned()];
    let mut not_proved = vec![
        "that the server wrote down everything: whoever has the machine can begin another log".to_owned(),
    ];
    match summary.contains {
        Some(_) => proved.push("it goes on from the hash that was noted".to_owned()),
        None => not_proved.push(
            "that its end was not cut off: note the newest hash somewhere else, and give it with --head next time"
                .to_owned(),
        ),
    }
    Finding { details: Details::Audit(summary), lines, proved, not_proved }
}

#[cfg(test)]
mod tests {
    use sabha_protocol::wire::accounts::AuditAction;

    use super::*;

    fn log() -> Vec<String> {
        let mut previous = Vec::new();
        [AuditAction::MeetingCreated, AuditAction::UserJoined, AuditAction::AuditExported]
            .into_iter()
            .zip(1..)
            .map(|(action, seq)| {
                let mut entry = AuditEntry {
                    seq,
                    at_ms: seq * 10,
                    user: None,
                    key: None,
                    action,
                    subject: (seq == 1).then(|| "abc".to_owned()),
                    detail: None,
                    hash: String::new(),
                };
                previous = hash(&previous, &entry).to_vec();
                entry.hash = HEXLOWER.encode(&previous);
                serde_json::to_string(&entry).unwrap() + "\n"
            })
            .collect()
    }

    fn checked(lines: &[String], noted: Option<&str>) -> Result<u64, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("audit.jsonl");
        fs::write(&file, lines.concat()).unwrap();
        match check(&file, noted)?.details {
            Details::Audit(summary) => Ok(summary.entries),
            _ => Err("not an audit log".to_owned()),
        }
    }

    #[test]
    fn a_whole_log_holds() {
        assert_eq!(checked(&log(), None), Ok(3));
        let entry: AuditEntry = serde_json::from_str(&log()[1]).unwrap();
        assert_eq!(checked(&log(), Some(&entry.hash)), Ok(3));
        assert!(checked(&log()[..1], Some(&entry.hash)).unwrap_err().contains("cut off"));
    }

    #[test]
    fn changed_moved_and_missing_entries_are_named() {
        let mut swapped = log();
        swapped.swap(0, 1);
        assert!(checked(&swapped, None).unwrap_err().starts_with("entry 1"));
        let mut missing = log();
        missing.remove(1);
        assert!(checked(&missing, None).unwrap_err().starts_with("entry 2"));
        let mut changed = log();
        changed[1] = changed[1].replace("\"at_ms\":20", "\"at_ms\":21");
        assert!(checked(&changed, None).unwrap_err().starts_with("entry 2"));
        assert!(checked(&[], None).is_err());
        let long = format!("{{\"seq\":{}1}}\n", " ".repeat(LINE_BYTES_MAX));
        assert!(checked(&[long], None).unwrap_err().contains("bytes"));
    }
}
