//! A log as text that anybody can check, with nothing but the meeting's id in hand.
//!
//! ```text
//!  sabha/<meeting_id>                    ┐
//!  <size>                                │ checkpoint
//!  <base64 of the head>                  │
//!                                        │
//!  — sabha/<meeting_id> <base64>         ┘ signed by a host's device
//!
//!  signer <base64>                         the host's device
//!  policy <base64>                         makes it a host, by certificates that lead to the root key
//!
//!  <base64>                                one line for each entry
//!  ...
//! ```
//!
//! The meeting's id is the hash of its suite and root key; the policy leads from the root key to the signer; the signer
//! signed the head; the head is that of the entries; and the policy is the last one that the entries name.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::SigningKey;
use sabha_admission::{Capabilities, Malformed, SignedPolicy, Suite, Violation};
use sabha_protocol::{DeviceKey, MeetingId};

use super::{Checkpoint, Entry, Event, Hash, InvalidCheckpoint, InvalidLog, MeetingLog};
use crate::certificate::Terms;

/// Longest export that is read, in bytes: a full log has 7 million.
pub const EXPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

impl MeetingLog {
    /// Returns the log as text, signed by a host's device. `policy` is the last one that the log names.
    pub fn export(&self, host: &SigningKey, policy: &SignedPolicy) -> String {
        let note = self.checkpoint().sign(host);
        let signer = Base64::encode_string(host.verifying_key().as_bytes());
        let policy = Base64::encode_string(&policy.to_bytes());
        let mut text = format!("{note}\nsigner {signer}\npolicy {policy}\n\n");
        for entry in self.entries() {
            text.push_str(&Base64::encode_string(&entry.to_bytes()));
            text.push('\n');
        }
        text
    }
}

/// What a checked export says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSummary {
    /// The meeting. The caller compares it with the one it asked for.
    pub meeting: MeetingId,
    /// The meeting's suite.
    pub suite: Suite,
    /// The meeting's root key.
    pub root: DeviceKey,
    /// The host's device that signed.
    pub signer: DeviceKey,
    /// Head over all entries: what the last heartbeat said.
    pub head: Hash,
    /// When the meeting was made, in unix milliseconds.
    pub created_ms: u64,
    /// When it ended, in unix milliseconds; `None` if the log was exported before.
    pub ended_ms: Option<u64>,
    /// The last epoch, if there was a commit.
    pub epoch: Option<u64>,
    /// Version of the last policy.
    pub policy_version: u64,
    /// How many were let in, by [`Method`](sabha_admission::Method) as its number.
    pub granted: BTreeMap<u8, usize>,
    /// How many grants were made void.
    pub revoked: usize,
    /// All entries, in their order.
    pub entries: Vec<Entry>,
}

/// Checks an exported log and says what is in it.
///
/// # Errors
/// [`ExportError`]: the first thing found wrong. Nothing in the text can be relied on then.
pub fn verify_export(text: &str) -> Result<LogSummary, ExportError> {
    if text.len() > EXPORT_BYTES_MAX {
        return Err(ExportError::TooLarge);
    }
    let parts = Parts::split(text).ok_or(ExportError::Form)?;
    let checkpoint =
        Checkpoint::verify(parts.note, parts.signatures, &parts.signer).map_err(ExportError::Checkpoint)?;

    let entries = decode_entries(parts.entries)?;
    let log = MeetingLog::restore(&entries).map_err(ExportError::Log)?;
    if log.checkpoint() != checkpoint {
        return Err(ExportError::Head);
    }
    let policy = SignedPolicy::from_bytes(&parts.policy).map_err(ExportError::PolicyForm)?;
    check_policy(&log, &policy, &parts.signer)?;
    Ok(summarise(log, &policy, parts.signer))
}

