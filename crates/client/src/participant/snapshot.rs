//! What a participant knows of itself and of the room: one value, for tests to wait on and reports to print.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use sabha_protocol::{
    BootEpoch, DeviceKey, DisplayName, GroupEpoch, MediaGeneration, MediaState, MeetingTitle, ParticipantId,
    RoomSeq, Rule,
    device::{DeviceStage, DeviceView, MemberView, WaitingView},
    key::Digest,
    restricted::{MaterialBytes, MaterialKind},
    secret::ResumeToken,
    text::ChatText,
    wire::server::{CloseReason, Participant, Presence, Role},
};
use serde::Serialize;

use crate::{frames::Drops, sink::PublicationStats};

/// Refusals kept; the oldest go first.
const REFUSALS_MAX: usize = 64;

/// Chat messages kept; the oldest go first.
const CHAT_MAX: usize = 256;

/// Restricted material that somebody shows now. In memory only; never printed and in no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    /// Whose device shows it.
    pub from: DeviceKey,
    /// SHA-256 of it.
    pub id: Digest,
    /// What it is.
    pub kind: MaterialKind,
    /// The whole.
    pub content: MaterialBytes,
}

/// Where the participant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// On the way to the server.
    #[default]
    Connecting,
    /// In the lobby.
    Waiting,
    /// Admitted; the group is being joined, and media negotiated.
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

/// Somebody in the room: where the server says it is, under the name that its device gave itself in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its id in this room.
    pub id: ParticipantId,
    /// Its device.
    pub device: DeviceKey,
    /// Its name, once its device has said it. Nothing for who is not in the group.
    pub name: Option<DisplayName>,
    /// Its role.
    pub role: Role,
    /// What it has switched on.
    pub media: MediaState,
    /// Whether it is reachable.
    pub presence: Presence,
    /// Whether its hand is up.
    pub hand: bool,
}

impl Person {
    pub(super) fn new(participant: Participant, members: &[MemberView]) -> Self {
        let Participant { id, device, role, media, presence, .. } = participant;
        let mut person = Self { id, device, name: None, role, media, presence, hand: false };
        person.follow(members);
        person
    }

    /// Takes name and hand from what the device has verified.
    fn follow(&mut self, members: &[MemberView]) {
        let member = members.iter().find(|member| member.device == self.device);
        self.name = member.and_then(|member| member.name.clone());
        self.hand = member.is_some_and(|member| member.hand);
    }
}

/// Something that was said in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// By whom.
    pub from: DeviceKey,
    /// Under which name.
    pub name: DisplayName,
    /// What.
    pub text: ChatText,
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
    /// How things stand for the own device: everything in it was verified.
    pub view: Option<Arc<DeviceView>>,
    /// Which life of the server.
    pub boot_epoch: Option<BootEpoch>,
    /// In the lobby: whether a host hears the knock.
    pub host_present: bool,
    /// What of the own media is on, as the server knows it.
    pub media: MediaState,
    /// Whether own frames can be sealed; without that nothing is sent.
    pub sending: bool,
    /// Everybody in the room, this one included.
    pub participants: BTreeMap<ParticipantId, Person>,
    /// What was said, oldest first.
    pub chat: Vec<ChatLine>,
    /// Restricted material that is shown, all of it here; the own too.
    pub materials: Vec<Material>,
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
    /// Where the server says it takes media by UDP.
    pub media_addresses: Vec<SocketAddr>,
    /// How often the WebSocket came back.
    pub resumes: u32,
    /// How often the media connection was replaced.
    pub media_replacements: u32,
    /// Media packets received.
    pub media_packets: u64,
    /// Bytes received on the media socket, everything included.
    pub media_socket_bytes: u64,
    /// Whole frames received and opened.
    pub decrypted: u64,
    /// Whole frames received and not opened.
    pub dropped: Drops,
    /// What was received of each publication.
    pub publications: Vec<PublicationStats>,
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// From opening the WebSocket to being in the room, in milliseconds.
    pub joined_ms: Option<u64>,
    /// From opening the WebSocket to connected media, in milliseconds.
    pub media_connected_ms: Option<u64>,
    pub(crate) resume: Option<ResumeToken>,
    /// How things stood when the device was in the group last: what is reported once it has forgotten everything.
    pub(crate) in_group: Option<Arc<DeviceView>>,
}

impl Snapshot {
    /// Returns the newest token that brings back to this place, for tests of what it is good for.
    pub const fn resume_token(&self) -> Option<&ResumeToken> {
        self.resume.as_ref()
    }

    /// Returns how far the own device has come.
    pub fn stage(&self) -> DeviceStage {
        self.view.as_ref().map_or(DeviceStage::Outside, |view| view.stage)
    }

    /// Returns the meeting's title, once known.
    pub fn title(&self) -> Option<&MeetingTitle> {
        self.view.as_ref()?.title.as_ref()
    }

    /// Returns the group's epoch.
    pub fn epoch(&self) -> GroupEpoch {
        self.view.as_ref().map_or(GroupEpoch(0), |view| view.epoch)
    }

    /// Returns who knocks, if this is a host.
    pub fn lobby(&self) -> &[WaitingView] {
        self.view.as_ref().map_or(&[], |view| &view.guests)
    }

    /// Returns who is in the group.
    pub fn members(&self) -> &[MemberView] {
        self.view.as_ref().map_or(&[], |view| &view.members)
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
        push_bounded(&mut self.refusals, refusal, REFUSALS_MAX);
    }

    pub(super) fn push_chat(&mut self, line: ChatLine) {
        push_bounded(&mut self.chat, line, CHAT_MAX);
    }

    /// At most as many as the device has in its view; the next view drops what is not in it.
    pub(super) fn take_material(&mut self, material: Material) {
        self.materials.retain(|other| other.from != material.from);
        self.materials.push(material);
    }

    pub(super) fn see(&mut self, view: Arc<DeviceView>) {
        let shown =
            |held: &Material| view.materials.iter().any(|one| (one.from, one.id) == (held.from, held.id));
        self.materials.retain(shown);
        if !view.members.is_empty() {
            for person in self.participants.values_mut() {
                person.follow(&view.members);
            }
            self.in_group = Some(view.clone());
        }
        self.view = Some(view);
    }
}

fn push_bounded<T>(list: &mut Vec<T>, item: T, max: usize) {
    if list.len() == max {
        list.remove(0);
    }
    list.push(item);
}
