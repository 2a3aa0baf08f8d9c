//! Offers, answers, and what the media plane reports.

use sabha_conference::{Command, Event, Input, MediaCommand, MediaEvent, Output};
use sabha_protocol::{
    Layer, MediaGeneration, MediaState, ParticipantId, Quality, Rule, Source, VideoCodec,
    limits::RESUME_WINDOW,
    wire::{client::Tile, server::CloseReason},
};

use crate::{
    delivery::Edit,
    scene::{ALL_ON, Scene, offer, sdp},
};

fn media(scene: &mut Scene, event: MediaEvent) {
    scene.input(Input::Media(event));
}

fn refused(participant: ParticipantId, generation: u32) -> MediaEvent {
    MediaEvent::OfferRefused {
        participant,
        generation: MediaGeneration(generation),
        reason: "no audio section".to_owned(),
    }
}

#[test]
fn join_whose_offer_is_refused_may_be_tried_again() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    scene.media_answers = false;
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });
    let request = scene.request();

    media(&mut scene, refused(guest.id, 1));
    assert_eq!(scene.answer(guest.connection, request).rule(), Rule::MediaOffer);
    assert_eq!(scene.ids(), [host.id]);

    scene.media_answers = true;
    assert!(matches!(scene.join(guest.connection), Event::Joined { generation: MediaGeneration(2), .. }));
}

/// ROOM-17
#[test]
fn answer_to_an_older_offer_is_void() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.media_answers = false;
    scene.ask(host.connection, Command::Offer { offer: offer() });
    let first = scene.request();
    scene.ask(host.connection, Command::Offer { offer: offer() });
    let second = scene.request();
    assert_eq!(scene.answer(host.connection, first).rule(), Rule::MediaOffer, "the newer one replaced it");

    scene.answer_media(host.id, 2);
    media(&mut scene, refused(host.id, 1));
    assert!(scene.outputs.is_empty());

    scene.answer_media(host.id, 3);
    let answer = scene.answer(host.connection, second).event();
    assert_eq!(answer, Event::MediaAnswer { answer: sdp(), generation: MediaGeneration(3) });
    scene.answer_media(host.id, 3);
    assert!(scene.outputs.is_empty(), "answered once");
}

/// ROOM-17
#[test]
fn answer_to_an_older_join_is_void() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    scene.media_answers = false;
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });
    media(&mut scene, refused(guest.id, 1));
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });

    scene.answer_media(guest.id, 1);
    assert_eq!(scene.ids(), [host.id]);

    scene.answer_media(guest.id, 2);
    assert_eq!(scene.ids(), [host.id, guest.id]);
}

/// ROOM-17
#[test]
fn answer_that_arrives_after_the_connection_dropped_is_void() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    scene.media_answers = false;
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });
    scene.drop_connection(guest.connection);

    scene.answer_media(guest.id, 1);

    assert!(scene.outputs.is_empty());
    assert_eq!(scene.ids(), [host.id]);
    scene.pass(RESUME_WINDOW);
    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::Disconnect { .. }]),
        "its peer connection goes"
    );
}

/// ROOM-17
#[test]
fn lost_media_is_told_to_its_owner_if_it_is_the_newest() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.ask(participant.connection, Command::Offer { offer: offer() });

    media(&mut scene, MediaEvent::Lost { participant: participant.id, generation: MediaGeneration(1) });
    assert!(scene.outputs.is_empty());
    media(&mut scene, MediaEvent::Lost { participant: participant.id, generation: MediaGeneration(2) });

    assert_eq!(scene.events(participant.connection), [Event::MediaLost]);
    assert_eq!(scene.events(host.connection), []);
}

#[test]
fn media_lost_before_the_answer_refuses_the_offer() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.media_answers = false;
    scene.ask(host.connection, Command::Offer { offer: offer() });
    let request = scene.request();
    media(&mut scene, MediaEvent::Lost { participant: host.id, generation: MediaGeneration(2) });
    assert_eq!(scene.answer(host.connection, request).rule(), Rule::MediaOffer);
}

/// ROOM-19
#[test]
fn join_that_is_never_answered_is_refused_in_the_end() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    scene.media_answers = false;
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });
    let request = scene.request();

    scene.pass(RESUME_WINDOW);

    assert_eq!(scene.answer(guest.connection, request).rule(), Rule::MediaOffer);
    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Misbehaved, None)));
}

/// ROOM-18
#[test]
fn subscription_keeps_only_pictures_of_others_who_are_in_the_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let mut admitted = scene.guest();
    scene.admit(&host, &mut admitted);
    let tile = |participant, source| Tile { participant, source, height: 360.try_into().unwrap() };
    let good = tile(participant.id, Source::Camera);

    let tiles = vec![
        tile(host.id, Source::Camera),
        good,
        tile(participant.id, Source::Microphone),
        good,
        tile(admitted.id, Source::Camera),
        tile(ParticipantId(99), Source::Screen),
    ];
    let answer = scene.ask(host.connection, Command::Subscribe { tiles });

    assert!(answer.0.is_none());
    let [Output::Media(MediaCommand::Subscribe { tiles, .. })] = &scene.outputs[..] else {
        panic!("passed on")
    };
    assert_eq!(tiles[..], [good]);
}

