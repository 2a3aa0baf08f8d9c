//! Between the three vocabularies: the wire, the room (`sabha-conference`) and the shard (`sabha-sfu`).
//!
//! The one place where users and media peers meet, as values; nothing is decided here. A flat list.

use sabha_conference::{self as conference, Command, Event, GuestView, ParticipantView};
use sabha_protocol::{
    MediaGeneration, Sdp,
    wire::{
        ClientMessage, ServerMessage,
        server::{Guest, MediaAnswer, Participant},
    },
};

/// Returns the room's name for what a client asks, or `None` for what the connection answers by itself.
pub(super) fn command(message: ClientMessage) -> Option<Command> {
    Some(match message {
        ClientMessage::Admit { guest } => Command::Admit { guest },
        ClientMessage::Deny { guest } => Command::Deny { guest },
        ClientMessage::End {} => Command::End,
        ClientMessage::Enter { .. } | ClientMessage::Ping {} => return None,
        ClientMessage::Join { offer, media } => Command::Join { offer, media },
        ClientMessage::Leave {} => Command::Leave,
        ClientMessage::MakeHost { participant } => Command::MakeHost { participant },
        ClientMessage::Mute { participant, source } => Command::Mute { participant, source },
        ClientMessage::Offer { offer } => Command::Offer { offer },
        ClientMessage::Relay { to, payload } => Command::Relay { to, payload },
        ClientMessage::Remove { participant } => Command::Remove { participant },
        ClientMessage::SetMedia { media } => Command::SetMedia { media },
        ClientMessage::Subscribe { tiles } => Command::Subscribe { tiles },
    })
}

/// Returns how a client is told what a room says.
pub(super) fn message(event: Event) -> ServerMessage {
    match event {
        Event::ResumeRenewed { resume } => ServerMessage::ResumeRenewed { resume },
        Event::Admitted(conference::Admission { you, role, resume, title, room_epoch, media_allowed }) => {
            ServerMessage::Admitted { you, role, resume, title, room_epoch, media_allowed }
        }
        Event::Done => ServerMessage::Done {},
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
        Event::Slots { generation, slots } => ServerMessage::Slots { generation, slots },
        Event::Speakers { speaking } => ServerMessage::Speakers { speaking },
        Event::Waiting { you, host_present } => ServerMessage::Waiting { you, host_present },
    }
}

fn media_answer(sdp: Sdp, generation: MediaGeneration) -> MediaAnswer {
    MediaAnswer { sdp, generation }
}

fn participant(view: ParticipantView) -> Participant {
    let ParticipantView { id, name, role, media, presence } = view;
    Participant { id, name, role, media, presence }
}

fn guest(view: GuestView) -> Guest {
    let GuestView { id, name, waited } = view;
    Guest { id, name, waiting_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX) }
}
