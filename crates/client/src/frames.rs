//! Frames, sealed before they are cut into packets and opened once they are whole again (SFrame, RFC 9605).
//!
//! ```text
//!   encoder ─► seal ─► packets ─► server ─► packets ─► open ─► counted
//!               ▲                                       ▲
//!               └──────── keys from the device ─────────┘
//! ```
//! Fails closed: without a key nothing is sent, and what cannot be opened is counted by its reason and goes nowhere.

use std::collections::BTreeMap;

use sabha_crypto::sframe::{BaseKey, CipherSuite, Receiver, SFrameError, Sender};
use sabha_protocol::{
    DeviceKey, Source,
    device::{MediaKeyChange, MediaLeaf},
};
use serde::Serialize;

use crate::source::Codec;

/// The suite of every meeting.
const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;

/// The keys of one device, and what it has sent and seen under them.
pub struct Frames {
    sender: Sender,
    receiver: Receiver,
    sending: bool,
    epochs: BTreeMap<u64, Epoch>,
}

struct Epoch {
    base_key: BaseKey,
    own_leaf: u16,
    devices: BTreeMap<u16, DeviceKey>,
}

/// Whose frame was opened, by its key and not by anybody's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The device that sealed it.
    pub device: DeviceKey,
    /// What it is of.
    pub source: Source,
}

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// It is no sealed frame.
    Malformed,
    /// It is somebody else's than the server says, or of another source.
    Misplaced,
    /// No key: of an epoch that is gone or not here yet, or from who may not send.
    NoKey,
    /// Changed on its way, or sealed under another key.
    NotAuthentic,
    /// It came before.
    Replayed,
}

/// Frames that were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drops {
    /// See [`DropReason::Malformed`].
    pub malformed: u64,
    /// See [`DropReason::Misplaced`].
    pub misplaced: u64,
    /// See [`DropReason::NoKey`].
    pub no_key: u64,
    /// See [`DropReason::NotAuthentic`].
    pub not_authentic: u64,
    /// See [`DropReason::Replayed`].
    pub replayed: u64,
}

impl Drops {
    /// Counts `frames` more.
    pub(crate) const fn add(&mut self, reason: DropReason, frames: u64) {
        let count = match reason {
            DropReason::Malformed => &mut self.malformed,
            DropReason::Misplaced => &mut self.misplaced,
            DropReason::NoKey => &mut self.no_key,
            DropReason::NotAuthentic => &mut self.not_authentic,
            DropReason::Replayed => &mut self.replayed,
        };
        *count += frames;
    }

    /// Adds another count.
    pub(crate) const fn absorb(&mut self, other: Self) {
        self.malformed += other.malformed;
        self.misplaced += other.misplaced;
        self.no_key += other.no_key;
        self.not_authentic += other.not_authentic;
        self.replayed += other.replayed;
    }

    /// Returns all of them.
    pub const fn total(&self) -> u64 {
        self.malformed + self.misplaced + self.no_key + self.not_authentic + self.replayed
    }
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            sender: Sender::new(SUITE),
            receiver: Receiver::new(SUITE),
            sending: false,
            epochs: BTreeMap::new(),
        }
    }
}

impl Frames {
    /// Takes a change of the keys, in the order in which the device says them.
    pub fn apply(&mut self, change: &MediaKeyChange) {
        match change {
            MediaKeyChange::Install { epoch, base_key, own_leaf, leaves } => {
                self.install(epoch.0, base_key.expose(), *own_leaf, leaves);
            }
            MediaKeyChange::Use { epoch } => self.send_in(epoch.0),
            MediaKeyChange::Mute {} => self.sending = false,
            MediaKeyChange::Drop { epoch } => self.forget(epoch.0),
        }
    }

