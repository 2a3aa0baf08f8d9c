//! A presenter's device and others', over a network that loses, doubles and reorders, in virtual time.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sabha_protocol::{
    DeviceKey,
    limits::{MATERIAL_PART_BYTES, MATERIALS_MAX},
    restricted::{MaterialKind, MaterialState},
};
use zeroize::Zeroizing;

use super::*;

const START: u64 = 1_900_000_000_000;
const PRESENTER: DeviceKey = DeviceKey::from_bytes([1; 32]);

fn device(number: u8) -> DeviceKey {
    DeviceKey::from_bytes([number; 32])
}

fn text(parts: usize, seed: u8) -> Material {
    let length = (parts - 1) * MATERIAL_PART_BYTES + 1 + usize::from(seed);
    let bytes = (0..length).map(|at| b'a' + (at as u8 ^ seed) % 26).collect();
    Material::new(MaterialKind::Text, Zeroizing::new(bytes)).ok().unwrap()
}

/// One who reads, and what was handed out there.
#[derive(Default)]
struct Reader {
    reading: Reading,
    whole: Vec<Vec<u8>>,
}

impl Reader {
    fn hear(&mut self, saying: &Saying, now: u64) {
        let heard = match saying {
            Saying::Announced(announcement) => self.reading.announced(PRESENTER, *announcement, now),
            Saying::Part { digest, number, bytes } => {
                self.reading.part(PRESENTER, *digest, *number, bytes, now)
            }
        };
        if let Heard::Whole(material) = heard {
            self.whole.push(material.bytes().to_vec());
        }
    }

    fn state(&self) -> Option<MaterialState> {
        self.reading.shown().next().map(|(.., state)| state)
    }
}

