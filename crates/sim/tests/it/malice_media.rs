//! Frames on their way through a server that would like to show something else.

use sabha_crypto::sframe::{BaseKey, CipherSuite, HEADER_BYTES_MAX, Header, Kid, Receiver, Sender};
use sabha_protocol::{
    Source,
    device::{DeviceStage, MediaKeyChange},
};
use sabha_sim::malice::{Hall, Insider};

const CREATOR: usize = 0;
const ASHA: usize = 1;
const BILAL: usize = 2;

fn scene() -> Hall {
    let mut hall = Hall::new();
    hall.member("Asha");
    hall.member("Bilal");
    hall.pass(2000);
    hall
}

fn seal(hall: &mut Hall, at: usize, source: Source, frame: &[u8], clear: usize) -> Vec<u8> {
    hall.people[at].frames.seal(source, frame, clear).unwrap()
}

/// Writes the header of a sealed frame anew.
fn readdress(sealed: &[u8], clear: usize, change: impl FnOnce(Header) -> Header) -> Vec<u8> {
    let (header, length) = Header::parse(&sealed[clear..]).unwrap();
    let mut buffer = [0; HEADER_BYTES_MAX];
    let header = change(header).encode(&mut buffer);
    [&sealed[..clear], header, &sealed[clear + length..]].concat()
}

#[test]
fn frames_of_every_member_reach_every_other() {
    let mut hall = scene();
    for from in [CREATOR, ASHA, BILAL] {
        let sealed = seal(&mut hall, from, Source::Camera, b"\x10picture", 1);
        for to in (0..3).filter(|to| *to != from) {
            let (opened, frame) = hall.people[to].frames.open(&sealed, 1).unwrap();
            assert_eq!((opened.source, &frame[..]), (Source::Camera, &b"\x10picture"[..]));
            let leaf =
                hall.view(to).members.iter().find(|member| member.device == hall.key(from)).unwrap().leaf;
            assert_eq!(u32::from(opened.leaf), leaf);
        }
    }
}

/// Clear, repeated, moved to another sender or source, cut and changed: none of it is ever shown.
#[test]
fn nothing_but_what_a_member_has_sealed_is_opened_and_that_once() {
    let mut hall = scene();
    let sealed = seal(&mut hall, ASHA, Source::Microphone, b"sound", 0);
    let camera = seal(&mut hall, ASHA, Source::Camera, b"\x10picture", 1);
    let epoch = hall.epoch(ASHA).unwrap().0;
    let leaf = |hall: &Hall, at: usize| hall.people[at].device.group().unwrap().own_leaf() as u16;
    let (asha, creator) = (leaf(&hall, ASHA), leaf(&hall, CREATOR));
    let kid = |source, leaf, epoch| u64::from(Kid::new(source, leaf, epoch));
    let mut false_sender = Sender::new(CipherSuite::Aes128GcmSha256);
    false_sender.switch_epoch(epoch, asha, &BaseKey::new(&[9; 16]).unwrap()).unwrap();
    let mut of_the_server = Vec::new();
    false_sender.encrypt_into(Source::Microphone, b"noise", 0, &mut of_the_server).unwrap();

    let mut forgeries = vec![
        ("in the clear", b"sound".to_vec(), 0),
        ("silence of Opus", vec![0xf8, 0xff, 0xfe], 0),
        ("nothing", Vec::new(), 0),
        ("of the server's own key", of_the_server, 0),
        (
            "as somebody else's",
            readdress(&sealed, 0, |header| Header { kid: kid(Source::Microphone, creator, epoch), ..header }),
            0,
        ),
        (
            "as another source's",
            readdress(&sealed, 0, |header| Header { kid: kid(Source::ScreenAudio, asha, epoch), ..header }),
            0,
        ),
        (
            "as another epoch's",
            readdress(&sealed, 0, |header| Header {
                kid: kid(Source::Microphone, asha, epoch - 1),
                ..header
            }),
            0,
        ),
        ("as a later one", readdress(&sealed, 0, |header| Header { ctr: header.ctr + 1, ..header }), 0),
        ("with another frame's prefix", [&[0x11], &camera[1..]].concat(), 1),
        ("with its prefix as content", camera.clone(), 0),
        ("without its header", sealed[2..].to_vec(), 0),
    ];
    forgeries.extend((0..sealed.len()).map(|length| ("cut", sealed[..length].to_vec(), 0)));
    for (what, frame, clear) in &forgeries {
        assert!(hall.people[BILAL].frames.open(frame, *clear).is_err(), "{what} was opened");
    }
    // The true ones are, for all that, and once.
    assert!(hall.people[BILAL].frames.open(&sealed, 0).is_ok());
    assert!(hall.people[BILAL].frames.open(&camera, 1).is_ok());
    assert!(hall.people[BILAL].frames.open(&sealed, 0).is_err());
    assert!(hall.people[BILAL].frames.open(&camera, 1).is_err());
    // Nor does somebody hear itself.
    assert!(hall.people[ASHA].frames.open(&sealed, 0).is_err());
}