    fn install(&mut self, number: u64, base_key: &[u8], own_leaf: u32, leaves: &[MediaLeaf]) {
        // A leaf beyond 16 bits has no key id; rooms are far smaller.
        let (Ok(base_key), Ok(own_leaf)) = (BaseKey::new(base_key), u16::try_from(own_leaf)) else { return };
        let known = leaves.iter().filter_map(|leaf| Some((u16::try_from(leaf.leaf).ok()?, leaf)));
        let may_send = known.clone().flat_map(|(index, leaf)| {
            Source::ALL
                .into_iter()
                .filter(|source| leaf.allowed.has(*source))
                .map(move |source| (index, source))
        });
        if self.receiver.arm(number, &base_key, may_send).is_err() {
            tracing::warn!(number, "an epoch that is not newer");
            return;
        }
        let devices = known.map(|(index, leaf)| (index, leaf.device)).collect();
        self.epochs.insert(number, Epoch { base_key, own_leaf, devices });
    }

    fn send_in(&mut self, number: u64) {
        let Some(epoch) = self.epochs.get(&number) else {
            self.sending = false;
            return;
        };
        // Coming back to the epoch that was muted goes on with its counters.
        self.sending = self.sender.epoch() == Some(number)
            || self.sender.switch_epoch(number, epoch.own_leaf, &epoch.base_key).is_ok();
    }

    fn forget(&mut self, number: u64) {
        self.epochs.remove(&number);
        match self.epochs.keys().next() {
            Some(oldest) => self.receiver.retire_before(*oldest),
            // Out of the group. What comes next is a group joined anew, under keys that were never used before, and
            // perhaps with a lower number: counters and windows begin again.
            None => *self = Self::default(),
        }
    }

    /// Returns whether own frames can be sealed.
    pub const fn is_sending(&self) -> bool {
        self.sending
    }

    /// Seals a frame into `out`, whose contents are replaced, and returns whether it may be sent.
    pub(crate) fn seal(&mut self, source: Source, codec: Codec, frame: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        if !self.sending {
            return false;
        }
        self.sender.encrypt_into(source, frame, codec.clear_bytes(), out).is_ok()
    }

