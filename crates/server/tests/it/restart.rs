//! What survives the process: links, meetings, places, and who was removed; and what members bring back.

use std::path::Path;

use sabha_crypto::device::Device;
use sabha_protocol::{
    GroupEpoch, Rule,
    device::{DeviceCommand, DeviceStage, Encryption},
    wire::{ClientMessage, ServerMessage, server::CloseReason},
};
use sabha_server::{server::Server, storage::FILE_NAME};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

use crate::{
    binary::Binary,
    client::{Client, PATIENCE},
    person::{self, Person},
    server::{create_meeting, now_ms, settings},
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
    let mut host = person::host(server.address(), &meeting).await;
    person::member(server.address(), &meeting, &mut host, "Bilal").await;
    server.stop().await;
}

/// Waits until a host has certified to `guest` what it shows, so that it can bring the group back.
async fn until_certified(host: &mut Person, guest: &mut Person) {
    while guest.view.encryption != Encryption::Verified {
        tokio::select! {
            frame = host.next() => assert!(frame.is_some()),
            frame = guest.next() => assert!(frame.is_some()),
        }
    }
}

#[tokio::test]
async fn after_a_killed_process_a_member_brings_the_group_back_and_places_are_as_before() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Binary::serve(directory.path(), &[]);
    let meeting = create_meeting(first.address, &first.key).await;
    let mut host = person::host(first.address, &meeting).await;
    let mut guest = person::member(first.address, &meeting, &mut host, "Bilal").await;
    until_certified(&mut host, &mut guest).await;
    let (places, code) = ((host.you, guest.you), guest.view.code.clone());
    first.kill();

    let second = Binary::serve(directory.path(), &[]);
    // The server knows the creator only: it takes the guest's place for kept, and the guest for not in the group.
    let answer = guest.come_back(second.address).await;
    assert!(
        matches!(answer, ServerMessage::Admitted { epoch: GroupEpoch(0), in_group: false, .. }),
        "{answer:?}"
    );
    guest.until_member().await;
    guest.join().await;
    let answer = host.come_back(second.address).await;
    assert!(
        matches!(answer, ServerMessage::Admitted { epoch: GroupEpoch(1), in_group: true, .. }),
        "{answer:?}"
    );
    host.until_member().await;
    host.join().await;

    assert_eq!((host.you, guest.you), places);
    assert_eq!((host.view.epoch, &host.view.code), (GroupEpoch(1), &code), "it is the same group");
    // And it goes on.
    person::member(second.address, &meeting, &mut host, "Chitra").await;
    guest.until(|view| view.epoch == GroupEpoch(2)).await;
}

#[tokio::test]
async fn the_removed_stay_out_over_a_killed_process() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Binary::serve(directory.path(), &[]);
    let meeting = create_meeting(first.address, &first.key).await;
    let mut host = person::host(first.address, &meeting).await;
    let mut guest = person::member(first.address, &meeting, &mut host, "Bilal").await;
    let kept = guest.device.export().to_vec();
    let device = guest.device.me();
    host.command(DeviceCommand::Remove { device }).await;
    assert_eq!(guest.last_word().await, Some(CloseReason::Removed));
    host.until(|view| view.epoch == GroupEpoch(2)).await;
    until_removal_is_stored(directory.path()).await;
    first.kill();

    let second = Binary::serve(directory.path(), &[]);
    let reloaded = || Device::restore(&kept, now_ms()).unwrap();
    // Its token is void at once, its grant once the group is back.
    let mut out = Person::connect(second.address, reloaded()).await;
    let answer = out.say_enter(guest.resume.clone()).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::RemovedStaysOut, .. }), "{answer:?}");
    host.come_back(second.address).await;
    host.until(|view| view.stage == DeviceStage::Member && view.epoch == GroupEpoch(2)).await;
    let mut out = Client::connect(second.address).await;
    assert_eq!(out.enter_refused(&mut reloaded()).await, Rule::RemovedStaysOut);
}

/// Waits until the database in `directory` says that somebody was removed.
async fn until_removal_is_stored(directory: &Path) {
    let options = SqliteConnectOptions::new().filename(directory.join(FILE_NAME)).read_only(true);
    let mut database = options.connect().await.unwrap();
    let stored = async {
        while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM removed_places")
            .fetch_one(&mut database)
            .await
            .unwrap()
            == 0
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, stored).await.expect("the removal was not stored");
}

#[tokio::test]
async fn ended_meeting_stays_ended_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path()).await;
    let meeting = create_meeting(server.address(), &key(&server)).await;
    let mut host = person::host(server.address(), &meeting).await;
    host.client.send(ClientMessage::End {}).await;
    assert_eq!(host.last_word().await, Some(CloseReason::Ended));
    server.stop().await;

    let server = start(directory.path()).await;
    for device in [&mut meeting.creator_reloaded(), &mut meeting.guest("Bilal")] {
        let mut client = Client::connect(server.address()).await;
        assert_eq!(client.enter_refused(device).await, Rule::KnownMeeting);
    }
    server.stop().await;
}
