//! Who comes to a meeting at all, where the server alone can hold it: by which client, and signed in with which account.

use sabha_conference::Record;
use sabha_crypto::device::Device;
use sabha_policy::{Controls, Tier};
use sabha_protocol::{
    CLIENT, DeviceKey, Rule,
    account::{AccountRole, Scope, UserId},
    device::DeviceCommand,
    wire::{ClientMessage, ServerMessage},
};

use sabha_server::storage::FILE_NAME;
use sqlx::sqlite::SqliteConnectOptions;

use crate::{
    accounts::Office,
    client::Client,
    person::{Person, host},
    server::now_ms,
};

async fn set(host: &mut Person, control: &str, value: &str) {
    let mut controls = Controls::of(Tier::Medium);
    controls.set_named(control, value).unwrap();
    let wanted = controls.to_settings();
    host.command(DeviceCommand::SetControls { controls: wanted.clone() }).await;
    host.until(|view| view.conduct.controls == wanted).await;
}

async fn connect(office: &Office, header: Option<(&str, &str)>) -> Client {
    let headers: Vec<_> = header.into_iter().collect();
    let mut client = Client::open(office.server.address(), &headers).await.unwrap();
    match client.next().await.body {
        ServerMessage::Welcome { challenge, .. } => client.challenge = challenge,
        other => panic!("not welcomed: {other:?}"),
    }
    client
}

/// Knocks with a client of this number and these headers.
async fn knock(office: &Office, header: Option<(&str, &str)>, mut device: Device) -> ServerMessage {
    connect(office, header).await.enter(&mut device, |_| ()).await
}

/// ORG.CLIENT.FLOOR
#[tokio::test]
async fn who_comes_by_a_client_that_is_too_old_is_told_to_renew_it() {
    let office = Office::open().await;
    let meeting = office.server.create_meeting().await;
    let mut host = host(office.server.address(), &meeting).await;
    set(&mut host, "ORG.CLIENT.FLOOR", &CLIENT.to_string()).await;

    for number in [0, CLIENT - 1] {
        let mut device = meeting.guest("Bilal");
        let answer = connect(&office, None)
            .await
            .enter(&mut device, |message| {
                if let ClientMessage::Enter { client, .. } = message {
                    *client = number;
                }
            })
            .await;
        let ServerMessage::Refused { rule: Rule::ClientFloor, message } = answer else {
            panic!("{answer:?}");
        };
        assert!(message.contains("reload the page"), "{message}");
    }
    let answer = knock(&office, None, meeting.guest("Bilal")).await;
    assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
}

/// ORG.EXTERNAL
#[tokio::test]
async fn where_only_members_take_part_the_server_asks_for_an_account() {
    let office = Office::open().await;
    let meeting = office.server.create_meeting().await;
    let mut host = host(office.server.address(), &meeting).await;
    set(&mut host, "ORG.EXTERNAL", "members").await;
    let user = office.user(&[AccountRole::Host]).await;
    let (_, cookie) = office.session(user, now_ms()).await;
    let key = office.key(user, &[Scope::MeetingsCreate]).await;
    let other_key = office.key(user, &[Scope::HealthRead]).await;

    let outsiders = [
        None,
        Some(("cookie", "sabha=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        Some(("authorization", "Bearer sabha_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        Some(("authorization", other_key.as_str())),
    ];
    for outsider in outsiders {
        let answer = knock(&office, outsider, meeting.guest("Bilal")).await;
        assert!(matches!(answer, ServerMessage::Refused { rule: Rule::External, .. }), "{answer:?}");
    }
    for member in [("cookie", cookie.as_str()), ("authorization", key.as_str())] {
        let mut device = meeting.guest("Chitra");
        let mut client = connect(&office, Some(member)).await;
        let answer = client.enter(&mut device, |_| ()).await;
        assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
        let newcomer = device.me();
        host.until(|view| view.guests.iter().any(|guest| guest.device == newcomer && guest.of_organisation))
            .await;
    }
}

/// What hosts are told of who is signed in.
#[tokio::test]
async fn hosts_see_who_of_the_lobby_and_the_room_is_of_the_organisation() {
    let office = Office::open().await;
    let meeting = office.server.create_meeting().await;
    let mut host = host(office.server.address(), &meeting).await;
    let user = office.user(&[]).await;
    let (_, cookie) = office.session(user, now_ms()).await;

    for (header, is_member) in [(None, false), (Some(("cookie", cookie.as_str())), true)] {
        let client = connect(&office, header).await;
        let mut guest = Person::on(client, meeting.guest("Bilal"));
        let answer = guest.say_enter(None).await;
        assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
        crate::person::admit(&mut host, &mut guest).await;
        guest.join().await;
        let me = guest.device.me();
        let shown = host
            .wait_for(|frame| match frame.body {
                ServerMessage::ParticipantJoined { participant } if participant.device == me => {
                    Some(participant.of_organisation)
                }
                _ => None,
            })
            .await;
        assert_eq!(shown, is_member);
    }
}

/// MEET.REMOVED.BAN
#[tokio::test]
async fn who_was_removed_while_signed_in_is_kept_out_by_account_until_the_ban_is_lifted() {
    let office = Office::open().await;
    let meeting = office.server.create_meeting().await;
    let mut host = host(office.server.address(), &meeting).await;
    let user = office.user(&[]).await;
    let cookie = office.session(user, now_ms()).await.1;
    let signed_in = Some(("cookie", cookie.as_str()));
    let mut guest = Person::on(connect(&office, signed_in).await, meeting.guest("Bilal"));
    guest.say_enter(None).await;
    crate::person::admit(&mut host, &mut guest).await;
    guest.join().await;
    let device = guest.device.me();
    host.command(DeviceCommand::Remove { device }).await;
    host.until(|view| view.banned.iter().any(|banned| banned.device == device)).await;

    let answer = knock(&office, signed_in, meeting.guest("Somebody else")).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::RemovedStaysOut, .. }), "{answer:?}");
    let answer = knock(&office, None, meeting.guest("Chitra")).await;
    assert!(matches!(answer, ServerMessage::Waiting { .. }), "others knock: {answer:?}");

    host.command(DeviceCommand::LiftBan { device }).await;
    host.until(|view| view.banned.is_empty()).await;
    let answer = knock(&office, signed_in, meeting.guest("Bilal")).await;
    assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
}

/// MEET.REMOVED.BAN, ORG.ERASE
#[tokio::test]
async fn banned_accounts_are_kept_until_they_are_lifted_or_the_meeting_ends() {
    let office = Office::open().await;
    let meeting = office.server.create_meeting().await;
    let account = office.user(&[]).await;
    let [one, two] = [1, 2].map(|number| DeviceKey::from_bytes([number; 32]));
    let kept = async || office.store.open_room(&meeting.id).await.unwrap().unwrap().banned_accounts;
    for device in [one, two] {
        office.store.write(&meeting.id, Record::AccountBanned { device, account }).await.unwrap();
    }
    assert_eq!(kept().await, [(one, account), (two, account)]);
    office.store.write(&meeting.id, Record::AccountLifted { device: one }).await.unwrap();
    assert_eq!(kept().await, [(two, account)]);
    // Of a user who is no more nothing is kept, and their ban goes with them.
    let nobody = UserId::from_bytes([0xEE; 16]);
    office.store.write(&meeting.id, Record::AccountBanned { device: one, account: nobody }).await.unwrap();
    assert_eq!(kept().await, [(two, account)]);

    office.store.write(&meeting.id, Record::Ended).await.unwrap();
    let file = office.server.directory.path().join(FILE_NAME);
    let pool = sqlx::SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM banned_accounts").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
}
