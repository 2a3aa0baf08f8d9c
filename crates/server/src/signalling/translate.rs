//! Between the wire and the room (`sabha-conference`). Nothing is decided here. A flat list.

use sabha_conference::{self as conference, Command, Event, GuestView, ParticipantView};
use sabha_protocol::{
    MediaGeneration, Sdp,
    wire::{
        ClientMessage, ServerMessage,
        server::{Guest, MediaAnswer, Participant},
    },
};

use super::handshakes::GroupRequest;

/// What a client asks, by who has to know it.
#[derive(Debug)]
pub(super) enum Asked {
    /// For the room's group.
    Group(GroupRequest),
    /// For the room.
    Room(Command),
}

/// Returns the server's name for what a client asks, or `None` for what the connection answers by itself.
pub(super) fn asked(message: ClientMessage) -> Option<Asked> {
    let (group, room) = (Asked::Group, Asked::Room);
    Some(match message {
        ClientMessage::Adopt { group_info, tree, heartbeat } => {
            group(GroupRequest::Adopt { group_info, tree, heartbeat })
        }
        ClientMessage::Commit { epoch, commit, welcome, group_info } => {
            group(GroupRequest::Commit { epoch, commit, welcome, group_info })
        }
        ClientMessage::Deny { guest } => room(Command::Deny { guest }),
        ClientMessage::Door { to, payload } => room(Command::Door { to, payload }),
        ClientMessage::End {} => room(Command::End),
        ClientMessage::Enter { .. } | ClientMessage::Ping { .. } => return None,
        ClientMessage::GroupState {} => group(GroupRequest::GroupState),
        ClientMessage::Join { offer, media } => room(Command::Join { offer, media }),
        ClientMessage::Leave {} => room(Command::Leave),
        ClientMessage::Missed { epoch } => group(GroupRequest::Missed { epoch }),
        ClientMessage::Mute { participant, source } => room(Command::Mute { participant, source }),
        ClientMessage::Offer { offer } => room(Command::Offer { offer }),
        ClientMessage::Propose { epoch, proposal } => group(GroupRequest::Propose { epoch, proposal }),
        ClientMessage::Relay { to, payload } => room(Command::Relay { to, payload }),
        ClientMessage::SetMedia { media } => room(Command::SetMedia { media }),
        ClientMessage::Subscribe { tiles } => room(Command::Subscribe { tiles }),
    })
}

/// Returns how a client is told what a room says.
pub(super) fn message(event: Event) -> ServerMessage {
    match event {
        Event::Admitted(conference::Admission {
            you,
            role,
            epoch,
            in_group,
            resume,
            title,
            room_epoch,
            media_allowed,
        }) => {
            ServerMessage::Admitted { you, role, epoch, in_group, resume, title, room_epoch, media_allowed }
        }
        Event::CodecWanted { source, codec } => ServerMessage::CodecWanted { source, codec },
        Event::Done => ServerMessage::Done {},
        Event::Door { from, payload } => ServerMessage::Door { from, payload },
        Event::Floor { floor } => ServerMessage::Floor { floor: floor.to_settings() },
        Event::Handshake { from, epoch, message } => ServerMessage::Handshake { from, epoch, message },
        Event::Joined { answer, generation, media, participants, lobby, seq } => ServerMessage::Joined {
            answer: media_answer(answer, generation),
            media,
            participants: participants.into_iter().map(participant).collect(),
            lobby: lobby.into_iter().map(guest).collect(),
            seq,
        },
        Event::Knocked { guest: view } => ServerMessage::Knocked { guest: guest(view) },
        Event::LayersWanted { source, layers } => ServerMessage::LayersWanted { source, layers },
        Event::LobbyLeft { guest, outcome } => ServerMessage::LobbyLeft { guest, outcome },
        Event::MediaAnswer { answer, generation } => {
            ServerMessage::MediaAnswer { answer: media_answer(answer, generation) }
        }
        Event::MediaLost => ServerMessage::MediaLost {},
        Event::Muted { source, by } => ServerMessage::Muted { source, by },
        Event::ParticipantChanged { participant: view } => {
            ServerMessage::ParticipantChanged { participant: participant(view) }
        }
        Event::ParticipantJoined { participant: view } => {
            ServerMessage::ParticipantJoined { participant: participant(view) }
        }
        Event::ParticipantLeft { participant, reason } => {
            ServerMessage::ParticipantLeft { participant, reason }
        }
        Event::QualityChanged { participant, quality } => {
            ServerMessage::QualityChanged { participant, quality }
        }
        Event::Refused(conference::Refusal { rule, message }) => ServerMessage::Refused { rule, message },
        Event::Relayed { from, payload } => ServerMessage::Relayed { from, payload },
        Event::ResumeRenewed { resume } => ServerMessage::ResumeRenewed { resume },
        Event::Slots { generation, slots } => ServerMessage::Slots { generation, slots },
        Event::Speakers { speaking } => ServerMessage::Speakers { speaking },
        Event::Waiting { you, host_present, title } => ServerMessage::Waiting { you, host_present, title },
        Event::Welcomed { welcome, tree } => ServerMessage::Welcomed { welcome, tree },
    }
}

fn media_answer(sdp: Sdp, generation: MediaGeneration) -> MediaAnswer {
    MediaAnswer { sdp, generation }
}

fn participant(view: ParticipantView) -> Participant {
    let ParticipantView { id, device, role, media, presence, of_organisation } = view;
    Participant { id, device, role, media, presence, of_organisation }
}

fn guest(view: GuestView) -> Guest {
    let GuestView { id, device, knock, waited, of_organisation } = view;
    let waiting_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    Guest { id, device, knock, waiting_ms, of_organisation }
}
