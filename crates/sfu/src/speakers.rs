//! Chooses whose voices a room hears: at most [`SPEAKERS_FORWARDED`] at a time, unless the shard is told
//! otherwise. Pure.
//!
//! A voice that begins takes a free place at once, so that the first syllable is not lost. When all places
//! are taken it waits until somebody in them pauses, unless it is clearly stronger: a steady noise, which never
//! pauses, must not keep a voice out. Those who paused keep their place until it is needed: the same few
//! people mostly talk in turns, and a kept place means no slot changes its occupant.

use std::time::{Duration, Instant};

use sabha_protocol::limits::SPEAKERS_FORWARDED;

use crate::io::PeerKey;

/// Someone silent for this long gives way to a new voice.
const GIVES_WAY_AFTER: Duration = Duration::from_millis(600);

/// A place is safe from a stronger voice for this long, so that two do not take turns at it.
const SAFE_FOR: Duration = Duration::from_secs(1);
/// A voice whose packets are larger by this many per cent is clearly stronger.
const STRONGER_PERCENT: u32 = 30;

/// The voices of a room.
#[derive(Debug)]
pub(crate) struct Speakers {
    /// Voices forwarded at once.
    most: usize,
    places: Vec<Place>,
    /// Most recent first.
    speaking: Vec<PeerKey>,
}

#[derive(Debug)]
struct Place {
    peer: PeerKey,
    since: Instant,
    last_voiced: Instant,
    /// Mean size of its voiced packets, in bytes.
    strength: u32,
}

