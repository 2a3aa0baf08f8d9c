//! A meeting's exported log.

use std::path::Path;

use data_encoding::HEXLOWER;
use sabha_crypto::log::{EXPORT_BYTES_MAX, LogSummary, verify_export};
use sabha_protocol::{DeviceKey, MeetingId};
use serde::Serialize;

use super::{Details, Finding, chain, check_meeting};

#[derive(Serialize)]
pub(super) struct Summary {
    meeting: MeetingId,
    /// The MLS number of the cipher suite.
    suite: u16,
    root: DeviceKey,
    signer: DeviceKey,
    /// Hexadecimal.
    head: String,
    entries: usize,
    /// Unix milliseconds.
    created_ms: u64,
    ended_ms: Option<u64>,
    epoch: Option<u64>,
    policy_version: u64,
    admitted: usize,
    revoked: usize,
}

impl From<&LogSummary> for Summary {
    fn from(log: &LogSummary) -> Self {
        Self {
            meeting: log.meeting,
            suite: log.suite.code(),
            root: log.root,
            signer: log.signer,
            head: HEXLOWER.encode(&log.head),
            entries: log.entries.len(),
            created_ms: log.created_ms,
            ended_ms: log.ended_ms,
            epoch: log.epoch,
            policy_version: log.policy_version,
            admitted: log.granted.values().sum(),
            revoked: log.revoked,
        }
    }
}

/// Reads a log that holds.
pub(super) fn read(file: &Path, meeting: Option<MeetingId>) -> Result<LogSummary, String> {
    let text = super::read(file, EXPORT_BYTES_MAX)?;
    let log = verify_export(&text).map_err(|error| chain(&error))?;
    check_meeting(meeting, log.meeting)?;
    Ok(log)
}

#[expect(clippy::needless_pass_by_value, reason = "the log is used up: what is left of it is said")]
pub(super) fn finding(log: LogSummary) -> Finding {
    let summary = Summary::from(&log);
    let mut lines = vec![
        format!("meeting log of {}", summary.meeting),
        format!("root key  {}", String::from(summary.root)),
        format!("signed by {}", String::from(summary.signer)),
        format!("head      {}", summary.head),
        format!("entries   {}", summary.entries),
        format!("admitted  {}", summary.admitted),
        format!("revoked   {}", summary.revoked),
        format!("created   {} (unix ms)", summary.created_ms),
    ];
    lines.extend(summary.ended_ms.map(|ended| format!("ended     {ended} (unix ms)")));
    Finding {
        details: Details::Log(summary),
        lines,
        proved: vec![
            "the meeting's id is the hash of the root key and the suite".to_owned(),
            "a host's device, certified by the root key, has signed these entries, and none is changed, moved or left out"
                .to_owned(),
        ],
        not_proved: vec![
            "that the device wrote down everything, and at the right times: members compare the head in heartbeats".to_owned(),
            "who the people were: the log has no names".to_owned(),
        ],
    }
}
