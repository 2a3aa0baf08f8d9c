//! Restricted material among devices: who may show it, who has it, and when nobody has it any more.

use sabha_protocol::{
    device::MemberRight,
    restricted::{MaterialBytes, MaterialKind, MaterialState},
};

use super::*;

/// What no server may see: three parts of text.
const MARK: &str = "a mark that nobody else writes, again and again. ";

fn secret() -> Vec<u8> {
    MARK.repeat(70_000 / MARK.len()).into_bytes()
}

impl Hall {
    fn show(&mut self, at: usize, bytes: &[u8]) {
        let content = MaterialBytes::try_from(bytes).unwrap();
        self.command(at, DeviceCommand::ShowMaterial { kind: MaterialKind::Text, content });
    }

    fn sees(&self, at: usize) -> Option<MaterialState> {
        self.view(at).materials.first().map(|material| material.state)
    }

    fn meeting(names: &[&str]) -> (Self, Vec<usize>) {
        let mut hall = Self::new(None);
        let guests: Vec<usize> = names.iter().map(|name| hall.guest(name)).collect();
        guests.iter().for_each(|guest| hall.admit(*guest));
        (hall, guests)
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.windows(20).any(|window| window == &MARK.as_bytes()[..20])
}

/// RED-03, RED-09
#[test]
fn everybody_in_the_room_reads_it_and_the_server_and_what_is_kept_have_none_of_it() {
    let (mut hall, guests) = Hall::meeting(&["Asha", "Bilal"]);
    hall.show(0, &secret());
    hall.pass(3000);
    for at in &guests {
        assert_eq!(hall.sees(*at), Some(MaterialState::Here));
        assert!(hall.clients[*at].materials == [secret()]);
    }
    assert_eq!(hall.sees(0), Some(MaterialState::Own));
    assert_eq!((hall.view(0).materials[0].done, hall.view(0).materials[0].parts), (3, 3));
    assert!(has_mark(&secret()));
    assert!(hall.relayed.len() > 3 && !hall.relayed.iter().any(|payload| has_mark(payload)));
    for client in &hall.clients {
        assert!(!has_mark(&client.device.export()));
        assert!(client.kept.as_ref().is_none_or(|kept| !has_mark(kept)));
    }
}

/// RED-08
#[test]
fn every_part_is_as_long_as_the_others_and_chat_goes_before_them() {
    let (mut hall, guests) = Hall::meeting(&["Asha"]);
    hall.show(0, &secret());
    hall.command(0, DeviceCommand::Chat { text: "first".parse().unwrap() });
    assert_eq!(hall.clients[guests[0]].chat, ["first"]);
    hall.pass(3000);
    let lengths: BTreeMap<usize, usize> = hall
        .relayed
        .iter()
        .filter(|payload| payload.len() > LONG_BYTES)
        .fold(BTreeMap::new(), |mut lengths, payload| {
            *lengths.entry(payload.len()).or_default() += 1;
            lengths
        });
    assert_eq!(lengths.into_values().collect::<Vec<_>>(), [3]);
}

/// RED-08
#[test]
fn it_is_said_only_when_no_other_word_waits() {
    let (mut hall, guests) = Hall::meeting(&["Asha"]);
    hall.show(0, &secret());
    // The server takes its time with a commit, and until then nothing can be said.
    hall.held = Some(Vec::new());
    let controls = crate::policy::Controls::of(crate::policy::Tier::Medium).to_settings();
    hall.command(0, DeviceCommand::SetControls { controls });
    hall.command(0, DeviceCommand::Chat { text: "first".parse().unwrap() });
    hall.pass(3000);
    hall.command(0, DeviceCommand::Chat { text: "second".parse().unwrap() });
    assert!(hall.clients[guests[0]].chat.is_empty());

    let before = hall.relayed.len();
    hall.release();
    assert_eq!(hall.clients[guests[0]].chat, ["first", "second"]);
    let parts: Vec<bool> = hall.relayed[before..].iter().map(|payload| payload.len() > LONG_BYTES).collect();
    assert!(parts.is_sorted(), "nothing waited behind a part: {parts:?}");
    hall.pass(3000);
    assert_eq!(hall.sees(guests[0]), Some(MaterialState::Here));
}

/// RED-05
#[test]
fn who_comes_later_gets_it_in_the_newer_epoch() {
    let (mut hall, guests) = Hall::meeting(&["Asha"]);
    hall.show(0, &secret());
    hall.pass(5000);
    let bilal = hall.guest("Bilal");
    hall.pass(20_000);
    assert_eq!(hall.sees(bilal), None, "not in the lobby");
    let epoch = hall.delivery.epoch();
    hall.admit(bilal);
    assert!(hall.delivery.epoch() > epoch);
    hall.pass(5000);
    assert!(hall.clients[bilal].materials == [secret()]);
    assert_eq!(hall.sees(bilal), Some(MaterialState::Here));
    // Who had it is not given it again.
    assert_eq!(hall.clients[guests[0]].materials.len(), 1);
}

/// RED-05
#[test]
fn what_was_lost_on_the_way_is_asked_for() {
    let (mut hall, guests) = Hall::meeting(&["Asha", "Bilal"]);
    hall.show(0, &secret());
    hall.loses_long_words = true;
    hall.pass(60_000);
    for at in guests {
        assert!(hall.clients[at].materials == [secret()]);
    }
}

/// RED-01
#[test]
fn who_may_not_share_shows_nothing_and_is_not_heard_if_the_device_is_another() {
    let (mut hall, guests) = Hall::meeting(&["Asha", "Bilal"]);
    let [asha, bilal] = guests[..] else { panic!() };
    let controls = crate::policy::Controls::of(crate::policy::Tier::Medium).to_settings();
    hall.command(0, DeviceCommand::SetControls { controls });
    hall.pass(1000);
    hall.show(asha, &secret());
    assert_eq!(hall.clients[asha].refusals, [Rule::ShareHost]);
    assert!(hall.view(asha).materials.is_empty());

    // A device that was changed says it all the same.
    let material = crate::restricted::Material::new(MaterialKind::Text, Zeroizing::new(b"forged".to_vec()))
        .ok()
        .unwrap();
    let announcement = material.announcement();
    let mut part = b"forged".to_vec();
    part.resize(sabha_protocol::limits::MATERIAL_PART_BYTES, 0);
    let words = |hall: &mut Hall| {
        let digest = announcement.digest;
        for word in [
            super::super::restricted::MaterialWord::Announced(announcement),
            super::super::restricted::MaterialWord::Part { digest, number: 0, bytes: part.clone() },
        ] {
            hall.clients[asha].device.say(Word::Material(word));
        }
        hall.pass(1000);
    };
    words(&mut hall);
    for at in [0, bilal] {
        assert!(hall.view(at).materials.is_empty());
        assert!(hall.clients[at].materials.is_empty());
    }
    // Once it has the right, the same words are heard: it was the right that was missing.
    let device = hall.clients[asha].device.me();
    hall.command(0, DeviceCommand::SetRight { device, right: MemberRight::Screen, allowed: true });
    hall.pass(1000);
    words(&mut hall);
    assert_eq!(hall.clients[bilal].materials, [b"forged".to_vec()]);
}

/// RED-04
#[test]
fn what_is_no_material_is_refused_to_who_shows_it() {
    let (mut hall, guests) = Hall::meeting(&["Asha"]);
    let content = MaterialBytes::try_from(b"<svg/>".as_slice()).unwrap();
    hall.command(0, DeviceCommand::ShowMaterial { kind: MaterialKind::Png, content });
    hall.pass(3000);
    assert_eq!(hall.clients[0].refusals, [Rule::Material]);
    assert_eq!(hall.sees(guests[0]), None);
}

/// RED-06
#[test]
fn it_goes_when_it_is_taken_away_when_the_right_is_and_when_the_presenter_is_gone() {
    let (mut hall, guests) = Hall::meeting(&["Asha", "Bilal"]);
    let [asha, bilal] = guests[..] else { panic!() };
    let device = hall.clients[asha].device.me();
    let shows = |hall: &mut Hall| {
        hall.show(asha, &secret());
        hall.pass(5000);
        assert_eq!([0, bilal].map(|at| hall.sees(at)), [Some(MaterialState::Here); 2]);
    };
    let gone = |hall: &Hall| assert_eq!([0, bilal].map(|at| hall.sees(at)), [None; 2]);

    shows(&mut hall);
    hall.command(asha, DeviceCommand::TakeMaterialAway {});
    gone(&hall);

    shows(&mut hall);
    hall.command(0, DeviceCommand::SetRight { device, right: MemberRight::Screen, allowed: false });
    gone(&hall);
    assert_eq!(hall.sees(asha), None);
    hall.command(0, DeviceCommand::SetRight { device, right: MemberRight::Screen, allowed: true });

    shows(&mut hall);
    hall.command(0, DeviceCommand::Suspend { suspended: true });
    gone(&hall);
    hall.command(0, DeviceCommand::Suspend { suspended: false });

    shows(&mut hall);
    hall.command(asha, DeviceCommand::Leave {});
    gone(&hall);
}

/// RED-07
#[test]
fn who_is_removed_or_sent_back_has_it_no_more_and_gets_no_word_of_it() {
    let (mut hall, guests) = Hall::meeting(&["Asha", "Bilal", "Chitra"]);
    let [asha, bilal, chitra] = guests[..] else { panic!() };
    hall.show(0, &secret());
    hall.pass(5000);
    let [asha_key, bilal_key] = [asha, bilal].map(|at| hall.clients[at].device.me());
    hall.command(0, DeviceCommand::Remove { device: asha_key });
    hall.command(0, DeviceCommand::SendBack { device: bilal_key });
    assert_eq!([asha, bilal].map(|at| hall.sees(at)), [None; 2]);
    assert_eq!(hall.sees(chitra), Some(MaterialState::Here));

    // What is shown next they cannot open, whoever passes it on to them.
    for at in [asha, bilal] {
        hall.clients[at].placed = true;
    }
    hall.show(0, b"another text");
    hall.pass(10_000);
    assert_eq!(hall.clients[chitra].materials.len(), 2);
    assert_eq!([asha, bilal].map(|at| hall.clients[at].materials.len()), [1, 1]);
}

/// RED-07
#[test]
fn who_is_cut_off_has_it_for_thirty_seconds_at_most_whatever_the_server_keeps_back() {
    let (mut hall, guests) = Hall::meeting(&["Asha"]);
    hall.show(0, &secret());
    hall.pass(5000);
    hall.disconnect(guests[0]);
    let device = hall.clients[guests[0]].device.me();
    hall.command(0, DeviceCommand::Remove { device });
    assert_eq!(hall.sees(guests[0]), Some(MaterialState::Here));
    hall.pass(30_000);
    assert_eq!(hall.sees(guests[0]), None);
}

/// RED-05
#[test]
fn who_was_cut_off_for_a_moment_reads_on() {
    let (mut hall, guests) = Hall::meeting(&["Asha"]);
    hall.show(0, &secret());
    hall.pass(5000);
    hall.disconnect(guests[0]);
    hall.pass(12_000);
    hall.resume(guests[0]);
    hall.pass(25_000);
    assert_eq!(hall.sees(guests[0]), Some(MaterialState::Here));
    assert_eq!(hall.clients[guests[0]].materials.len(), 1);
}

/// RED-08
#[test]
fn nothing_of_it_is_said_while_the_keys_are_not_certified() {
    let (mut hall, guests) = Hall::meeting(&["Asha", "Bilal"]);
    let [asha, bilal] = guests[..] else { panic!() };
    // No host is heard: what Asha's device sends is in doubt.
    hall.disconnect(0);
    hall.pass(31_000);
    hall.show(asha, &secret());
    hall.pass(10_000);
    assert!(hall.relayed.iter().all(|payload| payload.len() <= LONG_BYTES));
    assert_eq!(hall.sees(bilal), None);
    hall.resume(0);
    hall.pass(10_000);
    assert_eq!(hall.sees(bilal), Some(MaterialState::Here));
}
