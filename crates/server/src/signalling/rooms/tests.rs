use aws_lc_rs::hmac;
use sabha_conference::ConnectionKey;
use sabha_crypto::{
    device::{CreateOptions, Device, MeetingSuite},
    link::LinkSecret,
    mail::MailKey,
};
use sabha_protocol::{
    device::{DeviceCommand, DeviceOutput},
    secret::ResumeToken,
    wire::ClientMessage,
};

use super::*;
use crate::media::MediaConfig;

const CHALLENGE: Challenge = Challenge::from_bytes([7; 32]);

/// Returns the device of somebody who makes a meeting.
fn creator() -> Device {
    let options = CreateOptions {
        suite: MeetingSuite::Classical,
        title: None,
        name: "Asha".parse().unwrap(),
        passcode: None,
        admits: false,
        by_mail: false,
        floor: sabha_crypto::policy::Controls::default(),
        controls: sabha_crypto::policy::Controls::default(),
    };
    Device::create(options, clock::unix_ms()).unwrap()
}

fn stored(creator: &Device) -> (MeetingId, StoredMeeting) {
    let made = creator.creation().unwrap().clone();
    let stored = StoredMeeting {
        title: made.title,
        gate_key: made.gate_key,
        group_info: made.group_info,
        tree: made.tree,
    };
    (made.meeting, stored)
}

/// Returns a device once more, as after a reload.
fn reloaded(device: &Device) -> Device {
    Device::restore(&device.export(), clock::unix_ms()).unwrap()
}

/// Returns the secret of a meeting's link.
fn link_of(creator: &Device) -> LinkSecret {
    let mut device = reloaded(creator);
    while let Some(output) = device.poll_output() {
        if let DeviceOutput::View { view } = output {
            return LinkSecret::from_fragment(&view.invite).unwrap();
        }
    }
    panic!("the device does not show its link");
}

/// Returns what a device says to enter.
fn stranger(device: &mut Device) -> Stranger {
    device.command(DeviceCommand::Enter { challenge: CHALLENGE, resume: None }, clock::unix_ms());
    while let Some(output) = device.poll_output() {
        if let DeviceOutput::Send { message, .. } = output
            && let ClientMessage::Enter { meeting, device, proof, credential, .. } = *message
        {
            let address = std::net::Ipv4Addr::LOCALHOST.into();
            return Stranger { meeting, device, challenge: CHALLENGE, proof, credential, address };
        }
    }
    panic!("the device does not enter");
}

/// Returns somebody who knocks with this link.
fn guest(meeting: MeetingId, link: LinkSecret) -> Stranger {
    stranger(&mut Device::guest(meeting, link, "Bilal".parse().unwrap(), clock::unix_ms()))
}

/// Returns rooms over a store with the meetings of `creators`.
async fn rooms(directory: &std::path::Path, creators: &[&Device]) -> Rooms {
    let store = Store::open(directory).await.unwrap();
    for creator in creators {
        let (id, meeting) = stored(creator);
        assert!(store.create_meeting(&id, &meeting).await.unwrap());
    }
    let address = "127.0.0.1:0".parse().unwrap();
    let config = MediaConfig {
        listen: address,
        tcp_listen: address,
        external_ips: Vec::new(),
        shards: 1,
        peers_per_shard: 32,
        path: sabha_sfu::PacketPath::Own,
        segmentation: true,
        voices: 3,
    };
    let (events_in, events) = mpsc::channel(16);
    let config = RoomsConfig {
        floor: Floor::follow(store.clone()).await.unwrap(),
        store,
        media: MediaPlane::start(&config, events_in).unwrap(),
        drain: Drain::default(),
        boot_epoch: BootEpoch(1),
        resume_key: [0; 32],
        mail_keys: MailKeys::new([3; 32]),
        rooms_max: 10,
        knocks: Pace::per_minute(60),
        wrong_passcodes: Pace::per_hour(5),
        lobby: LobbyShares { per_address: 40, per_network: 60 },
        door_per_second: 100,
    };
    Rooms::start(config, events)
}