/// Lets time pass in steps, words going through as `fate` says: how often each arrives, for each reader.
fn play(
    showing: &mut Showing,
    readers: &mut BTreeMap<DeviceKey, Reader>,
    (from, until): (u64, u64),
    mut fate: impl FnMut() -> usize,
) -> usize {
    let mut said = 0;
    for now in (from..until).step_by(50) {
        while let Some(saying) = showing.poll(now) {
            said += 1;
            for reader in readers.values_mut() {
                (0..fate()).for_each(|_| reader.hear(&saying, now));
            }
        }
        for (device, reader) in readers.iter_mut() {
            reader.reading.retain(|_| true, now);
            for (presenter, digest, parts) in reader.reading.wanted(now) {
                assert_eq!(presenter, PRESENTER);
                (0..fate()).for_each(|_| showing.asked(*device, digest, parts, now));
            }
        }
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// RED-02, RED-03, RED-05
    #[test]
    fn what_is_shown_comes_whole_and_once_over_any_network_that_lets_half_through(
        parts in 1_usize..=12,
        seed: u8,
        fates in prop::collection::vec(0_usize..=2, 16..64),
        late in 0_u64..20_000,
    ) {
        prop_assume!(fates.iter().filter(|fate| **fate > 0).count() * 2 > fates.len());
        let mut showing = Showing::new(text(parts, seed), None, START);
        let mut readers = BTreeMap::from([(device(2), Reader::default()), (device(3), Reader::default())]);
        let mut fate = fates.iter().copied().cycle();
        play(&mut showing, &mut readers, (START, START + late), || fate.next().unwrap());
        readers.insert(device(4), Reader::default());
        showing.greet(START + late);
        play(&mut showing, &mut readers, (START + late, START + late + 180_000), || fate.next().unwrap());
        // A network that has become whole.
        play(&mut showing, &mut readers, (START + late + 180_000, START + late + 300_000), || 1);
        for reader in readers.values() {
            prop_assert_eq!(reader.state(), Some(MaterialState::Here));
            prop_assert_eq!(reader.whole.iter().filter(|whole| *whole != showing.material().bytes()).count(), 0);
            prop_assert!(!reader.whole.is_empty());
        }
        // Nothing is asked for any more.
        prop_assert_eq!(showing.due(), 0);
    }

    /// RED-02, RED-03
    #[test]
    fn parts_in_any_order_make_the_whole(order in Just((0_u8..6).collect::<Vec<_>>()).prop_shuffle()) {
        let material = text(6, 3);
        let announcement = material.announcement();
        let mut reader = Reader::default();
        reader.hear(&Saying::Announced(announcement), START);
        for number in order {
            prop_assert!(reader.whole.is_empty());
            let bytes = material.part(number).unwrap();
            reader.hear(&Saying::Part { digest: announcement.digest, number, bytes }, START);
        }
        prop_assert_eq!(&reader.whole, &[material.bytes().to_vec()]);
    }
}

/// RED-02
#[test]
fn what_is_no_part_of_it_changes_nothing() {
    let material = text(2, 0);
    let Announcement { digest, .. } = material.announcement();
    let mut reading = Reading::default();
    let part = material.part(0).unwrap();
    // Not announced.
    assert!(matches!(reading.part(PRESENTER, digest, 0, &part, START), Heard::Nothing));
    reading.announced(PRESENTER, material.announcement(), START);
    let nothing: [(DeviceKey, [u8; 32], u8, &[u8]); 4] = [
        (device(9), digest, 0, &part),
        (PRESENTER, [0; 32], 0, &part),
        (PRESENTER, digest, 2, &part),
        (PRESENTER, digest, 0, &part[1..]),
    ];
    for (from, digest, number, bytes) in nothing {
        assert!(matches!(reading.part(from, digest, number, bytes, START), Heard::Nothing));
    }
    assert_eq!(reading.shown().next().map(|(_, _, done, _)| done), Some(0));
    assert!(matches!(reading.part(PRESENTER, digest, 0, &part, START), Heard::Changed));
}

/// RED-03
#[test]
fn what_is_not_as_announced_is_dropped_and_not_asked_for_again() {
    let (shown, other) = (text(2, 0), text(2, 1));
    let announcement = shown.announcement();
    let mut reader = Reader::default();
    reader.hear(&Saying::Announced(announcement), START);
    for number in [0, 1] {
        let bytes = other.part(number).unwrap();
        reader.hear(&Saying::Part { digest: announcement.digest, number, bytes }, START);
    }
    reader.hear(&Saying::Announced(announcement), START + 1000);
    assert_eq!(reader.state(), Some(MaterialState::Unfit));
    assert!(reader.whole.is_empty());
    assert!(reader.reading.wanted(START + 20_000).is_empty());
}

/// RED-03, RED-04
#[test]
fn what_is_announced_as_a_picture_and_is_none_is_not_handed_out() {
    let bytes = Zeroizing::new(picture::tests::png(5000, 10));
    let mut announcement = text(1, 0).announcement();
    announcement.kind = MaterialKind::Png;
    announcement.length = bytes.len() as u32;
    announcement.digest =
        sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&*bytes)).into();
    let mut part = Zeroizing::new(vec![0; MATERIAL_PART_BYTES]);
    part[..bytes.len()].copy_from_slice(&bytes);
    let mut reader = Reader::default();
    reader.hear(&Saying::Announced(announcement), START);
    reader.hear(&Saying::Part { digest: announcement.digest, number: 0, bytes: part }, START);
    assert_eq!(reader.state(), Some(MaterialState::Unfit));
}

/// RED-05
#[test]
fn who_asks_without_end_has_the_whole_sent_twice_a_minute() {
    let mut showing = Showing::new(text(4, 0), None, START);
    let digest = showing.announcement().digest;
    let mut nobody = BTreeMap::new();
    play(&mut showing, &mut nobody, (START, START + 5000), || 1);
    let mut said = 0;
    for second in 5..125 {
        let now = START + second * 1000;
        for _ in 0..20 {
            showing.asked(device(2), digest, u64::MAX, now);
        }
        said += play(&mut showing, &mut nobody, (now, now + 1000), || 1);
    }
    // Twelve announcements, and in each of two minutes twice four parts.
    assert_eq!(said, 12 + 2 * 2 * 4);
    // Another member is not the worse for it.
    showing.asked(device(3), digest, u64::MAX, START + 125_000);
    assert_eq!(showing.due(), 4);
}

