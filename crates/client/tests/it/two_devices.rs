//! One person with two devices: to the meeting they are two, with a leaf, a grant and a fate each.

use std::time::Duration;

use sabha_client::{Participant, Phase, Snapshot};
use sabha_protocol::{
    DeviceKey, Source,
    device::{Encryption, MemberView},
};

use crate::server::{
    TestServer, careful_host, guest, guest_config, host, id, joined, knock, wait, wait_for_frames,
};

/// Returns the members that gave themselves this name.
fn named<'a>(state: &'a Snapshot, name: &str) -> Vec<&'a MemberView> {
    let is_named = |member: &&MemberView| member.name.as_ref().is_some_and(|own| own.as_str() == name);
    state.members().iter().filter(is_named).collect()
}

fn device(participant: &Participant) -> DeviceKey {
    participant.view().unwrap().me
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_under_one_name_are_two_members_and_both_are_shown() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let (laptop, phone) = (guest(&meeting, "Ravi").await, guest(&meeting, "Ravi").await);

    assert_ne!(device(&laptop), device(&phone));
    for participant in [&host, &laptop, &phone] {
        let state = wait(participant, "both devices", |state| named(state, "Ravi").len() == 2).await;
        let [one, other] = named(&state, "Ravi")[..] else { panic!("not two") };
        assert_ne!((one.leaf, one.device), (other.leaf, other.device));
        assert_ne!(one.leaf, other.leaf);
        for member in [one, other] {
            assert!([device(&laptop), device(&phone)].contains(&member.device));
        }
        let shown = state.participants.values().filter(|person| person.name == one.name).count();
        assert_eq!((state.members().len(), shown), (3, 2), "a member and a participant each");
    }
    // To each other they are somebody else, with keys of their own.
    wait_for_frames(&laptop, id(&phone), Source::Camera, 10).await;
    wait_for_frames(&phone, id(&laptop), Source::Camera, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_in_one_device_of_a_person_has_not_let_in_the_other() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let (laptop, first) = knock(&host, guest_config(&meeting, "Ravi")).await;
    let (phone, second) = knock(&host, guest_config(&meeting, "Ravi")).await;

    host.admit(first);

    laptop.until_joined(crate::server::PATIENCE).await.unwrap();
    wait_for_frames(&laptop, id(&host), Source::Camera, 30).await;
    let state = host.state();
    assert_eq!((state.members().len(), state.lobby().len()), (2, 1));
    assert_eq!((state.lobby()[0].guest, phone.state().phase), (second, Phase::Waiting));
    assert_eq!(phone.state().media_packets, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_device_is_removed_without_the_other_and_the_other_goes_on() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let (laptop, phone) = (joined(guest_config(&meeting, "Ravi")).await, guest(&meeting, "Ravi").await);
    let leaf = |state: &Snapshot, of: DeviceKey| {
        state.members().iter().find(|member| member.device == of).map(|member| member.leaf)
    };
    wait(&host, "both devices", |state| named(state, "Ravi").len() == 2).await;
    let (kept, removed) = (device(&laptop), device(&phone));
    let before = leaf(&laptop.state(), kept);

    host.remove(id(&phone));

    wait(&phone, "the removal", |state| state.phase == Phase::Over).await;
    for participant in [&host, &laptop] {
        let state = wait(participant, "a smaller group", |state| state.members().len() == 2).await;
        assert_eq!((leaf(&state, kept), leaf(&state, removed)), (before, None));
        assert_eq!(named(&state, "Ravi").len(), 1);
    }
    wait_for_frames(&host, id(&laptop), Source::Camera, 30).await;
    wait_for_frames(&laptop, id(&host), Source::Camera, 30).await;
    // The grant that was revoked is the other's: this one still brings back.
    laptop.drop_websocket(Duration::ZERO);
    let state = wait(&laptop, "the resume", |state| state.resumes == 1 && state.media_connected).await;
    assert_eq!(leaf(&state, kept), before);
    wait(&laptop, "certainty", |state| {
        state.view.as_ref().is_some_and(|view| view.encryption == Encryption::Verified)
    })
    .await;
    assert!(laptop.view().unwrap().alarms.is_empty());
}