#[tokio::test]
async fn unknown_meeting_and_wrong_tag_get_the_same_answer() {
    let directory = tempfile::tempdir().unwrap();
    let (known, unknown) = (creator(), creator());
    let rooms = rooms(directory.path(), &[&known]).await;
    let (known_id, unknown_id) = (known.creation().unwrap().meeting, unknown.creation().unwrap().meeting);
    let link = LinkSecret::from_bytes([1; 16]);

    for open in [false, true] {
        if open {
            rooms.enter(stranger(&mut reloaded(&known))).await.unwrap();
        }
        assert_eq!(rooms.len(), usize::from(open));
        for meeting in [known_id, unknown_id] {
            let refused = rooms.enter(guest(meeting, link.clone())).await.unwrap_err();
            assert_eq!(refused, unknown_meeting(), "open: {open}");
        }
        assert_eq!(rooms.len(), usize::from(open), "nothing was opened");
    }
}

#[tokio::test]
async fn who_has_the_link_opens_the_room() {
    let directory = tempfile::tempdir().unwrap();
    let creator = creator();
    let rooms = rooms(directory.path(), &[&creator]).await;
    let (meeting, _) = stored(&creator);

    let (_, claim) = rooms.enter(guest(meeting, link_of(&creator))).await.unwrap();
    assert!(matches!(claim, Claim::Link(_)));
    assert_eq!(rooms.len(), 1);
}

#[tokio::test]
async fn device_that_is_not_shown_to_be_ones_own_is_refused_before_anything_else() {
    let directory = tempfile::tempdir().unwrap();
    let creator = creator();
    let rooms = rooms(directory.path(), &[&creator]).await;
    let genuine = stranger(&mut reloaded(&creator));

    let replayed = Stranger { challenge: Challenge::from_bytes([8; 32]), ..genuine.clone() };
    let other_device = Stranger { device: stranger(&mut self::creator()).device, ..genuine.clone() };
    let elsewhere = Stranger { meeting: MeetingId::from_bytes([9; 20]), ..genuine.clone() };
    for forged in [replayed, other_device, elsewhere] {
        assert_eq!(rooms.enter(forged).await.unwrap_err().rule, Rule::DeviceProof);
    }
    assert_eq!(rooms.len(), 0);
    assert!(rooms.enter(genuine).await.is_ok());
}

#[tokio::test]
async fn a_strange_device_opens_no_room_whatever_grant_it_shows() {
    let directory = tempfile::tempdir().unwrap();
    let creator = creator();
    let rooms = rooms(directory.path(), &[&creator]).await;
    let (meeting, _) = stored(&creator);
    // A device of its own, which says truly that it is its own, for this meeting.
    let mut device = Device::guest(meeting, LinkSecret::from_bytes([1; 16]), "Eve".parse().unwrap(), 0);
    let own = stranger(&mut device);
    let grant_of = |creator: &Device| match stranger(&mut reloaded(creator)).credential {
        Credential::Device { grant: Some(grant) } => Some(grant),
        other => panic!("the creator does not show its grant: {other:?}"),
    };

    let junk = Some(vec![0; 100].try_into().unwrap());
    for grant in [None, grant_of(&self::creator()), grant_of(&creator), junk] {
        let refused = rooms
            .enter(Stranger { credential: Credential::Device { grant }, ..own.clone() })
            .await
            .unwrap_err();
        assert_eq!(refused, unknown_meeting());
    }
    assert_eq!(rooms.len(), 0);
}