/// RED-05
#[test]
fn those_who_come_together_are_served_together() {
    let mut showing = Showing::new(text(8, 0), None, START);
    let mut readers: BTreeMap<_, _> = BTreeMap::new();
    play(&mut showing, &mut readers, (START, START + 10_000), || 1);
    readers.extend((2..32).map(|number| (device(number), Reader::default())));
    showing.greet(START + 10_000);
    let said = play(&mut showing, &mut readers, (START + 10_000, START + 20_000), || 1);
    assert!(readers.values().all(|reader| reader.state() == Some(MaterialState::Here)));
    assert!(said <= 8 + 2, "{said} words for thirty who came");
}

/// RED-08
#[test]
fn parts_keep_their_pace_and_one_material_follows_another_after_a_while() {
    let mut showing = Showing::new(text(16, 0), None, START);
    assert!(matches!(showing.poll(START), Some(Saying::Announced(_))));
    let mut times = Vec::new();
    for now in START..START + 5000 {
        while let Some(Saying::Part { .. }) = showing.poll(now) {
            times.push(now);
        }
    }
    assert_eq!(times.len(), 16);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= PART_MS));

    let mut next = Showing::new(text(1, 0), Some(START + 4500), START + 5000);
    next.greet(START + 5000);
    assert!(next.poll(START + 6499).is_none());
    assert_eq!(next.next(), START + 6500);
    assert!(next.poll(START + 6500).is_some());
}

/// RED-07
#[test]
fn what_is_not_announced_for_thirty_seconds_is_forgotten() {
    let material = text(1, 0);
    let mut reading = Reading::default();
    reading.announced(PRESENTER, material.announcement(), START);
    reading.announced(PRESENTER, material.announcement(), START + 9000);
    assert!(!reading.retain(|_| true, START + 9000 + LEASE_MS - 1));
    assert!(reading.retain(|_| true, START + 9000 + LEASE_MS));
    assert_eq!(reading.next(), None);
}

/// RED-06
#[test]
fn what_is_taken_away_is_forgotten_and_nobody_takes_away_anothers() {
    let material = text(1, 0);
    let Announcement { digest, .. } = material.announcement();
    let mut reading = Reading::default();
    reading.announced(PRESENTER, material.announcement(), START);
    assert!(!reading.taken_away(&device(2), digest));
    assert!(!reading.taken_away(&PRESENTER, [0; 32]));
    assert_eq!(reading.shown().count(), 1);
    assert!(reading.taken_away(&PRESENTER, digest));
    assert_eq!(reading.shown().count(), 0);
}

/// RED-02
#[test]
fn a_flood_of_announcements_takes_bounded_room() {
    let mut reading = Reading::default();
    for number in 0..=255 {
        reading.announced(device(number), text(1, number).announcement(), START);
    }
    assert_eq!(reading.shown().count(), MATERIALS_MAX);
    // Of one presenter, one at a time, and not one after the other in an instant.
    let first = reading.shown().next().map(|(_, announcement, ..)| announcement);
    for seed in 100..200 {
        assert!(matches!(
            reading.announced(device(0), text(1, seed).announcement(), START + 999),
            Heard::Nothing
        ));
    }
    assert_eq!(reading.shown().next().map(|(_, announcement, ..)| announcement), first);
    assert!(matches!(
        reading.announced(device(0), text(1, 100).announcement(), START + 1000),
        Heard::Changed
    ));
    assert_eq!(reading.shown().count(), MATERIALS_MAX);
}