#[test]
fn reports_of_the_media_plane_go_to_whom_they_concern() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let guest = scene.guest();
    let id = participant.id;

    media(&mut scene, MediaEvent::QualityChanged { participant: id, quality: Quality::Poor });
    assert_eq!(scene.events(host.connection).len(), 1);
    assert_eq!(scene.events(participant.connection).len(), 1);

    media(&mut scene, MediaEvent::SpeakersChanged { speaking: vec![id, guest.id] });
    assert_eq!(scene.events(host.connection), [Event::Speakers { speaking: vec![id] }]);

    let layers = vec![Layer::Low];
    media(
        &mut scene,
        MediaEvent::LayersWanted { participant: id, source: Source::Camera, layers: layers.clone() },
    );
    assert_eq!(scene.events(host.connection), []);
    assert_eq!(
        scene.events(participant.connection),
        [Event::LayersWanted { source: Source::Camera, layers }]
    );

    let codec = VideoCodec::Vp8;
    media(&mut scene, MediaEvent::CodecWanted { participant: id, source: Source::Screen, codec });
    assert_eq!(scene.events(host.connection), []);
    assert_eq!(scene.events(participant.connection), [Event::CodecWanted { source: Source::Screen, codec }]);

    let slots = |generation| MediaEvent::SlotsChanged {
        participant: id,
        generation: MediaGeneration(generation),
        slots: vec![],
    };
    media(&mut scene, slots(7));
    assert!(scene.outputs.is_empty());
    media(&mut scene, slots(1));
    assert_eq!(scene.events(participant.connection).len(), 1);
    assert_eq!(scene.events(guest.connection), []);
}

const SOUND_ONLY: MediaState =
    MediaState { microphone: true, camera: false, screen: false, screen_audio: false };

/// ROOM-22
#[test]
fn source_that_the_grant_does_not_allow_stays_off() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.commit(host.connection, &[Edit::Add(guest.device), Edit::Allow(guest.device, SOUND_ONLY)]).done();
    let Event::Admitted(admission) = &scene.events(guest.connection)[0] else { panic!("let in") };
    assert_eq!(admission.media_allowed, SOUND_ONLY);
    guest.token = Some(admission.resume.clone());

    let Event::Joined { media, .. } = scene.join(guest.connection) else { panic!("joined") };
    assert_eq!(media, SOUND_ONLY);
    let [MediaCommand::Connect { publishing, .. }] = scene.media_commands()[..] else { panic!("connected") };
    assert_eq!(*publishing, SOUND_ONLY);

    let all_on = scene.ask(guest.connection, Command::SetMedia { media: ALL_ON });
    assert_eq!(all_on.rule(), Rule::SourceTaken);
    assert!(scene.media_commands().is_empty());
    scene.ask(guest.connection, Command::Offer { offer: offer() });
    let [MediaCommand::Connect { publishing, .. }] = scene.media_commands()[..] else { panic!("connected") };
    assert_eq!(*publishing, SOUND_ONLY);
    scene.drop_connection(guest.connection);
    assert_eq!(scene.resume(&mut guest).media_allowed, SOUND_ONLY);
}

/// ROOM-22
#[test]
fn source_that_is_allowed_no_longer_goes_off_at_once_and_does_not_come_back_by_itself() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    scene.commit(host.connection, &[Edit::Allow(participant.device, SOUND_ONLY)]).done();

    let [MediaCommand::SetPublishing { media, .. }] = scene.media_commands()[..] else { panic!("told") };
    assert_eq!(*media, SOUND_ONLY);
    let Event::ParticipantChanged { participant: view } = &scene.events(host.connection)[1] else {
        panic!("the room is told")
    };
    assert_eq!(view.media, SOUND_ONLY);

    scene.commit(host.connection, &[Edit::Allow(participant.device, ALL_ON)]).done();
    assert!(scene.media_commands().is_empty());
    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();
    assert!(matches!(scene.media_commands()[..], [MediaCommand::SetPublishing { media: ALL_ON, .. }]));
}

/// ROOM-22
#[test]
fn source_that_is_allowed_no_longer_while_one_joins_is_not_forwarded() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    scene.media_answers = false;
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });
    let request = scene.request();

    scene.commit(host.connection, &[Edit::Allow(guest.device, SOUND_ONLY)]).done();
    let [MediaCommand::SetPublishing { media, .. }] = scene.media_commands()[..] else { panic!("told") };
    assert_eq!(*media, SOUND_ONLY);
    scene.answer_media(guest.id, 1);

    let Event::Joined { media, .. } = scene.answer(guest.connection, request).event() else {
        panic!("joined")
    };
    assert_eq!(media, SOUND_ONLY);
}

/// ROOM-22
#[test]
fn a_source_that_may_not_be_sent_stays_off_and_the_rule_is_named() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let on = |scene: &mut Scene, media| scene.ask(participant.connection, Command::SetMedia { media }).rule();
    let screen = MediaState { screen: true, ..MediaState::default() };
    let voice = MediaState { microphone: true, ..MediaState::default() };

    scene.set(&host, "MEET.SHARE.HOST", "granted");
    scene.commit(host.connection, &[Edit::Allow(participant.device, voice)]).done();
    assert_eq!(on(&mut scene, MediaState { microphone: true, ..screen }), Rule::ShareHost);
    assert!(scene.room.participants().any(|view| view.id == participant.id && view.media == voice));

    let camera = MediaState { camera: true, ..MediaState::default() };
    assert_eq!(on(&mut scene, camera), Rule::SourceTaken);

    scene.delivery.suspend(true);
    scene.commit(host.connection, &[Edit::Allow(participant.device, MediaState::default())]).done();
    assert_eq!(on(&mut scene, voice), Rule::Suspended);
}
