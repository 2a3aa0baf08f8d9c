//! Media frames of one device, under the keys that it hands out.

use std::collections::BTreeMap;

use sabha_crypto::sframe::{BaseKey, CipherSuite, Opened, Receiver, SFrameError, Sender};
use sabha_protocol::{Source, device::MediaKeyChange};

const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;

/// Seals and opens as a transform in front of a camera and a decoder would, told by [`MediaKeyChange`]s only.
pub struct Frames {
    sender: Sender,
    receiver: Receiver,
    keys: BTreeMap<u64, (BaseKey, u16)>,
    sending: Option<u64>,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            sender: Sender::new(SUITE),
            receiver: Receiver::new(SUITE),
            keys: BTreeMap::new(),
            sending: None,
        }
    }
}

impl Frames {
    /// Does what the device says.
    ///
    /// # Panics
    /// If a key is none, or cannot be used: the device's fault.
    pub fn apply(&mut self, change: &MediaKeyChange) {
        match change {
            MediaKeyChange::Install { epoch, base_key, own_leaf, leaves } => {
                let key = BaseKey::new(base_key.expose()).expect("a base key has 16 bytes");
                let own_leaf = u16::try_from(*own_leaf).expect("a leaf's index fits");
                let allowed = leaves.iter().flat_map(|leaf| {
                    let number = u16::try_from(leaf.leaf).expect("a leaf's index fits");
                    Source::ALL
                        .into_iter()
                        .filter(|source| leaf.allowed.has(*source))
                        .map(move |source| (number, source))
                });
                // A group that was lost and joined anew may be at an earlier epoch than before.
                if self.receiver.arm(epoch.0, &key, allowed.clone()).is_err() && self.keys.is_empty() {
                    (self.sender, self.receiver) = (Sender::new(SUITE), Receiver::new(SUITE));
                    let _ = self.receiver.arm(epoch.0, &key, allowed);
                }
                self.keys.insert(epoch.0, (key, own_leaf));
            }
            MediaKeyChange::Use { epoch } => {
                self.sending = Some(epoch.0);
                if let Some((key, leaf)) =
                    self.keys.get(&epoch.0).filter(|_| self.sender.epoch() != Some(epoch.0))
                {
                    self.sender.switch_epoch(epoch.0, *leaf, key).expect("epochs in use only grow");
                }
            }
            MediaKeyChange::Mute {} => self.sending = None,
            MediaKeyChange::Drop { epoch } => {
                self.keys.remove(&epoch.0);
                self.receiver.retire_before(epoch.0 + 1);
            }
        }
    }

    /// Seals a frame, if the device sends.
    pub fn seal(&mut self, source: Source, frame: &[u8], clear_bytes: usize) -> Option<Vec<u8>> {
        self.sending?;
        let mut out = Vec::new();
        self.sender.encrypt_into(source, frame, clear_bytes, &mut out).ok()?;
        Some(out)
    }

    /// Opens a frame.
    ///
    /// # Errors
    /// [`SFrameError`].
    pub fn open(&mut self, frame: &[u8], clear_bytes: usize) -> Result<(Opened, Vec<u8>), SFrameError> {
        let mut frame = frame.to_vec();
        let opened = self.receiver.decrypt_in_place(&mut frame, clear_bytes)?;
        Ok((opened, frame))
    }

    /// Returns the epoch in which the device sends.
    pub const fn sending(&self) -> Option<u64> {
        self.sending
    }
}
