//! From the link to the lobby and into the room, and back after a lost connection.

use sabha_protocol::{
    MediaState, ParticipantId, Rule,
    secret::{GateKey, HostToken},
    wire::{ClientMessage, ServerMessage, client::Credential, server::CloseReason},
};

use crate::{
    client::{self, Client},
    server::TestServer,
};

#[tokio::test]
async fn creator_enters_as_host_and_a_guest_waits_in_the_lobby() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = client::host(server.address(), &meeting).await;

    let mut guest = Client::connect(server.address()).await;
    let id = guest.knock(&meeting, "Bilal").await;

    let knocked = host.wait_for(|message| match message {
        ServerMessage::Knocked { guest } => Some(guest),
        _ => None,
    });
    let knocked = knocked.await;
    assert_eq!((knocked.id, knocked.name.as_str()), (id, "Bilal"));
}

#[tokio::test]
async fn guest_is_admitted_by_a_host_only() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = client::host(server.address(), &meeting).await;
    let mut guest = Client::connect(server.address()).await;
    let id = guest.knock(&meeting, "Bilal").await;

    guest.refused(ClientMessage::Admit { guest: id }).await;
    let join = ClientMessage::Join { offer: client::offer(), media: MediaState::default() };
    assert_eq!(guest.refused(join).await, Rule::AdmittedOnly);

    let request = host.send(ClientMessage::Admit { guest: id }).await;
    assert_eq!(host.answer(request).await, ServerMessage::Done {});
    let admitted = guest.wait_for(|message| match message {
        ServerMessage::Admitted { you, .. } => Some(you),
        _ => None,
    });
    assert_eq!(admitted.await, id);
    guest.join().await;
}

#[tokio::test]
async fn unknown_meeting_ended_meeting_and_wrong_secret_get_the_same_answer() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let ended = server.create_meeting().await;
    let mut host = client::host(server.address(), &ended).await;
    host.send(ClientMessage::End {}).await;
    assert_eq!(host.last_word().await, Some(CloseReason::Ended));
    let mut unknown = meeting.clone();
    unknown.id = crate::server::new_meeting().meeting;

    let wrong_gate = Credential::Link { gate_key: GateKey::from_bytes([0; 32]) };
    let wrong_host = Credential::Host { token: HostToken::from_bytes([0; 32]) };
    let tries = [
        (&meeting, wrong_gate.clone()),
        (&meeting, wrong_host.clone()),
        (&unknown, meeting.link()),
        (&unknown, meeting.host()),
        (&ended, ended.link()),
        (&ended, ended.host()),
        // The digest stored for an ended meeting is all zeros; nothing may match it.
        (&ended, wrong_gate),
        (&ended, wrong_host),
    ];
    let mut answers = Vec::new();
    for (meeting, credential) in tries {
        let mut client = Client::connect(server.address()).await;
        let request = client.enter(meeting, "Eve", credential).await;
        answers.push(client.answer(request).await);
    }
    assert!(matches!(answers[0], ServerMessage::Refused { rule: Rule::KnownMeeting, .. }));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn denied_guest_cannot_knock_before_the_cooldown_even_from_a_new_connection() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = client::host(server.address(), &meeting).await;
    let mut guest = Client::connect(server.address()).await;
    let id = guest.knock(&meeting, "Bilal").await;

    host.send(ClientMessage::Deny { guest: id }).await;
    assert_eq!(guest.last_word().await, Some(CloseReason::Denied));

    let mut again = Client::connect(server.address()).await;
    let request = again.enter(&meeting, "Bilal", meeting.link()).await;
    let answer = again.answer(request).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::KnockCooldown, .. }), "{answer:?}");
}

#[tokio::test]
async fn dropped_connection_comes_back_to_its_place_once_per_token() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut first = Client::connect(server.address()).await;
    let place = first.enter_admitted(&meeting, "Asha", meeting.host()).await;
    first.join().await;
    drop(first);

    let resume = |token| Credential::Resume { token };
    let mut second = Client::connect(server.address()).await;
    let again = second.enter_admitted(&meeting, "Asha", resume(place.resume.clone())).await;
    assert_eq!(again.you, place.you);
    second.join().await;
    // Whatever follows `join` shows that the new token has arrived, and voids the one that was used.
    let request = second.send(ClientMessage::SetMedia { media: MediaState::default() }).await;
    assert_eq!(second.answer(request).await, ServerMessage::Done {});

    let mut thief = Client::connect(server.address()).await;
    let request = thief.enter(&meeting, "Asha", resume(place.resume)).await;
    let answer = thief.answer(request).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::ResumeWindow, .. }), "{answer:?}");
    second.ping().await;
}

#[tokio::test]
async fn removed_participant_is_out_and_its_token_is_worthless() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = client::host(server.address(), &meeting).await;
    let mut guest = Client::connect(server.address()).await;
    let id: ParticipantId = guest.knock(&meeting, "Bilal").await;
    host.send(ClientMessage::Admit { guest: id }).await;
    let token = guest.wait_for(|message| match message {
        ServerMessage::Admitted { resume, .. } => Some(resume),
        _ => None,
    });
    let token = token.await;
    guest.join().await;

    host.send(ClientMessage::Remove { participant: id }).await;
    assert_eq!(guest.last_word().await, Some(CloseReason::Removed));
    let mut again = Client::connect(server.address()).await;
    let request = again.enter(&meeting, "Bilal", Credential::Resume { token }).await;
    let answer = again.answer(request).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::RemovedStaysOut, .. }), "{answer:?}");
}