impl Speakers {
    /// Returns a room in which nobody has spoken yet, and `most` are heard at once.
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, places: Vec::new(), speaking: Vec::new() }
    }

    /// Takes note of a voiced packet of a voice whose packets have `strength` bytes on average. Returns whether
    /// the set of forwarded voices changed.
    pub(crate) fn voiced(&mut self, peer: PeerKey, now: Instant, strength: u32) -> bool {
        if let Some(place) = self.places.iter_mut().find(|place| place.peer == peer) {
            place.last_voiced = now;
            place.strength = strength;
            return false;
        }
        let newcomer = Place { peer, since: now, last_voiced: now, strength };
        if self.places.len() < self.most {
            self.places.push(newcomer);
            return true;
        }
        let weakest = self.places.iter_mut().min_by_key(|place| place.strength);
        if let Some(weakest) = weakest
            && strength * 100 > weakest.strength * (100 + STRONGER_PERCENT)
            && now.saturating_duration_since(weakest.since) >= SAFE_FOR
        {
            *weakest = newcomer;
            return true;
        }
        let Some(oldest) = self.places.iter_mut().min_by_key(|place| place.last_voiced) else { return false };
        if now.saturating_duration_since(oldest.last_voiced) < GIVES_WAY_AFTER {
            return false;
        }
        *oldest = newcomer;
        true
    }

    /// Takes over the places that somebody else has given.
    pub(crate) fn follow(&mut self, now: Instant, peers: &[PeerKey]) {
        let place = |peer: &PeerKey| Place { peer: *peer, since: now, last_voiced: now, strength: 0 };
        self.places = peers.iter().map(place).collect();
    }

    /// Returns whether `peer` has a place.
    pub(crate) fn is_forwarded(&self, peer: PeerKey) -> bool {
        self.places.iter().any(|place| place.peer == peer)
    }

    /// Returns those who have a place.
    pub(crate) fn forwarded(&self) -> impl Iterator<Item = PeerKey> {
        self.places.iter().map(|place| place.peer)
    }

    /// Says whether `peer` speaks, by its meter. Returns whether the list of speakers changed.
    pub(crate) fn set_speaking(&mut self, peer: PeerKey, speaking: bool) -> bool {
        let position = self.speaking.iter().position(|other| *other == peer);
        match (position, speaking && self.is_forwarded(peer)) {
            (None, true) => {
                self.speaking.insert(0, peer);
                self.speaking.truncate(SPEAKERS_FORWARDED);
                true
            }
            (Some(position), false) => {
                self.speaking.remove(position);
                true
            }
            _ => false,
        }
    }

    /// Returns who speaks, most recent first.
    pub(crate) fn speaking(&self) -> &[PeerKey] {
        &self.speaking
    }

    /// Forgets a peer that left or switched its microphone off. Returns whether the list of speakers changed.
    pub(crate) fn remove(&mut self, peer: PeerKey) -> bool {
        self.places.retain(|place| place.peer != peer);
        self.set_speaking(peer, false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_more_than_the_limit_and_speakers_have_places(
            steps in prop::collection::vec((0u64..8, 0u64..300, 0u8..4), 1..200)
        ) {
            let mut now = Instant::now();
            let mut speakers = Speakers::new(SPEAKERS_FORWARDED);
            for (peer, millis, what) in steps {
                now += Duration::from_millis(millis);
                let peer = PeerKey(peer);
                match what {
                    0 | 1 => { speakers.voiced(peer, now, 80); }
                    2 => { speakers.set_speaking(peer, millis % 2 == 0); }
                    _ => { speakers.remove(peer); }
                }
                prop_assert!(speakers.forwarded().count() <= SPEAKERS_FORWARDED);
                prop_assert!(speakers.speaking().len() <= SPEAKERS_FORWARDED);
            }
        }

        #[test]
        fn three_who_talk_without_pause_are_not_displaced(order in prop::collection::vec(0u64..6, 200)) {
            let mut now = Instant::now();
            let mut speakers = Speakers::new(SPEAKERS_FORWARDED);
            for peer in 0..3 {
                speakers.voiced(PeerKey(peer), now, 80);
            }
            for other in order {
                now += Duration::from_millis(20);
                for peer in 0..3 {
                    speakers.voiced(PeerKey(peer), now, 80);
                }
                prop_assert!(!speakers.voiced(PeerKey(other), now, 90));
            }
        }
    }

    #[test]
    fn new_voice_takes_the_place_of_whoever_was_silent_longest() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut speakers = Speakers::new(SPEAKERS_FORWARDED);
        for (peer, millis) in [(1, 0), (2, 100), (3, 200)] {
            assert!(speakers.voiced(PeerKey(peer), at(millis), 80));
        }

        assert!(!speakers.voiced(PeerKey(4), at(500), 80));
        assert!(speakers.voiced(PeerKey(4), at(600), 80));
        assert_eq!(speakers.forwarded().collect::<Vec<_>>(), [PeerKey(4), PeerKey(2), PeerKey(3)]);
    }

    #[test]
    fn steady_noise_gives_way_to_a_clearly_stronger_voice() {
        let start = Instant::now();
        let later = start + SAFE_FOR;
        let mut speakers = Speakers::new(SPEAKERS_FORWARDED);
        for (peer, strength) in [(1, 100), (2, 66), (3, 100)] {
            speakers.voiced(PeerKey(peer), start, strength);
        }
        for peer in [1, 2, 3] {
            assert!(!speakers.voiced(PeerKey(peer), later, if peer == 2 { 66 } else { 100 }));
        }

        assert!(!speakers.voiced(PeerKey(4), later, 80), "not clearly stronger");
        assert!(speakers.voiced(PeerKey(4), later, 95));
        assert_eq!(speakers.forwarded().collect::<Vec<_>>(), [PeerKey(1), PeerKey(4), PeerKey(3)]);
        assert!(!speakers.voiced(PeerKey(2), later, 150), "a fresh place is safe");
    }

    #[test]
    fn everybody_has_a_place_where_there_are_as_many() {
        let now = Instant::now();
        let mut speakers = Speakers::new(24);
        for peer in 0..24 {
            assert!(speakers.voiced(PeerKey(peer), now, 80));
        }
        assert_eq!(speakers.forwarded().count(), 24);
        assert!(!speakers.voiced(PeerKey(24), now, 80));
    }

    #[test]
    fn latest_speaker_comes_first() {
        let now = Instant::now();
        let mut speakers = Speakers::new(SPEAKERS_FORWARDED);
        for peer in [1, 2] {
            speakers.voiced(PeerKey(peer), now, 80);
            assert!(speakers.set_speaking(PeerKey(peer), true));
        }
        assert_eq!(speakers.speaking(), [PeerKey(2), PeerKey(1)]);
        assert!(!speakers.set_speaking(PeerKey(1), true));
        assert!(speakers.set_speaking(PeerKey(2), false));
        assert_eq!(speakers.speaking(), [PeerKey(1)]);
    }
}
