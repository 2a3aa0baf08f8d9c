//! The sending direction.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};

use super::{
    ENCRYPTED, RTCP_HEADER, Refused,
    keys::{Keys, rtcp_nonce, rtp_nonce},
};

/// Seals what is sent.
pub(crate) struct Sealer {
    rtp: LessSafeKey,
    rtp_salt: [u8; 12],
    rtcp: LessSafeKey,
    rtcp_salt: [u8; 12],
    /// Index of the next RTCP packet, of all SSRCs together (RFC 3711 section 3.4).
    rtcp_index: u32,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealer")
    }
}

impl Sealer {
    /// # Errors
    /// None with keys that were derived; those of another length are refused.
    pub(crate) fn new(keys: &Keys) -> Result<Self, Refused> {
        Ok(Self {
            rtp: keys.aead(&keys.rtp)?,
            rtp_salt: keys.rtp.salt,
            rtcp: keys.aead(&keys.rtcp)?,
            rtcp_salt: keys.rtcp.salt,
            rtcp_index: 0,
        })
    }

    /// Seals the RTP packet that reaches from `start` to the end of `buffer`; its tag is appended. `header` is the
    /// length of its header with extensions, `index` its sequence number extended by the rollover counter.
    pub(crate) fn seal_rtp(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
        header: usize,
        index: u64,
    ) -> Result<(), Refused> {
        let packet = buffer.get_mut(start..).ok_or(Refused)?;
        let (header, payload) = packet.split_at_mut_checked(header).ok_or(Refused)?;
        let ssrc = header.get(8..12).and_then(|ssrc| ssrc.try_into().ok()).ok_or(Refused)?;
        let nonce = rtp_nonce(self.rtp_salt, u32::from_be_bytes(ssrc), index);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.rtp.seal_in_place_separate_tag(nonce, Aad::from(&*header), payload);
        buffer.extend_from_slice(tag.map_err(|_| Refused)?.as_ref());
        Ok(())
    }

    /// Seals the RTCP packet that reaches from `start` to the end of `buffer`.
    pub(crate) fn seal_rtcp(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), Refused> {
        // The index must not repeat; a connection that sent 2^31 reports is closed (RFC 3711 section 9.2).
        if self.rtcp_index >= ENCRYPTED {
            return Err(Refused);
        }
        let trailer = (ENCRYPTED | self.rtcp_index).to_be_bytes();
        let packet = buffer.get_mut(start..).ok_or(Refused)?;
        let (header, body) = packet.split_at_mut_checked(RTCP_HEADER).ok_or(Refused)?;
        let mut aad = [0; RTCP_HEADER + 4];
        aad[..RTCP_HEADER].copy_from_slice(header);
        aad[RTCP_HEADER..].copy_from_slice(&trailer);
        let ssrc = u32::from_be_bytes([aad[4], aad[5], aad[6], aad[7]]);
        let nonce = Nonce::assume_unique_for_key(rtcp_nonce(self.rtcp_salt, ssrc, self.rtcp_index));
        let tag = self.rtcp.seal_in_place_separate_tag(nonce, Aad::from(&aad), body).map_err(|_| Refused)?;
        buffer.extend_from_slice(tag.as_ref());
        buffer.extend_from_slice(&trailer);
        self.rtcp_index += 1;
        Ok(())
    }
}
