//! The frames of others: opened under the epochs that are held, from those who may send.

use std::collections::{BTreeMap, VecDeque};

use sabha_protocol::Source;

use super::{
    BaseKey, CLEAR_BYTES_MAX, CipherSuite, EPOCHS_MAX, EpochSecret, FRAME_BYTES_MAX, HEADER_BYTES_MAX,
    Header, Kid, ReplayWindow, SFrameError, TAG_BYTES, aad, keys::Cipher,
};

/// Decrypts frames. A device has one for as long as it is in a meeting: what came before is remembered here.
pub struct Receiver {
    suite: CipherSuite,
    /// In the order of their numbers.
    epochs: VecDeque<Epoch>,
    /// The latest epoch that was ever armed.
    latest: Option<u64>,
}

struct Epoch {
    number: u64,
    secret: EpochSecret,
    streams: BTreeMap<Kid, Stream>,
}

#[derive(Default)]
struct Stream {
    /// Derived when the first frame comes: most of those who may send are never heard or seen.
    cipher: Option<Cipher>,
    window: ReplayWindow,
}

/// Whose frame was opened. The caller shows it as this source of this member, whatever the server says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The source.
    pub source: Source,
    /// Index of the sender's leaf in the MLS tree of `epoch`.
    pub leaf: u16,
    /// The epoch whose key opened it.
    pub epoch: u64,
    /// The frame's counter under this key.
    pub ctr: u64,
}

impl Receiver {
    /// Returns a receiver without keys. It refuses every frame.
    pub const fn new(suite: CipherSuite) -> Self {
        Self { suite, epochs: VecDeque::new(), latest: None }
    }

    /// Accepts frames of this epoch from now on, from these leaves and sources only: those whose grant allows it.
    /// Earlier epochs stay until they are retired; beyond [`EPOCHS_MAX`] the earliest goes.
    ///
    /// # Errors
    /// [`SFrameError::EpochNotNewer`]: it was armed before, or a later one was; nothing changes.
    pub fn arm(
        &mut self,
        number: u64,
        base_key: &BaseKey,
        senders: impl IntoIterator<Item = (u16, Source)>,
    ) -> Result<(), SFrameError> {
        if self.latest.is_some_and(|latest| number <= latest) {
            return Err(SFrameError::EpochNotNewer);
        }
        let streams = senders
            .into_iter()
            .map(|(leaf, source)| (Kid::new(source, leaf, number), Stream::default()))
            .collect();
        // A key id has only the low byte of the epoch: one byte, one epoch.
        self.epochs.retain(|epoch| epoch.number as u8 != number as u8);
        if self.epochs.len() == EPOCHS_MAX {
            self.epochs.pop_front();
        }
        self.epochs.push_back(Epoch { number, secret: EpochSecret::new(self.suite, base_key), streams });
        self.latest = Some(number);
        Ok(())
    }

    /// Wipes the keys of all epochs before this one.
    pub fn retire_before(&mut self, number: u64) {
        self.epochs.retain(|epoch| epoch.number >= number);
    }

    /// Takes the right to send from a leaf's source in every epoch that is held, at once.
    pub fn revoke(&mut self, leaf: u16, source: Source) {
        for epoch in &mut self.epochs {
            epoch.streams.remove(&Kid::new(source, leaf, epoch.number));
        }
    }

    /// Decrypts a frame in place: what remains is the clear prefix and the plaintext. The prefix's length follows from
    /// the codec, which the frame does not choose.
    ///
    /// # Errors
    /// [`SFrameError`]: the frame is emptied, so that nothing of it can be shown by mistake.
    pub fn decrypt_in_place(
        &mut self,
        frame: &mut Vec<u8>,
        clear_bytes: usize,
    ) -> Result<Opened, SFrameError> {
        let opened = self.open(frame, clear_bytes);
        if opened.is_err() {
            frame.clear();
        }
        opened
    }

    fn open(&mut self, frame: &mut Vec<u8>, clear_bytes: usize) -> Result<Opened, SFrameError> {
        if frame.len() > FRAME_BYTES_MAX || clear_bytes > CLEAR_BYTES_MAX {
            return Err(SFrameError::FrameTooLarge);
        }
        let (clear, rest) = frame.split_at_mut_checked(clear_bytes).ok_or(SFrameError::Truncated)?;
        let (Header { kid, ctr }, header_bytes) = Header::parse(rest).map_err(SFrameError::Header)?;
        let (header, rest) = rest.split_at_mut(header_bytes);
        let (ciphertext, tag) = rest.split_last_chunk_mut::<TAG_BYTES>().ok_or(SFrameError::Truncated)?;

        let kid = Kid::try_from(kid).map_err(|_| SFrameError::UnknownKid)?;
        let epoch = self
            .epochs
            .iter_mut()
            .find(|epoch| epoch.number as u8 == kid.epoch)
            .ok_or(SFrameError::UnknownKid)?;
        let stream = epoch.streams.get_mut(&kid).ok_or(SFrameError::UnknownKid)?;
        let cipher = stream.cipher.get_or_insert_with(|| Cipher::new(&epoch.secret.derive(kid.into())));

        let mut buffer = [0; HEADER_BYTES_MAX + CLEAR_BYTES_MAX];
        let aad = aad(&mut buffer, header, clear);
        cipher.decrypt(ctr, aad, ciphertext, tag).ok_or(SFrameError::NotAuthentic)?;
        stream.window.accept(ctr).map_err(SFrameError::Replay)?;

        let opened = Opened { source: kid.source, leaf: kid.leaf, epoch: epoch.number, ctr };
        let plaintext = clear_bytes + header_bytes..frame.len() - TAG_BYTES;
        let length = clear_bytes + plaintext.len();
        frame.copy_within(plaintext, clear_bytes);
        frame.truncate(length);
        Ok(opened)
    }
}
