//! What survives the process: links, meetings, places, and who was removed.

use std::path::Path;

use sabha_protocol::{
    Rule,
    wire::{ClientMessage, ServerMessage, client::Credential, server::CloseReason},
};
use sabha_server::server::Server;

use crate::{
    binary::Binary,
    client::{self, Client},
    server::{Meeting, create_meeting, settings},
};

async fn start(directory: &Path) -> Server {
    Server::start(settings(directory)).await.unwrap()
}

fn key(server: &Server) -> String {
    server.new_meeting_url().split_once('#').unwrap().1.to_owned()
}

#[tokio::test]
async fn links_and_meetings_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path()).await;
    let (creation, meeting) = (key(&server), create_meeting(server.address(), &key(&server)).await);
    server.stop().await;

    let server = start(directory.path()).await;
    assert_eq!(key(&server), creation);
    let mut host = Client::connect(server.address()).await;
    host.enter_admitted(&meeting, "Asha", meeting.host()).await;
    server.stop().await;
}

#[tokio::test]
async fn places_survive_a_killed_process_and_the_removed_stay_out() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Binary::serve(directory.path(), &[]);
    let meeting = create_meeting(first.address, &first.key).await;
    let (host, kept, removed) = host_and_removed(&first, &meeting).await;
    first.kill();
    drop(host);

    let second = Binary::serve(directory.path(), &[]);
    let mut again = Client::connect(second.address).await;
    let place = again.enter_admitted(&meeting, "Asha", Credential::Resume { token: kept.resume }).await;
    assert_eq!(place.you, kept.you);
    again.join().await;

    let mut out = Client::connect(second.address).await;
    let request = out.enter(&meeting, "Bilal", removed).await;
    let answer = out.answer(request).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::RemovedStaysOut, .. }), "{answer:?}");
}

/// Lets a guest in and removes it again. Returns the host, its place, and the token of the removed.
async fn host_and_removed(server: &Binary, meeting: &Meeting) -> (Client, client::Admitted, Credential) {
    let mut host = Client::connect(server.address).await;
    let place = host.enter_admitted(meeting, "Asha", meeting.host()).await;
    host.join().await;
    let mut guest = Client::connect(server.address).await;
    let id = guest.knock(meeting, "Bilal").await;
    host.send(ClientMessage::Admit { guest: id }).await;
    let token = guest.wait_for(|message| match message {
        ServerMessage::Admitted { resume, .. } => Some(resume),
        _ => None,
    });
    let token = token.await;
    let request = host.send(ClientMessage::Remove { participant: id }).await;
    // Answered once the removal is on disk.
    assert_eq!(host.answer(request).await, ServerMessage::Done {});
    assert_eq!(guest.last_word().await, Some(CloseReason::Removed));
    (host, place, Credential::Resume { token })
}

#[tokio::test]
async fn ended_meeting_stays_ended_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path()).await;
    let meeting = create_meeting(server.address(), &key(&server)).await;
    let mut host = client::host(server.address(), &meeting).await;
    host.send(ClientMessage::End {}).await;
    assert_eq!(host.last_word().await, Some(CloseReason::Ended));
    server.stop().await;

    let server = start(directory.path()).await;
    let mut host = Client::connect(server.address()).await;
    let request = host.enter(&meeting, "Asha", meeting.host()).await;
    let answer = host.answer(request).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::KnownMeeting, .. }), "{answer:?}");
    server.stop().await;
}
