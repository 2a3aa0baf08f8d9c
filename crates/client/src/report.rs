//! What is printed at the end, as JSON. Field names are stable: scripts read them.

use std::collections::BTreeMap;

use sabha_protocol::{
    GroupEpoch, MeetingId, ParticipantId,
    device::{Alarm, Encryption},
    wire::server::Role,
};
use serde::Serialize;

use crate::{
    frames::Drops,
    load::{Measured, SentStream},
    participant::{Over, Refusal, Snapshot},
    process::ProcessSample,
    sink::PublicationStats,
};

/// What one participant did and received.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The meeting.
    pub meeting: Option<MeetingId>,
    /// Own id.
    pub you: Option<ParticipantId>,
    /// Own role at the end.
    pub role: Option<Role>,
    /// Why it ended.
    pub over: Option<Over>,
    /// Time from the start to the end, in milliseconds.
    pub lasted_ms: u64,
    /// From opening the WebSocket to being in the room, in milliseconds.
    pub joined_ms: Option<u64>,
    /// From opening the WebSocket to connected media, in milliseconds.
    pub media_connected_ms: Option<u64>,
    /// From opening the WebSocket to the first whole key frame of anybody, in milliseconds.
    pub first_key_frame_ms: Option<u64>,
    /// Names of everybody in the room at the end, by id; empty for who has said none.
    pub roster: BTreeMap<ParticipantId, String>,
    /// Whether what was sent and seen is what was verified, when the device was in the group last.
    pub encryption: Option<Encryption>,
    /// The group's epoch then.
    pub epoch: GroupEpoch,
    /// What the device noticed of a server or member that does not keep to the protocol.
    pub alarms: Vec<Alarm>,
    /// How often the WebSocket came back.
    pub resumes: u32,
    /// How often the media connection was replaced.
    pub media_replacements: u32,
    /// Positions of the room's order that were skipped.
    pub seq_gaps: u64,
    /// Media packets received.
    pub media_packets: u64,
    /// Bytes received on media sockets, everything included.
    pub media_socket_bytes: u64,
    /// Whole frames received and opened.
    pub decrypted: u64,
    /// Whole frames received and not opened, by reason.
    pub dropped: Drops,
    /// What was received of each publication.
    pub received: Vec<PublicationStats>,
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// The meeting's log as text that anybody can check, on the device that made the meeting.
    #[serde(skip)]
    pub log: Option<String>,
    /// The meeting's certificate as a file that anybody can check, as the device gave it out last.
    #[serde(skip)]
    pub certificate: Option<String>,
    /// What was sent while it was measured.
    #[serde(skip)]
    pub(crate) sent: Vec<SentStream>,
    /// What was measured of what was received.
    #[serde(skip)]
    pub(crate) measured: Vec<Measured>,
}

impl Report {
    /// Returns the report on a participant that ended in this state.
    pub(crate) fn new(meeting: MeetingId, state: &Snapshot, lasted_ms: u64) -> Self {
        Self {
            meeting: Some(meeting),
            you: state.you,
            role: state.role,
            over: state.over.clone(),
            lasted_ms,
            joined_ms: state.joined_ms,
            media_connected_ms: state.media_connected_ms,
            first_key_frame_ms: first_key_frame_ms(state),
            roster: state
                .participants
                .values()
                .map(|one| (one.id, one.name.clone().map(String::from).unwrap_or_default()))
                .collect(),
            encryption: state.in_group.as_ref().map(|view| view.encryption),
            epoch: state.in_group.as_ref().map_or(GroupEpoch(0), |view| view.epoch),
            alarms: state.view.as_ref().map(|view| view.alarms.clone()).unwrap_or_default(),
            resumes: state.resumes,
            media_replacements: state.media_replacements,
            seq_gaps: state.seq_gaps,
            media_packets: state.media_packets,
            media_socket_bytes: state.media_socket_bytes,
            decrypted: state.decrypted,
            dropped: state.dropped,
            received: state.publications.clone(),
            refusals: state.refusals.clone(),
            log: None,
            certificate: None,
            sent: Vec::new(),
            measured: Vec::new(),
        }
    }

    /// Returns the received publications as a table for people.
    pub fn table(&self) -> String {
        use std::fmt::Write as _;

        let mut out = String::from(
            "from  source        packets      bytes  frames  keys  drop  lost  breaks  gap ms  first ms\n",
        );
        for one in &self.received {
            let figures = &one.figures;
            // Writing to a string cannot fail.
            let _infallible = writeln!(
                out,
                "{:>4}  {:<12} {:>8} {:>10} {:>7} {:>5} {:>5} {:>5} {:>7} {:>7} {:>9}",
                one.publication.participant,
                format!("{:?}", one.publication.source),
                figures.packets,
                figures.bytes,
                figures.frames,
                figures.key_frames,
                figures.dropped.total(),
                figures.lost,
                figures.picture_id_breaks,
                figures.longest_gap_ms,
                figures.first_packet_ms.unwrap_or_default(),
            );
        }
        out
    }
}

