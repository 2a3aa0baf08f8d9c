//! Offers and answers of the one shape that is spoken: a bundle of sections, on each of which either side only sends.
//!
//! Only what the forwarding needs is read, and whatever else an offer says is left out of the answer, which refuses it
//! (RFC 9429 section 5.3.1).
//!
//! Source: RFC 8866 (SDP), RFC 8839 (ICE), RFC 8122 (fingerprints), RFC 8285 (header extensions), RFC 8853 and RFC 8851
//! (simulcast), RFC 5576 (SSRCs), RFC 4588 (retransmission).

mod answer;
mod offer;

pub(crate) use answer::{Answer, AnswerSection, Host, Stream};
pub(crate) use offer::{Direction, Format, Offer, Section};

/// The header extensions that are used, as SDP names them.
mod extension {
    pub(super) const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
    pub(super) const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    pub(super) const REPAIRED: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
    pub(super) const DEPENDENCY: &str =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
    pub(super) const TRANSPORT_SEQ: &str =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
}
