//! The receiving direction.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};

use super::{
    ENCRYPTED, RTCP_HEADER, RTCP_OVERHEAD, RTP_OVERHEAD, Refused,
    keys::{Keys, rtcp_nonce, rtp_nonce},
    replay::Replay,
};

/// Streams of which the numbers are kept. A client sends eight with their retransmissions, and may change the
/// SSRC of each a number of times before its connection ends.
pub(super) const STREAMS_MAX: usize = 96;

/// Opens what is received.
pub(crate) struct Opener {
    rtp: LessSafeKey,
    rtp_salt: [u8; 12],
    rtcp: LessSafeKey,
    rtcp_salt: [u8; 12],
    streams: Seen,
    /// Of reports: who speaks under several SSRCs numbers those of each apart.
    reports: Seen,
}

/// What has come under each SSRC. They are a handful, looked through in order.
#[derive(Default)]
struct Seen(Vec<(u32, Replay)>);

impl Seen {
    /// Returns what has come under an SSRC, nothing if it is new. Refuses one SSRC too many.
    fn of(&self, ssrc: u32) -> Result<Replay, Refused> {
        match self.0.iter().find(|(known, _)| *known == ssrc) {
            Some((_, replay)) => Ok(replay.clone()),
            None if self.0.len() < STREAMS_MAX => Ok(Replay::default()),
            None => Err(Refused),
        }
    }

    /// Notes a packet that was authentic.
    fn take(&mut self, ssrc: u32, index: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == ssrc) {
            Some((_, replay)) => replay.take(index),
            None => {
                let mut replay = Replay::default();
                replay.take(index);
                self.0.push((ssrc, replay));
            }
        }
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opener").field("streams", &self.streams.0.len()).finish_non_exhaustive()
    }
}

impl Opener {
    /// # Errors
    /// None with keys that were derived; those of another length are refused.
    pub(crate) fn new(keys: &Keys) -> Result<Self, Refused> {
        Ok(Self {
            rtp: keys.aead(&keys.rtp)?,
            rtp_salt: keys.rtp.salt,
            rtcp: keys.aead(&keys.rtcp)?,
            rtcp_salt: keys.rtcp.salt,
            streams: Seen::default(),
            reports: Seen::default(),
        })
    }

    /// Opens an RTP packet whose header with extensions is `header` bytes long. Returns where its payload ends.
    ///
    /// # Errors
    /// When it is too short, not authentic, was seen before, or is of one stream too many. Only an authentic
    /// packet makes a stream known.
    pub(crate) fn open_rtp(&mut self, packet: &mut [u8], header: usize) -> Result<usize, Refused> {
        let end = packet.len().checked_sub(RTP_OVERHEAD).filter(|end| *end >= header).ok_or(Refused)?;
        let (aad, sealed) = packet.split_at_mut_checked(header).ok_or(Refused)?;
        let fields = aad.get(..12).ok_or(Refused)?;
        let seq = u16::from_be_bytes([fields[2], fields[3]]);
        let ssrc = u32::from_be_bytes([fields[8], fields[9], fields[10], fields[11]]);
        let seen = self.streams.of(ssrc)?;
        let index = seen.index_of(seq);
        if !seen.is_new(index) {
            return Err(Refused);
        }
        let nonce = Nonce::assume_unique_for_key(rtp_nonce(self.rtp_salt, ssrc, index));
        self.rtp.open_in_place(nonce, Aad::from(&*aad), sealed).map_err(|_| Refused)?;
        self.streams.take(ssrc, index);
        Ok(end)
    }

    /// Opens a packet of RTCP. Returns where it ends.
    ///
    /// # Errors
    /// When it is too short, not encrypted, not authentic, or was seen before.
    pub(crate) fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let end = packet.len().checked_sub(RTCP_OVERHEAD).filter(|end| *end >= RTCP_HEADER).ok_or(Refused)?;
        let (rest, trailer) = packet.split_last_chunk_mut::<4>().ok_or(Refused)?;
        let word = u32::from_be_bytes(*trailer);
        let index = word & !ENCRYPTED;
        if word & ENCRYPTED == 0 {
            return Err(Refused);
        }
        let (header, body) = rest.split_at_mut_checked(RTCP_HEADER).ok_or(Refused)?;
        let mut aad = [0; RTCP_HEADER + 4];
        aad[..RTCP_HEADER].copy_from_slice(header);
        aad[RTCP_HEADER..].copy_from_slice(trailer);
        let ssrc = u32::from_be_bytes([aad[4], aad[5], aad[6], aad[7]]);
        if !self.reports.of(ssrc)?.is_new(index.into()) {
            return Err(Refused);
        }
        let nonce = Nonce::assume_unique_for_key(rtcp_nonce(self.rtcp_salt, ssrc, index));
        self.rtcp.open_in_place(nonce, Aad::from(&aad), body).map_err(|_| Refused)?;
        self.reports.take(ssrc, index.into());
        Ok(end)
    }
}