/// Returns the time of the first whole key frame of anybody, in milliseconds from opening the WebSocket.
pub(crate) fn first_key_frame_ms(state: &Snapshot) -> Option<u64> {
    state.publications.iter().filter_map(|stats| stats.figures.first_key_frame_ms).min()
}

/// Percentiles of some durations, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// How many there were.
    pub samples: usize,
    /// Half are below.
    pub p50_ms: u64,
    /// 95 of 100 are below.
    pub p95_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

impl Percentiles {
    /// Returns the percentiles by the nearest-rank method.
    pub fn of(mut samples: Vec<u64>) -> Self {
        samples.sort_unstable();
        let rank = |percent: usize| {
            let index = (samples.len() * percent).div_ceil(100).saturating_sub(1);
            samples.get(index).copied().unwrap_or_default()
        };
        Self { samples: samples.len(), p50_ms: rank(50), p95_ms: rank(95), max_ms: rank(100) }
    }
}

/// How long joining takes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct JoinTimes {
    /// From opening the WebSocket to `joined`.
    pub joined: Percentiles,
    /// From opening the WebSocket to connected media.
    pub media_connected: Percentiles,
    /// From opening the WebSocket to the first whole key frame.
    pub first_key_frame: Percentiles,
    /// Joins in which no picture came.
    pub failed: usize,
}

/// How a crowd came in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CrowdReport {
    /// Guests that came.
    pub guests: usize,
    /// Guests that got in.
    pub joined: usize,
    /// From opening the WebSocket to being in the room, of each.
    pub join: Percentiles,
    /// From the first guest's coming to the last one's being in the room, in milliseconds.
    pub all_in_ms: u64,
    /// From the first guest's coming to everybody's seeing the same group, in milliseconds; absent if that never happened.
    pub same_group_ms: Option<u64>,
    /// Members of the group at the end, as its host sees them.
    pub members: usize,
    /// Changes of the group from its making to the end.
    pub commits: u64,
    /// Names that somebody in the group did not know yet when it was the same for all: of 100 there are 10,000.
    pub nameless: usize,
    /// What the server refused to anybody.
    pub refusals: usize,
    /// Guests that did not get in, in words; the first few.
    pub failures: Vec<String>,
}

/// What a soak did, and what it left behind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SoakReport {
    /// How long it ran, in seconds.
    pub seconds: u64,
    /// Guests that joined.
    pub joins: u64,
    /// Guests that left or vanished.
    pub leaves: u64,
    /// WebSockets dropped and resumed.
    pub resumes: u64,
    /// Media connections replaced.
    pub media_replacements: u64,
    /// Times a screen share began.
    pub screen_shares: u64,
    /// Times somebody changed what it watches.
    pub subscription_changes: u64,
    /// Media packets that all guests received.
    pub media_packets: u64,
    /// Frames that all guests opened.
    pub decrypted: u64,
    /// Frames that they did not open, by reason.
    pub dropped: Drops,
    /// What went wrong, in words; the first few.
    pub failures: Vec<String>,
    /// The server's process before the first guest.
    pub baseline: Option<ProcessSample>,
    /// Its highest figures while it ran.
    pub peak: Option<ProcessSample>,
    /// The server's process after the last guest, once it had settled.
    pub end: Option<ProcessSample>,
}

impl SoakReport {
    /// Returns the process figures as a table for people.
    pub fn table(&self) -> String {
        use std::fmt::Write as _;

        let mut out = String::from("           rss kB   fds  threads\n");
        for (name, sample) in [("baseline", self.baseline), ("peak", self.peak), ("end", self.end)] {
            if let Some(sample) = sample {
                let _infallible = writeln!(
                    out,
                    "{name:<9} {:>7} {:>5} {:>8}",
                    sample.rss_kb, sample.file_descriptors, sample.threads
                );
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let of = |count: u64| Percentiles::of((1..=count).rev().collect());
        assert_eq!(of(30), Percentiles { samples: 30, p50_ms: 15, p95_ms: 29, max_ms: 30 });
        assert_eq!(of(1), Percentiles { samples: 1, p50_ms: 1, p95_ms: 1, max_ms: 1 });
        assert_eq!(of(0), Percentiles::default());
    }
}