/// Why an export proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The signed head is missing or wrong.
    #[error("the signed head is wrong")]
    Checkpoint(#[source] InvalidCheckpoint),
    /// A part is missing or out of place.
    #[error("the text is not an exported log")]
    Form,
    /// The entries are not those of the signed head, or of another meeting.
    #[error("the entries are not those that were signed")]
    Head,
    /// The entries are no log.
    #[error("the entries are no log")]
    Log(#[source] InvalidLog),
    /// The policy is not one of this meeting.
    #[error("the policy does not hold")]
    Policy(#[source] Violation),
    /// The policy cannot be read.
    #[error("the policy cannot be read")]
    PolicyForm(#[source] Malformed),
    /// The policy is not the last one in the log.
    #[error("the policy is not the last one in the log")]
    PolicyUnknown,
    /// Who signed is no host by the policy.
    #[error("the signer is no host")]
    Signer,
    /// More than [`EXPORT_BYTES_MAX`] bytes.
    #[error("the text is too long")]
    TooLarge,
}

struct Parts<'a> {
    /// With its last line feed, which is signed too.
    note: &'a str,
    signatures: &'a str,
    signer: DeviceKey,
    policy: Vec<u8>,
    entries: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let end = text.find("\n\n")?;
        let (note, rest) = (&text[..=end], &text[end + 2..]);
        let (signatures, rest) = rest.split_once("\n\n")?;
        let (keys, entries) = rest.split_once("\n\n")?;
        let (signer, policy) = keys.split_once('\n')?;
        let decode = |line: &str, name| Base64::decode_vec(line.strip_prefix(name)?).ok();
        let signer = DeviceKey::from_bytes(decode(signer, "signer ")?.try_into().ok()?);
        Some(Self { note, signatures, signer, policy: decode(policy, "policy ")?, entries })
    }
}

fn decode_entries(text: &str) -> Result<Vec<Vec<u8>>, ExportError> {
    let lines = text.strip_suffix('\n').ok_or(ExportError::Form)?.split('\n');
    lines.map(|line| Base64::decode_vec(line).map_err(|_| ExportError::Form)).collect()
}

fn check_policy(log: &MeetingLog, policy: &SignedPolicy, signer: &DeviceKey) -> Result<(), ExportError> {
    if log.course.policy != Some((policy.version, Terms::of(policy).hash())) {
        return Err(ExportError::PolicyUnknown);
    }
    // By the time of the creation: certificates that ran out during the meeting were listed before they did.
    policy
        .check(log.meeting, policy.suite.code(), None, log.entries[0].time_ms)
        .map_err(ExportError::Policy)?;
    if policy.authority(signer) == Capabilities::NONE {
        return Err(ExportError::Signer);
    }
    Ok(())
}

fn summarise(log: MeetingLog, policy: &SignedPolicy, signer: DeviceKey) -> LogSummary {
    let mut granted = BTreeMap::new();
    let mut revoked = 0;
    for entry in &log.entries {
        match entry.event {
            Event::Granted { method, .. } => *granted.entry(method as u8).or_default() += 1,
            Event::Revoked { .. } => revoked += 1,
            Event::Commit { .. } | Event::Created { .. } | Event::Ended | Event::Policy { .. } => {}
        }
    }
    LogSummary {
        meeting: log.meeting,
        suite: policy.suite,
        root: policy.root,
        signer,
        head: log.head(),
        created_ms: log.entries[0].time_ms,
        ended_ms: log.course.ended.then_some(log.course.last_ms),
        epoch: log.course.epoch,
        policy_version: policy.version,
        granted,
        revoked,
        entries: log.entries,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sabha_admission::{GrantId, HostCert, Method, Policy, device_key, meeting_id};

    use super::*;
    use crate::log::{InvalidCheckpoint, Misplaced, grant_hash};

    const SUITE: Suite = Suite::XWing;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn policy(root: &SigningKey, host: &SigningKey) -> SignedPolicy {
        let meeting = meeting_id(SUITE, &device_key(root));
        let cert = HostCert {
            meeting,
            subject: device_key(host),
            capabilities: Capabilities::HOST,
            issuer: device_key(root),
            seq: 1,
            not_after_ms: 2_000,
        };
        Policy {
            meeting,
            suite: SUITE,
            root: device_key(root),
            version: 3,
            hosts: vec![cert.sign(root).unwrap()],
            locked_at_ms: None,
            revoked: vec![],
            conduct: sabha_admission::Conduct::default(),
            signer: device_key(root),
        }
        .sign(root)
        .unwrap()
    }

    fn log(policy: &SignedPolicy) -> MeetingLog {
        let mut log = MeetingLog::create(SUITE, policy.root, 1_000);
        let grant = grant_hash(&GrantId { issuer: policy.signer, seq: 1 });
        log.append(Event::Policy { version: policy.version, hash: Terms::of(policy).hash() }, 1_000).unwrap();
        log.append(Event::Granted { grant, method: Method::Passcode }, 1_500).unwrap();
        log.append(Event::Commit { epoch: 1, transcript_hash: [5; 32] }, 1_600).unwrap();
        log.append(Event::Revoked { grant }, 2_500).unwrap();
        log.append(Event::Ended, 9_000).unwrap();
        log
    }

    fn export() -> String {
        let policy = policy(&key(1), &key(2));
        log(&policy).export(&key(2), &policy)
    }

    #[test]
    fn an_export_says_what_the_log_says() {
        let summary = verify_export(&export()).unwrap();
        assert_eq!(summary.meeting, meeting_id(SUITE, &device_key(&key(1))));
        assert_eq!((summary.root, summary.signer), (device_key(&key(1)), device_key(&key(2))));
        assert_eq!((summary.created_ms, summary.ended_ms), (1_000, Some(9_000)));
        assert_eq!((summary.epoch, summary.policy_version, summary.revoked), (Some(1), 3, 1));
        assert_eq!(summary.granted, BTreeMap::from([(Method::Passcode as u8, 1)]));
        assert_eq!(summary.entries.len(), 6);
    }

    #[test]
    fn the_root_key_can_sign_too() {
        let policy = policy(&key(1), &key(2));
        assert!(verify_export(&log(&policy).export(&key(1), &policy)).is_ok());
    }

    #[test]
    fn who_is_no_host_cannot_sign_a_log() {
        let policy = policy(&key(1), &key(2));
        assert_eq!(verify_export(&log(&policy).export(&key(3), &policy)), Err(ExportError::Signer));
    }

    #[test]
    fn a_host_of_another_root_cannot_sign_this_meetings_log() {
        // Everything of the attacker's own but the meeting.
        let (own, foreign) = (policy(&key(1), &key(2)), policy(&key(7), &key(8)));
        let mut log = MeetingLog::create(SUITE, own.root, 1_000);
        log.append(Event::Policy { version: foreign.version, hash: Terms::of(&foreign).hash() }, 1_000)
            .unwrap();
        assert_eq!(
            verify_export(&log.export(&key(8), &foreign)),
            Err(ExportError::Policy(Violation::PolicyForeign))
        );
    }

    #[test]
    fn only_the_last_policy_of_the_log_makes_hosts() {
        let (old, new) = (policy(&key(1), &key(2)), policy(&key(1), &key(4)));
        assert_eq!(verify_export(&log(&new).export(&key(2), &old)), Err(ExportError::PolicyUnknown));
        assert_eq!(verify_export(&log(&new).export(&key(2), &new)), Err(ExportError::Signer));
        let without = MeetingLog::create(SUITE, old.root, 1_000);
        assert_eq!(verify_export(&without.export(&key(2), &old)), Err(ExportError::PolicyUnknown));
    }

    #[test]
    fn left_out_added_and_swapped_entries_are_noticed() {
        let text = export();
        let lines: Vec<_> = text.lines().collect();
        let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
        assert_eq!(joined(&lines), text);

        let without_the_last = joined(&lines[..lines.len() - 1]);
        assert_eq!(verify_export(&without_the_last), Err(ExportError::Head));

        let mut swapped = lines.clone();
        swapped.swap(12, 13);
        assert!(matches!(verify_export(&joined(&swapped)), Err(ExportError::Log(_) | ExportError::Head)));

        let added = format!("{text}{}\n", lines[12]);
        let error = verify_export(&added).unwrap_err();
        assert_eq!(error, ExportError::Log(InvalidLog { index: 6, cause: Misplaced::Ended }));
    }

    #[test]
    fn parts_that_are_missing_or_moved_are_refused() {
        let text = export();
        for changed in [
            String::new(),
            text.replacen("\n\n", "\n", 1),
            text.replacen("signer ", "host ", 1),
            text.replacen("policy ", "policy  ", 1),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
        ] {
            assert!(verify_export(&changed).is_err(), "{changed}");
        }
        assert_eq!(verify_export(&"\n".repeat(EXPORT_BYTES_MAX + 1)), Err(ExportError::TooLarge));
        let other_size = text.replacen("\n6\n", "\n7\n", 1);
        assert_eq!(verify_export(&other_size), Err(ExportError::Checkpoint(InvalidCheckpoint::Signature)));
    }

    #[test]
    fn a_full_log_fits_into_an_export() {
        let line = super::super::ENTRY_BYTES_MAX.div_ceil(3) * 4 + 1;
        assert!(line * super::super::ENTRIES_MAX + 200_000 < EXPORT_BYTES_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_changed_character_is_noticed(at: prop::sample::Index, to in "[A-Za-z0-9/+ \n]") {
            let text = export();
            let places: Vec<_> = text.char_indices().collect();
            let (place, char) = places[at.index(places.len())];
            prop_assume!(!to.starts_with(char));
            let changed = format!("{}{to}{}", &text[..place], &text[place + char.len_utf8()..]);
            prop_assert!(verify_export(&changed).is_err());
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in "(\\PC|\n){0,300}") {
            prop_assert!(verify_export(&text).is_err());
        }
    }
}