/// A frame of an epoch that is over is opened for as long as frames are on their way, and not after.
#[test]
fn frames_that_are_held_back_are_not_opened_after_their_epoch() {
    let mut hall = scene();
    let late = seal(&mut hall, ASHA, Source::Microphone, b"sound", 0);
    let later = seal(&mut hall, ASHA, Source::Microphone, b"sound", 0);
    hall.member("Chitra");
    hall.pass(5000);
    assert!(hall.people[BILAL].frames.open(&late, 0).is_ok());
    hall.pass(6000);
    assert!(hall.people[BILAL].frames.open(&later, 0).is_err());
}

/// Somebody in the lobby has no key of any epoch.
#[test]
fn who_waits_in_the_lobby_has_no_key() {
    let mut hall = scene();
    let guest = hall.guest("Chitra");
    hall.pass(20_000);
    assert_eq!(hall.view(guest).stage, DeviceStage::Waiting);
    assert!(hall.people[guest].media.is_empty());
    let sealed = seal(&mut hall, ASHA, Source::Camera, b"\x10picture", 1);
    assert!(hall.people[guest].frames.open(&sealed, 1).is_err());
}

/// Opens a frame with any of the keys, as of any sender.
fn opened_with(keys: &[[u8; 16]], epoch: u64, frame: &[u8]) -> bool {
    keys.iter().any(|key| {
        let mut receiver = Receiver::new(CipherSuite::Aes128GcmSha256);
        let everybody = (0..8).flat_map(|leaf| Source::ALL.map(|source| (leaf, source)));
        receiver.arm(epoch, &BaseKey::new(key).unwrap(), everybody).unwrap();
        receiver.decrypt_in_place(&mut frame.to_vec(), 0).is_ok()
    })
}

/// Who was removed and keeps everything it ever had, with a server that gives it everything it ever sees, opens what was
/// sealed until two seconds after the removal at most, and nothing after.
#[test]
fn who_was_removed_opens_no_frame_that_is_sealed_later_than_two_seconds_after() {
    let mut hall = scene();
    let mut removed = hall.take_over(BILAL);
    hall.pass(2000);
    let epoch = hall.sends_in(ASHA).unwrap().0;
    let before = seal(&mut hall, ASHA, Source::Microphone, b"before", 0);
    assert!(opened_with(removed.keys(), epoch, &before), "who is in opens");

    let device = removed.device();
    hall.command(CREATOR, sabha_protocol::device::DeviceCommand::Remove { device });
    assert!(hall.view(ASHA).members.iter().all(|member| member.device != device));
    let mut after = 0;
    for step in 0..100 {
        hall.pass(100);
        for missed in hall.worlds[0].missed(removed.epoch().unwrap()).unwrap() {
            removed.follow(&missed.message);
        }
        for from in [CREATOR, ASHA] {
            let epoch = hall.sends_in(from).unwrap().0;
            let frame = seal(&mut hall, from, Source::Microphone, b"after", 0);
            if (step + 1) * 100 > 2000 {
                assert!(!opened_with(removed.keys(), epoch, &frame), "{} ms after", (step + 1) * 100);
                after += 1;
            }
        }
        // Keys that its own device had dropped are no help either: the frames are under new ones.
    }
    assert!(after > 100);
    // Nor does what it seals itself reach anybody any more.
    let mut sender = Sender::new(CipherSuite::Aes128GcmSha256);
    let key = removed.keys().last().unwrap();
    sender.switch_epoch(epoch, removed.leaf().unwrap() as u16, &BaseKey::new(key).unwrap()).unwrap();
    let mut frame = Vec::new();
    sender.encrypt_into(Source::Microphone, b"still here", 0, &mut frame).unwrap();
    assert!(hall.people[ASHA].frames.open(&frame, 0).is_err());
    assert_dropped(&hall, epoch);
}

/// Every device has dropped the keys of an epoch.
fn assert_dropped(hall: &Hall, epoch: u64) {
    for at in [CREATOR, ASHA] {
        let dropped = |change: &MediaKeyChange| matches!(change, MediaKeyChange::Drop { epoch: gone } if gone.0 == epoch);
        assert!(hall.people[at].media.iter().any(dropped));
    }
}

/// Who comes in opens nothing of before.
#[test]
fn who_comes_in_opens_nothing_of_before() {
    let mut hall = scene();
    let epoch = hall.sends_in(ASHA).unwrap().0;
    let before = seal(&mut hall, ASHA, Source::Microphone, b"before", 0);
    let chitra = hall.member("Chitra");
    hall.pass(2000);
    assert!(hall.people[chitra].frames.open(&before, 0).is_err());
    let insider: Insider = hall.take_over(chitra);
    assert!(!opened_with(insider.keys(), epoch, &before));
}