#[test]
fn a_dropped_room_leaves_the_totals() {
    let totals = Arc::new(Totals::default());
    let mut census = Census {
        totals: Arc::clone(&totals),
        shown: Arc::new(Mutex::new(Shown::new(1))),
        participants: 0,
        guests: 0,
    };
    census.update(3, 1);
    census.update(2, 4);
    assert_eq!(totals.participants.load(Ordering::Relaxed), 2);
    drop(census);
    assert_eq!(totals.guests.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_room_that_panics_takes_no_other_with_it_and_can_be_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (creator(), creator());
    let rooms = rooms(directory.path(), &[&one, &two]).await;
    let (failing, _) = rooms.enter(stranger(&mut one)).await.unwrap();
    let (other, _) = rooms.enter(stranger(&mut two)).await.unwrap();

    failing.send(Message::Panic).await.unwrap();
    failing.closed().await;
    let disconnected = || Message::Disconnected { connection: ConnectionKey(1) };
    assert!(other.send(disconnected()).await.is_ok());
    // The room is forgotten just after its mailbox closed.
    while rooms.len() == 2 {
        tokio::task::yield_now().await;
    }
    let (again, _) = rooms.enter(stranger(&mut one)).await.unwrap();
    assert!(again.send(disconnected()).await.is_ok());
}

#[tokio::test]
async fn all_who_come_while_a_room_opens_come_into_the_same_room() {
    let directory = tempfile::tempdir().unwrap();
    let mut creator = creator();
    let rooms = rooms(directory.path(), &[&creator]).await;
    let (meeting, _) = stored(&creator);
    let host = stranger(&mut creator);
    let entries = futures_util::future::join_all((0..20).map(|_| rooms.enter(host.clone()))).await;
    assert!(entries.iter().all(Result::is_ok));
    assert_eq!(rooms.len(), 1);
    let start = rooms.0.config.store.open_room(&meeting).await.unwrap().unwrap();
    assert_eq!(start.room_epoch.0, 2, "it was opened once before");
}

/// Returns a token as a server with the key of [`rooms`] gave it to `device`, by the form in `sabha-conference`.
fn token(meeting: &MeetingId, device: &DeviceKey) -> ResumeToken {
    let mut claim = meeting.as_bytes().to_vec();
    claim.extend_from_slice(&[0; 8 + 8 + 4]);
    claim.extend_from_slice(device.as_bytes());
    claim.extend_from_slice(&[0; 1 + 8]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]);
    let tag = hmac::sign(&key, &[b"sabha resume token v2", &claim[..]].concat());
    claim.extend_from_slice(tag.as_ref());
    format!("v2.{}", data_encoding::BASE64URL_NOPAD.encode(&claim)).try_into().unwrap()
}

#[tokio::test]
async fn a_resume_token_opens_no_room_long_after_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut creator = creator();
    let mut rooms = rooms(directory.path(), &[&creator]).await;
    let (meeting, _) = stored(&creator);
    let own = stranger(&mut creator);
    let token = token(&meeting, &own.device);
    let resume = Stranger { credential: Credential::Resume { token }, ..own };
    let Some(past) = Instant::now().checked_sub(RESUME_WINDOW * 2) else {
        println!("skipped: this machine started a minute ago");
        return;
    };
    Arc::get_mut(&mut rooms.0).unwrap().started = past;
    let refusal = rooms.enter(resume.clone()).await.unwrap_err();
    assert_eq!(refusal.rule, Rule::ResumeWindow);
    assert_eq!(rooms.len(), 0);

    rooms.note_lost(meeting);
    assert!(rooms.enter(resume).await.is_ok(), "the room was lost a moment ago");
}

#[tokio::test]
async fn a_forged_token_opens_no_room_and_tells_no_meeting_from_none() {
    let directory = tempfile::tempdir().unwrap();
    let (mut known, mut unknown) = (creator(), creator());
    let rooms = rooms(directory.path(), &[&known]).await;
    // A second after the start, when genuine tokens of before are good.
    let mut answers = Vec::new();
    for device in [&mut known, &mut unknown] {
        let own = stranger(device);
        let others = token(&own.meeting, &stranger(&mut creator()).device);
        for token in [others, "v1.x".to_owned().try_into().unwrap()] {
            let resume = Stranger { credential: Credential::Resume { token }, ..own.clone() };
            answers.push(rooms.enter(resume).await.unwrap_err());
        }
    }
    assert_eq!(answers[0].rule, Rule::ResumeWindow);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(rooms.len(), 0);
}

