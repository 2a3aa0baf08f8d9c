//! What a participant knows of itself and of the room: one value, for tests to wait on and reports to print.

use std::collections::BTreeMap;

use sabha_protocol::{
    BootEpoch, DisplayName, MediaGeneration, MediaState, MeetingTitle, ParticipantId, RoomSeq, Rule,
    secret::ResumeToken,
    wire::server::{CloseReason, Guest, Participant, Role},
};
use serde::Serialize;

use crate::sink::PublicationStats;

/// Refusals kept; the oldest go first.
const REFUSALS_MAX: usize = 64;

/// Where the participant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// On the way to the server.
    #[default]
    Connecting,
    /// In the lobby.
    Waiting,
    /// Admitted; media is being negotiated.
    Joining,
    /// In the room.
    Joined,
    /// Was in the room, lost the WebSocket, is coming back.
    Reconnecting,
    /// Out.
    Over,
}

/// Why it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Over {
    /// The server said so.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Who decided.
        by: Option<DisplayName>,
    },
    /// The server refused a request without which nothing goes on.
    Refused {
        /// The rule that decided.
        rule: Rule,
        /// The same in a sentence.
        message: String,
    },
    /// Something broke.
    Failed {
        /// What, for people.
        error: String,
    },
    /// This side went without a word.
    Vanished,
}

/// A request that the server refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What was asked, as named on the wire; nothing if the refusal answers no request of ours.
    pub request: Option<&'static str>,
    /// The rule that decided.
    pub rule: Rule,
    /// The same in a sentence.
    pub message: String,
}

/// Everything known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Where in its life.
    pub phase: Phase,
    /// Why it is over, once it is.
    pub over: Option<Over>,
    /// Own id, once known.
    pub you: Option<ParticipantId>,
    /// Own role, once admitted.
    pub role: Option<Role>,
    /// The meeting's title, once admitted.
    pub title: Option<MeetingTitle>,
    /// Which life of the server.
    pub boot_epoch: Option<BootEpoch>,
    /// In the lobby: whether a host hears the knock.
    pub host_present: bool,
    /// What of the own media is on, as the server knows it.
    pub media: MediaState,
    /// Everybody in the room, this one included.
    pub participants: BTreeMap<ParticipantId, Participant>,
    /// Who knocks, if this is a host.
    pub lobby: Vec<Guest>,
    /// Who speaks, most recent first.
    pub speaking: Vec<ParticipantId>,
    /// How far this follows the room's order.
    pub seq: RoomSeq,
    /// Positions of the room's order that were skipped without a `joined`.
    pub seq_gaps: u64,
    /// The current peer connection.
    pub generation: Option<MediaGeneration>,
    /// Whether ICE and DTLS are up on it.
    pub media_connected: bool,
    /// How often the WebSocket came back.
    pub resumes: u32,
    /// How often the media connection was replaced.
    pub media_replacements: u32,
    /// Media packets received.
    pub media_packets: u64,
    /// Bytes received on the media socket, everything included.
    pub media_socket_bytes: u64,
    /// What was received of each publication.
    pub publications: Vec<PublicationStats>,
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// From opening the WebSocket to being in the room, in milliseconds.
    pub joined_ms: Option<u64>,
    /// From opening the WebSocket to connected media, in milliseconds.
    pub media_connected_ms: Option<u64>,
    pub(crate) resume: Option<ResumeToken>,
}

impl Snapshot {
    /// Returns the newest token that brings back to this place, for tests of what it is good for.
    pub const fn resume_token(&self) -> Option<&ResumeToken> {
        self.resume.as_ref()
    }

    /// Returns what was received of others' pictures and sound in whole frames and packets.
    pub fn received(
        &self,
        participant: ParticipantId,
        source: sabha_protocol::Source,
    ) -> Option<&PublicationStats> {
        self.publications
            .iter()
            .find(|stats| stats.publication.participant == participant && stats.publication.source == source)
    }

    /// Returns whether the server refused anything by this rule.
    pub fn was_refused_by(&self, rule: Rule) -> bool {
        self.refusals.iter().any(|refusal| refusal.rule == rule)
    }

    pub(super) fn push_refusal(&mut self, refusal: Refusal) {
        if self.refusals.len() == REFUSALS_MAX {
            self.refusals.remove(0);
        }
        self.refusals.push(refusal);
    }
}