    /// Opens a frame in place.
    ///
    /// # Errors
    /// [`DropReason`], but never [`DropReason::Misplaced`]: whether it is where it belongs is for the caller to say.
    pub(crate) fn open(&mut self, codec: Codec, frame: &mut Vec<u8>) -> Result<Origin, DropReason> {
        let opened =
            self.receiver.decrypt_in_place(frame, codec.clear_bytes()).map_err(|error| match error {
                SFrameError::NotAuthentic => DropReason::NotAuthentic,
                SFrameError::Replay(_) => DropReason::Replayed,
                SFrameError::UnknownKid => DropReason::NoKey,
                _ => DropReason::Malformed,
            })?;
        // Armed leaves are those that are known.
        let epoch = self.epochs.get(&opened.epoch).ok_or(DropReason::NoKey)?;
        let device = *epoch.devices.get(&opened.leaf).ok_or(DropReason::NoKey)?;
        Ok(Origin { device, source: opened.source })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use sabha_protocol::{GroupEpoch, MediaState, VideoCodec, device};

    use super::*;

    pub(crate) const ALL_ON: MediaState =
        MediaState { microphone: true, camera: true, screen: true, screen_audio: true };

    /// The device at a leaf.
    pub(crate) const fn device_at(leaf: u8) -> DeviceKey {
        DeviceKey::from_bytes([leaf; 32])
    }

    fn install(epoch: u64, own_leaf: u8, allowed: MediaState) -> MediaKeyChange {
        let leaves = (0..4).filter(|leaf| *leaf != own_leaf);
        MediaKeyChange::Install {
            epoch: GroupEpoch(epoch),
            base_key: device::BaseKey::from_bytes([epoch as u8; 16]),
            own_leaf: own_leaf.into(),
            leaves: leaves
                .map(|leaf| MediaLeaf { leaf: leaf.into(), device: device_at(leaf), allowed })
                .collect(),
        }
    }

    /// Returns the frames of the device at `leaf` of a group of four, sending in `epoch`.
    pub(crate) fn member(leaf: u8, epoch: u64) -> Frames {
        let mut frames = Frames::default();
        frames.apply(&install(epoch, leaf, ALL_ON));
        frames.apply(&MediaKeyChange::Use { epoch: GroupEpoch(epoch) });
        frames
    }

    fn sealed(frames: &mut Frames, source: Source, frame: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(frames.seal(source, Codec::of(source, VideoCodec::Vp8), frame, &mut out));
        out
    }

    proptest! {
        #[test]
        fn what_one_member_seals_another_opens_and_knows_whose_it_is(
            frame in prop::collection::vec(any::<u8>(), 1..3_000),
            source in prop::sample::select(Source::ALL.to_vec()),
            video in prop::sample::select(vec![VideoCodec::Vp8, VideoCodec::Vp9]),
        ) {
            let (mut one, mut other) = (member(0, 1), member(1, 1));
            let (codec, mut out) = (Codec::of(source, video), Vec::new());
            prop_assert!(one.seal(source, codec, &frame, &mut out));
            prop_assert!(out[0] == frame[0] || codec != Codec::Vp8, "the first byte of VP8 stays readable");
            prop_assert_eq!(codec.kind(), source.kind());
            prop_assert_eq!(other.open(codec, &mut out), Ok(Origin { device: device_at(0), source }));
            prop_assert_eq!(out, frame);
        }

        #[test]
        fn any_bytes_are_dropped_without_a_panic(mut frame in prop::collection::vec(any::<u8>(), 0..64), video: bool) {
            let codec = if video { Codec::Vp8 } else { Codec::Opus };
            prop_assert!(member(1, 1).open(codec, &mut frame).is_err());
            prop_assert!(frame.is_empty());
        }
    }

    #[test]
    fn nothing_is_sealed_without_a_key_or_while_muted() {
        let mut out = vec![1];
        assert!(!Frames::default().seal(Source::Camera, Codec::Vp8, b"frame", &mut out));
        assert!(out.is_empty());

        let mut frames = member(0, 1);
        let first = sealed(&mut frames, Source::Camera, b"frame");
        frames.apply(&MediaKeyChange::Mute {});
        assert!(!frames.seal(Source::Camera, Codec::Vp8, b"frame", &mut out));
        frames.apply(&MediaKeyChange::Use { epoch: GroupEpoch(1) });
        assert_ne!(sealed(&mut frames, Source::Camera, b"frame"), first, "the counter goes on");
    }

    #[test]
    fn every_reason_to_drop_has_its_name() {
        let (mut one, mut other) = (member(0, 1), member(1, 1));
        let good = sealed(&mut one, Source::Camera, b"a frame");
        let mut open = |mut frame: Vec<u8>| other.open(Codec::Vp8, &mut frame);

        assert!(open(good.clone()).is_ok());
        assert_eq!(open(good.clone()), Err(DropReason::Replayed));
        let mut changed = good.clone();
        changed[0] ^= 1;
        assert_eq!(open(changed), Err(DropReason::NotAuthentic), "the clear prefix is authenticated");
        assert_eq!(open(vec![0]), Err(DropReason::Malformed));
        assert_eq!(open(sealed(&mut member(0, 2), Source::Camera, b"x")), Err(DropReason::NoKey));
        // Unsealed, as a sender without encryption would send it.
        assert!(open(b"\x10\x00\x00\x9d\x01\x2a in the clear".to_vec()).is_err());
    }

    #[test]
    fn who_may_not_send_a_source_is_not_opened() {
        let mut other = Frames::default();
        let voice = MediaState { microphone: true, ..MediaState::default() };
        other.apply(&install(1, 1, voice));
        let mut camera = sealed(&mut member(0, 1), Source::Camera, b"frame");
        let mut sound = sealed(&mut member(0, 1), Source::Microphone, b"frame");
        assert_eq!(other.open(Codec::Vp8, &mut camera), Err(DropReason::NoKey));
        assert!(other.open(Codec::Opus, &mut sound).is_ok());
    }

    #[test]
    fn who_is_removed_opens_nothing_that_is_sealed_after() {
        let (mut one, mut removed) = (member(0, 1), member(1, 1));
        let before = sealed(&mut one, Source::Camera, b"before");
        one.apply(&install(2, 0, ALL_ON));
        one.apply(&MediaKeyChange::Use { epoch: GroupEpoch(2) });
        let after = sealed(&mut one, Source::Camera, b"after");

        // The removed device never gets epoch 2, and forgets epoch 1.
        assert_eq!(removed.open(Codec::Vp8, &mut after.clone()), Err(DropReason::NoKey));
        removed.apply(&MediaKeyChange::Mute {});
        removed.apply(&MediaKeyChange::Drop { epoch: GroupEpoch(1) });
        assert_eq!(removed.open(Codec::Vp8, &mut before.clone()), Err(DropReason::NoKey));
        assert!(!removed.is_sending());
    }

    #[test]
    fn old_epochs_are_opened_until_they_are_dropped() {
        let (mut one, mut other) = (member(0, 1), member(1, 1));
        let late = [sealed(&mut one, Source::Camera, b"1"), sealed(&mut one, Source::Camera, b"2")];
        other.apply(&install(2, 1, ALL_ON));
        assert!(other.open(Codec::Vp8, &mut late[0].clone()).is_ok());
        other.apply(&MediaKeyChange::Drop { epoch: GroupEpoch(1) });
        assert_eq!(other.open(Codec::Vp8, &mut late[1].clone()), Err(DropReason::NoKey));
    }

    #[test]
    fn group_joined_anew_may_have_a_lower_number() {
        let mut frames = member(0, 9);
        frames.apply(&MediaKeyChange::Mute {});
        frames.apply(&MediaKeyChange::Drop { epoch: GroupEpoch(9) });
        frames.apply(&install(2, 0, ALL_ON));
        frames.apply(&MediaKeyChange::Use { epoch: GroupEpoch(2) });
        let mut frame = sealed(&mut frames, Source::Camera, b"frame");
        assert!(member(1, 2).open(Codec::Vp8, &mut frame).is_ok());
    }

    #[test]
    fn key_of_a_dropped_epoch_is_gone_and_not_only_its_devices() {
        let (mut one, mut other) = (member(0, 1), member(1, 1));
        let mut changed = sealed(&mut one, Source::Camera, b"a frame");
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(other.open(Codec::Vp8, &mut changed.clone()), Err(DropReason::NotAuthentic));
        other.apply(&install(2, 1, ALL_ON));
        other.apply(&MediaKeyChange::Drop { epoch: GroupEpoch(1) });
        assert_eq!(other.open(Codec::Vp8, &mut changed), Err(DropReason::NoKey));
    }

    #[test]
    fn nothing_is_sent_in_an_epoch_that_is_not_there() {
        let mut frames = member(0, 1);
        assert!(frames.is_sending());
        frames.apply(&MediaKeyChange::Use { epoch: GroupEpoch(2) });
        assert!(!frames.is_sending());

        // One that is not newer than what is there is not taken.
        let mut frames = member(0, 2);
        frames.apply(&install(1, 0, ALL_ON));
        frames.apply(&MediaKeyChange::Use { epoch: GroupEpoch(1) });
        assert!(!frames.is_sending());
    }

    #[test]
    fn leaf_that_has_no_key_id_sends_nothing() {
        let mut frames = Frames::default();
        let MediaKeyChange::Install { epoch, base_key, leaves, .. } = install(1, 0, ALL_ON) else { panic!() };
        frames.apply(&MediaKeyChange::Install { epoch, base_key, own_leaf: 0x1_0000, leaves });
        frames.apply(&MediaKeyChange::Use { epoch });
        assert!(!frames.is_sending());
    }

    #[test]
    fn drops_are_counted_each_under_its_reason() {
        let reasons = [
            DropReason::Malformed,
            DropReason::Misplaced,
            DropReason::NoKey,
            DropReason::NotAuthentic,
            DropReason::Replayed,
        ];
        let mut drops = Drops::default();
        for (reason, frames) in reasons.into_iter().zip(1..) {
            drops.add(reason, frames);
        }
        let expected = Drops { malformed: 1, misplaced: 2, no_key: 3, not_authentic: 4, replayed: 5 };
        assert_eq!((drops, drops.total()), (expected, 15));
        drops.absorb(expected);
        let twice = Drops { malformed: 2, misplaced: 4, no_key: 6, not_authentic: 8, replayed: 10 };
        assert_eq!(drops, twice);
    }
}
