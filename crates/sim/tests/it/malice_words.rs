//! Texts that no input of a client takes, from a member's device that asks no input: no device shows them.

use sabha_protocol::{
    limits::{CHAT_CHARS_MAX, NAME_CHARS_MAX},
    opaque::RelayPayload,
    wire::ServerMessage,
};
use sabha_sim::malice::{Hall, Insider};

const CREATOR: usize = 0;
const ASHA: usize = 1;
const BILAL: usize = 2;

/// A word of the group before it is sealed: its kind, a text with its length, and what follows.
fn word(kind: u8, text: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&[kind][..], &length.to_be_bytes(), text, rest].concat()
}

fn say(hall: &mut Hall, insider: &mut Insider, word: &[u8]) {
    let sealed = insider.seal(word).unwrap();
    let payload = RelayPayload::try_from([&[1], &sealed[..]].concat()).unwrap();
    let from = hall.people[BILAL].id;
    hall.tell_all(&ServerMessage::Relayed { from, payload });
}

fn named(hall: &Hall, device: sabha_protocol::DeviceKey) -> Option<String> {
    let member = hall.view(ASHA).members.iter().find(|member| member.device == device);
    member.and_then(|member| member.name.clone()).map(String::from)
}

#[test]
fn texts_that_no_input_takes_are_shown_by_no_device() {
    let mut hall = Hall::new();
    hall.member("Asha");
    hall.member("Bilal");
    let mut insider = hall.take_over(BILAL);
    let device = insider.device();
    hall.pass(6_000);
    // Its words do arrive.
    say(&mut hall, &mut insider, &word(1, b"Mallory", &[0, 0]));
    say(&mut hall, &mut insider, &word(2, b"first", &[]));
    assert_eq!(named(&hall, device).as_deref(), Some("Mallory"));
    assert_eq!(hall.people[ASHA].chat, ["first"]);

    // 64 kB is what a message can carry; the seal takes some of it.
    let marks = format!("Z{}", "\u{301}".repeat(30_000));
    let long = "x".repeat(CHAT_CHARS_MAX + 1);
    let name = "x".repeat(NAME_CHARS_MAX + 1);
    let forbidden = [
        "Asha\u{202E}tsoh",
        "\u{2066}Asha\u{2069}",
        "Asha\u{0}",
        "Asha\u{1b}[2J",
        "\u{FEFF}Asha",
        "\u{200B}\u{200D}",
        "\u{3164}",
    ];
    let texts = forbidden.iter().map(|text| text.as_bytes()).chain([
        &b""[..],
        marks.as_bytes(),
        long.as_bytes(),
        b"\xff\xfe",
        b"\xc0\xaf",
    ]);
    for text in texts {
        say(&mut hall, &mut insider, &word(2, text, &[]));
        say(&mut hall, &mut insider, &word(1, text, &[0, 0]));
    }
    say(&mut hall, &mut insider, &word(1, name.as_bytes(), &[0, 0]));
    say(&mut hall, &mut insider, &word(1, b"two\nlines", &[0, 0]));

    for at in [CREATOR, ASHA] {
        assert_eq!(hall.people[at].chat, ["first"], "person {at}");
        assert!(hall.view(at).alarms.is_empty());
    }
    assert_eq!(named(&hall, device).as_deref(), Some("Mallory"));
    say(&mut hall, &mut insider, &word(2, b"last", &[]));
    assert_eq!(hall.people[CREATOR].chat, ["first", "last"], "and what is none stops nothing");
}