/// Stores `creator`'s meeting as planned, its beginning so many minutes from now, the lobby open ten minutes before.
async fn planned(store: &Store, creator: &Device, in_minutes: i64) {
    use sabha_protocol::{account, wire::plans::Times};
    let token = [9; 32];
    let user = account::UserId::from_bytes([1; 16]);
    assert!(store.prepare_setup(&token, clock::unix_ms()).await.unwrap());
    let new = crate::storage::NewUser {
        id: user,
        name: "Asha".parse().unwrap(),
        email: None,
        organisation: None,
        way: crate::storage::NewWay::Passkey(crate::storage::NewPasskey {
            id: account::PasskeyId::from_bytes([1; 16]),
            label: "Laptop".parse().unwrap(),
            credential_id: vec![1; 32],
            public_key: vec![1; 77],
            counter: 0,
        }),
        session: crate::storage::NewSession {
            id: account::SessionId::from_bytes([1; 16]),
            token_hash: [1; 32],
            strong: true,
        },
    };
    store.join(&token, &new, clock::unix_ms()).await.unwrap();
    let starts_ms = clock::unix_ms().checked_add_signed(in_minutes * 60_000).unwrap();
    let times = Times { opens_ms: starts_ms - 10 * 60_000, starts_ms, ends_ms: starts_ms + 60 * 60_000 };
    let (id, meeting) = stored(creator);
    let plan = crate::storage::NewPlan {
        id: account::PlanId::from_bytes([1; 16]),
        owner: user,
        schedule: serde_json::from_str(
            r#"{"zone":"UTC","starts":"2026-11-30T09:00","minutes":60,"early_minutes":10}"#,
        )
        .unwrap(),
        meetings: vec![(id, meeting, times)],
    };
    store.create_plan(crate::storage::Author::user(user), &plan, clock::unix_ms()).await.unwrap();
}

#[tokio::test]
async fn the_link_of_a_planned_meeting_opens_it_in_its_time_only() {
    for (in_minutes, is_open) in [(24 * 60, false), (11, false), (9, true), (-59, true), (-61, false)] {
        let directory = tempfile::tempdir().unwrap();
        let creator = creator();
        let rooms = rooms(directory.path(), &[]).await;
        planned(&rooms.0.config.store, &creator, in_minutes).await;
        let id = creator.creation().unwrap().meeting;

        let entered = rooms.enter(guest(id, link_of(&creator))).await;
        let nowhere =
            rooms.enter(guest(MeetingId::from_bytes([5; 20]), link_of(&creator))).await.unwrap_err();
        match entered {
            Ok(_) => assert!(is_open, "{in_minutes}"),
            Err(refusal) => {
                assert!(!is_open, "{in_minutes}");
                assert_eq!(refusal, nowhere, "as for a meeting that is not there");
                assert_eq!(rooms.len(), 0);
            }
        }
    }
}

#[tokio::test]
async fn whoever_planned_opens_it_earlier_and_then_it_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let creator = creator();
    let rooms = rooms(directory.path(), &[]).await;
    planned(&rooms.0.config.store, &creator, 24 * 60).await;
    let id = creator.creation().unwrap().meeting;
    assert!(rooms.enter(guest(id, link_of(&creator))).await.is_err());

    rooms.enter(stranger(&mut reloaded(&creator))).await.unwrap();
    rooms.enter(guest(id, link_of(&creator))).await.unwrap();
}

/// Returns somebody who knocks by a mail that this server has sent.
fn mailed(rooms: &Rooms, meeting: MeetingId) -> Stranger {
    let fragment = rooms.0.config.mail_keys.fragment(&meeting);
    let key = MailKey::from_text(fragment.strip_prefix(sabha_protocol::gate::FRAGMENT_PREFIX).unwrap());
    stranger(&mut Device::by_mail(meeting, key.unwrap().unwrap(), "Bilal".parse().unwrap(), clock::unix_ms()))
}

#[tokio::test]
async fn who_came_by_mail_knocks_and_shows_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (known, unknown) = (creator(), creator());
    let rooms = rooms(directory.path(), &[&known]).await;
    let (known_id, unknown_id) = (known.creation().unwrap().meeting, unknown.creation().unwrap().meeting);
    let (_, claim) = rooms.enter(mailed(&rooms, known_id)).await.unwrap();
    assert!(matches!(claim, Claim::Link(None)), "{claim:?}");

    let mut other = mailed(&rooms, unknown_id);
    let nowhere = rooms.enter(other.clone()).await.unwrap_err();
    // A mail to one meeting opens no other.
    other.meeting = known_id;
    let device = mailed(&rooms, known_id);
    let moved = Stranger { credential: other.credential, ..device };
    assert_eq!(rooms.enter(moved).await.unwrap_err(), nowhere);
}
