//! The certificate of a meeting as a file: which controls held from when to when, signed by a host's device and
//! countersigned by those who were there and chose to.
//!
//! Here is only the form. Which bytes are signed, and whether a certificate holds, is `sabha-crypto`'s. The same form stands
//! in `docs/schemas/meeting-certificate.schema.json`. Times are unix milliseconds.

use serde::{Deserialize, Serialize};

use crate::{
    ControlSettings, DeviceKey, MeetingId,
    key::{Digest, Signature},
    limits::COUNTERSIGNATURES_MAX,
    opaque::{GrantBytes, PolicyBytes},
};

/// Stretches of one device.
pub const STRETCHES_MAX: usize = 64;
/// Periods of one certificate.
pub const PERIODS_MAX: usize = 2048;

/// A certificate as a file. JSON, at most [`CERTIFICATE_BYTES_MAX`](crate::limits::CERTIFICATE_BYTES_MAX) bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFile {
    /// Tells these files from others.
    pub format: CertificateFormat,
    /// Of the format, and of the bytes that are signed: 1.
    pub version: CertificateVersion,
    /// What is certified.
    pub certificate: CertificateBody,
    /// Of the host's device.
    pub signature: Signature,
    /// Of devices that were there.
    #[serde(deserialize_with = "super::at_most::<_, _, COUNTERSIGNATURES_MAX>")]
    pub countersignatures: Vec<CountersignatureEntry>,
}

/// What is certified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateBody {
    /// The meeting: hash of suite and root key.
    pub meeting: MeetingId,
    /// The MLS number of the suite.
    pub suite: u16,
    /// The meeting's root key.
    pub root: DeviceKey,
    /// The host's device.
    pub signer: DeviceKey,
    /// The policy in force at the end, signed by a host. Makes the signer a host, by certificates that lead to the root key.
    pub policy: PolicyBytes,
    /// Where the meeting's log stood.
    pub log: LogHead,
    /// `confirmed_transcript_hash` of the last epoch (RFC 9420 section 8.2): commits to every change of the group.
    pub transcript_hash: Digest,
    /// The times in which the host's device followed every change of the group. Between them it was away.
    #[serde(deserialize_with = "super::at_most::<_, _, STRETCHES_MAX>")]
    pub stretches: Vec<CertifiedStretch>,
    /// Whether the device's record was full where the last stretch ends, so that nothing is said of what came after.
    pub record_full: bool,
}

/// The head of the meeting's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// How many entries it has.
    pub entries: u64,
    /// Head of the Merkle tree over them (RFC 9162).
    pub head: Digest,
}

/// A time in which a device followed every change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedStretch {
    /// Begins with the first of them, each ends where the next begins.
    #[serde(deserialize_with = "super::at_most::<_, _, PERIODS_MAX>")]
    pub periods: Vec<CertifiedPeriod>,
    /// The last epoch that was seen.
    pub until_epoch: u64,
    /// When it was seen last.
    pub until_ms: u64,
}

/// A time in which the terms did not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedPeriod {
    /// The group's first epoch in it.
    pub epoch: u64,
    /// When it began.
    pub from_ms: u64,
    /// Version of the policy.
    pub policy_version: u64,
    /// SHA-256 of the signed policy.
    pub policy_hash: Digest,
    /// What the organisation demanded; what is not named was at its loosest.
    pub floor: ControlSettings,
    /// What held; what is not named was at its loosest.
    pub controls: ControlSettings,
    /// Whether all that participants do was suspended.
    pub suspended: bool,
    /// Since when the meeting was locked by a host; absent if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at_ms: Option<u64>,
    /// How many hosts there were.
    pub hosts: u16,
    /// To how many members a host had given rights, and which to any of them.
    pub given: CertifiedRights,
    /// From how many members a host had taken rights, and which from any of them.
    pub taken: CertifiedRights,
}

/// Members whose rights were not those of everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedRights {
    /// How many.
    pub members: u16,
    /// In what.
    #[serde(deserialize_with = "super::at_most::<_, _, 5>")]
    pub rights: Vec<CertifiedRight>,
}

/// What a host can give to a member and take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertifiedRight {
    /// To send the microphone.
    Microphone,
    /// To send the camera.
    Camera,
    /// To share a screen.
    Screen,
    /// To share its sound.
    ScreenAudio,
    /// To write to all.
    Chat,
}

/// The word of a device that was there: what it saw itself was as the certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountersignatureEntry {
    /// What let the device in, signed by a host; names its key.
    pub grant: GrantBytes,
    /// When the device was there. It speaks of nothing else.
    #[serde(deserialize_with = "super::at_most::<_, _, STRETCHES_MAX>")]
    pub spans: Vec<CertifiedSpan>,
    /// Of the device, over this certificate, the grant and the spans.
    pub signature: Signature,
}

/// From when to when a device was there, by epochs of the group and by the device's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedSpan {
    /// The first epoch.
    pub from_epoch: u64,
    /// When it came.
    pub from_ms: u64,
    /// The last epoch.
    pub until_epoch: u64,
    /// When that was seen last.
    pub until_ms: u64,
}

/// The format's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificateFormat {
    /// The only one.
    #[default]
    #[serde(rename = "sabha-meeting-certificate")]
    MeetingCertificate,
}

/// The format's version, which is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct CertificateVersion(());

impl TryFrom<u16> for CertificateVersion {
    type Error = super::profile::UnknownVersion;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        super::profile::ProfileVersion::try_from(number).map(|_| Self(()))
    }
}

impl From<CertificateVersion> for u16 {
    fn from(_: CertificateVersion) -> Self {
        1
    }
}
