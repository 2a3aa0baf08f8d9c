//! A member's own frames: one key and one counter for each source, in the newest epoch only.

use sabha_protocol::Source;

use super::{
    BaseKey, CLEAR_BYTES_MAX, CipherSuite, EpochSecret, FRAME_BYTES_MAX, HEADER_BYTES_MAX, Header, Kid,
    SFrameError, TAG_BYTES, aad, keys::Cipher,
};

/// Encrypts frames. A device has one for as long as it is in a meeting: counters live here, and two senders in one
/// epoch would use the same ones twice.
pub struct Sender {
    suite: CipherSuite,
    epoch: Option<Epoch>,
}

struct Epoch {
    number: u64,
    leaf: u16,
    secret: EpochSecret,
    streams: [Option<Stream>; Source::ALL.len()],
}

struct Stream {
    kid: Kid,
    cipher: Cipher,
    /// The counter of the next frame, or `None` after the last one.
    next: Option<u64>,
}

impl Sender {
    /// Returns a sender without keys. It refuses every frame until it has an epoch.
    pub const fn new(suite: CipherSuite) -> Self {
        Self { suite, epoch: None }
    }

    /// Sends in this epoch from now on, from this leaf. Counters begin at zero under the new keys; those of the epoch
    /// before are wiped.
    ///
    /// # Errors
    /// [`SFrameError::EpochNotNewer`]: the sender stays in its epoch.
    pub fn switch_epoch(&mut self, number: u64, leaf: u16, base_key: &BaseKey) -> Result<(), SFrameError> {
        if self.epoch().is_some_and(|epoch| number <= epoch) {
            return Err(SFrameError::EpochNotNewer);
        }
        let secret = EpochSecret::new(self.suite, base_key);
        self.epoch = Some(Epoch { number, leaf, secret, streams: [const { None }; Source::ALL.len()] });
        Ok(())
    }

    /// Returns the epoch in which it sends.
    pub fn epoch(&self) -> Option<u64> {
        self.epoch.as_ref().map(|epoch| epoch.number)
    }

    /// Encrypts a frame of `source` into `out`, whose contents are replaced and whose room is used again. The first
    /// `clear_bytes` bytes stay readable, and are authenticated.
    ///
    /// # Errors
    /// [`SFrameError::NoEpoch`], [`SFrameError::CounterExhausted`], [`SFrameError::FrameTooLarge`], or
    /// [`SFrameError::Truncated`] if the frame is shorter than its clear prefix; `out` is empty then.
    pub fn encrypt_into(
        &mut self,
        source: Source,
        frame: &[u8],
        clear_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), SFrameError> {
        out.clear();
        if frame.len() > FRAME_BYTES_MAX - HEADER_BYTES_MAX - TAG_BYTES || clear_bytes > CLEAR_BYTES_MAX {
            return Err(SFrameError::FrameTooLarge);
        }
        let (clear, plaintext) = frame.split_at_checked(clear_bytes).ok_or(SFrameError::Truncated)?;
        let stream = self.epoch.as_mut().ok_or(SFrameError::NoEpoch)?.stream(source);
        let ctr = stream.next.ok_or(SFrameError::CounterExhausted)?;
        // Used up before it is used: whatever goes wrong below, no other frame gets it.
        stream.next = ctr.checked_add(1);

        let mut header = [0; HEADER_BYTES_MAX];
        let header = Header { kid: stream.kid.into(), ctr }.encode(&mut header);
        let mut buffer = [0; HEADER_BYTES_MAX + CLEAR_BYTES_MAX];
        let aad = aad(&mut buffer, header, clear);

        out.reserve(frame.len() + header.len() + TAG_BYTES);
        out.extend_from_slice(clear);
        out.extend_from_slice(header);
        let begin = out.len();
        out.extend_from_slice(plaintext);
        match stream.cipher.encrypt(ctr, aad, &mut out[begin..]) {
            Some(tag) => {
                out.extend_from_slice(&tag);
                Ok(())
            }
            None => {
                out.clear();
                Err(SFrameError::FrameTooLarge)
            }
        }
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, source: Source, ctr: u64) {
        self.epoch.as_mut().unwrap().stream(source).next = Some(ctr);
    }
}

impl Epoch {
    /// Returns the stream of a source; its key is derived when it first sends.
    fn stream(&mut self, source: Source) -> &mut Stream {
        let index = Source::ALL.iter().position(|other| *other == source).expect("ALL names every source");
        self.streams[index].get_or_insert_with(|| {
            let kid = Kid::new(source, self.leaf, self.number);
            Stream { kid, cipher: Cipher::new(&self.secret.derive(kid.into())), next: Some(0) }
        })
    }
}
