//! Reads an offer.

use sabha_protocol::{Layer, MediaKind};

use super::extension;
use crate::{codec::Codec, rtp::Ids};

/// Layers that a section may name; more are cut off, and refused by who wants the section.
const RIDS_MAX: usize = 8;
/// Streams that a section may name: each layer with its retransmissions, twice over.
const SSRCS_MAX: usize = 16;
/// Payload types that are looked at in a section. There are no more than 128.
const FORMATS_MAX: usize = 128;

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) ufrag: String,
    pub(crate) password: String,
    /// SHA-256 of the client's certificate.
    pub(crate) fingerprint: [u8; 32],
    pub(crate) extensions: Ids,
    pub(crate) sections: Vec<Section>,
}

/// Who sends on a section, as the offer says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// A section for sound or pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) mid: String,
    /// `None` when it is neither sound nor picture.
    pub(crate) kind: Option<MediaKind>,
    pub(crate) direction: Direction,
    /// Payload type of each codec that is forwarded, in the order of [`Codec::ALL`].
    pub(crate) formats: [Option<Format>; Codec::ALL.len()],
    /// Names of the layers that the client sends, in its order; `None` where a name is none of ours.
    pub(crate) layers: Vec<Option<Layer>>,
    /// SSRCs that the client announces, each with that of its retransmissions.
    pub(crate) ssrcs: Vec<(u32, Option<u32>)>,
}

/// The payload types of a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) payload_type: u8,
    /// That of its retransmissions (RFC 4588).
    pub(crate) rtx: Option<u8>,
}

/// What an offer lacks. The text is for the developer of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lacking {
    #[error("the offer has no a=ice-ufrag and a=ice-pwd")]
    Credentials,
    #[error("the offer has no a=fingerprint of SHA-256")]
    Fingerprint,
    #[error("a section of the offer has no a=mid")]
    Mid,
    #[error("the offer has no a=group:BUNDLE with all its sections")]
    Bundle,
    #[error("a section of the offer has no a=rtcp-mux")]
    Mux,
}

/// What is gathered of a section before it ends.
#[derive(Default)]
struct Draft<'a> {
    kind: Option<MediaKind>,
    mid: Option<&'a str>,
    direction: Option<Direction>,
    is_muxed: bool,
    is_rejected: bool,
    /// Payload types with encoding name and clock, in the order of preference.
    formats: Vec<(u8, &'a str)>,
    parameters: Vec<(u8, &'a str)>,
    rids: Vec<&'a str>,
    ssrcs: Vec<u32>,
    repairs: Vec<(u32, u32)>,
}

impl Offer {
    /// Reads an offer, whose length was bounded. Lines that are not understood are passed over.
    pub(crate) fn parse(text: &str) -> Result<Self, Lacking> {
        let (mut ufrag, mut password, mut fingerprint, mut bundle) = (None, None, None, None);
        let mut extensions = Ids::default();
        let mut drafts: Vec<Draft<'_>> = Vec::new();
        for line in text.lines() {
            let line = line.trim_end();
            if let Some(media) = line.strip_prefix("m=") {
                drafts.push(Draft::begin(media));
                continue;
            }
            let Some(attribute) = line.strip_prefix("a=") else { continue };
            let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
            match name {
                // One transport for all: what the first section says is what is used (RFC 9143 section 7.1).
                "ice-ufrag" => ufrag = ufrag.or(Some(value)),
                "ice-pwd" => password = password.or(Some(value)),
                "fingerprint" => fingerprint = fingerprint.or_else(|| sha256(value)),
                "group" => bundle = bundle.or_else(|| value.strip_prefix("BUNDLE")),
                "extmap" => note_extension(&mut extensions, value),
                _ => {
                    if let Some(draft) = drafts.last_mut() {
                        draft.attribute(name, value);
                    }
                }
            }
        }
        let sections: Vec<_> = drafts.into_iter().map(Draft::finish).collect::<Result<_, _>>()?;
        let bundle = bundle.ok_or(Lacking::Bundle)?;
        if !sections.iter().all(|section| bundle.split_ascii_whitespace().any(|mid| mid == section.mid)) {
            return Err(Lacking::Bundle);
        }
        let (Some(ufrag), Some(password)) = (ufrag, password) else { return Err(Lacking::Credentials) };
        Ok(Self {
            ufrag: ufrag.to_owned(),
            password: password.to_owned(),
            fingerprint: fingerprint.ok_or(Lacking::Fingerprint)?,
            extensions,
            sections,
        })
    }
}

impl<'a> Draft<'a> {
    /// `media` is what follows `m=`: kind, port, transport, payload types.
    fn begin(media: &'a str) -> Self {
        let mut words = media.split_ascii_whitespace();
        let kind = match words.next() {
            Some("audio") => Some(MediaKind::Audio),
            Some("video") => Some(MediaKind::Video),
            _ => None,
        };
        let port = words.next();
        let formats = words.skip(1).take(FORMATS_MAX).filter_map(|word| Some((payload_type(word)?, "")));
        // A section that is only there for the bundle's sake has port 0 and says so; it is as good as any.
        Self { kind, is_rejected: port == Some("0"), formats: formats.collect(), ..Self::default() }
    }

    fn attribute(&mut self, name: &'a str, value: &'a str) {
        match name {
            "mid" => self.mid = Some(value),
            "sendrecv" => self.direction = Some(Direction::SendRecv),
            "sendonly" => self.direction = Some(Direction::SendOnly),
            "recvonly" => self.direction = Some(Direction::RecvOnly),
            "inactive" => self.direction = Some(Direction::Inactive),
            "rtcp-mux" => self.is_muxed = true,
            "bundle-only" => self.is_rejected = false,
            "rtpmap" => {
                let Some((pt, encoding)) = numbered(value) else { return };
                if let Some(format) = self.formats.iter_mut().find(|(listed, _)| *listed == pt) {
                    format.1 = encoding;
                }
            }
            "fmtp" if self.parameters.len() < FORMATS_MAX => self.parameters.extend(numbered(value)),
            "rid" if self.rids.len() < RIDS_MAX => {
                let mut words = value.split_ascii_whitespace();
                if let (Some(rid), Some("send")) = (words.next(), words.next()) {
                    self.rids.push(rid);
                }
            }
            "ssrc" => {
                let ssrc = value.split_ascii_whitespace().next().and_then(|ssrc| ssrc.parse().ok());
                if let Some(ssrc) = ssrc.filter(|ssrc| !self.ssrcs.contains(ssrc))
                    && self.ssrcs.len() < SSRCS_MAX
                {
                    self.ssrcs.push(ssrc);
                }
            }
            "ssrc-group" => {
                let mut words = value.split_ascii_whitespace();
                if words.next() == Some("FID")
                    && let (Some(Ok(of)), Some(Ok(repair))) =
                        (words.next().map(str::parse), words.next().map(str::parse))
                    && self.repairs.len() < SSRCS_MAX
                {
                    self.repairs.push((of, repair));
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> Result<Section, Lacking> {
        let mid = self.mid.ok_or(Lacking::Mid)?.to_owned();
        if !self.is_muxed && self.kind.is_some() {
            return Err(Lacking::Mux);
        }
        let rtx_of = |of: u8| {
            let is_rtx = |pt: u8| {
                let apt = self.parameter(pt, "apt").and_then(payload_type);
                apt == Some(of)
            };
            let rtx = self.formats.iter().filter(|(_, encoding)| is_encoding(encoding, "rtx/90000"));
            rtx.map(|(pt, _)| *pt).find(|pt| is_rtx(*pt))
        };
        let formats = Codec::ALL.map(|codec| {
            let encoding = match codec {
                Codec::Opus => "opus/48000/2",
                Codec::Vp8 => "VP8/90000",
                Codec::Vp9 => "VP9/90000",
            };
            let fits = |(pt, offered): &&(u8, &str)| {
                is_encoding(offered, encoding)
                    && (codec != Codec::Vp9 || self.parameter(*pt, "profile-id").is_none_or(|id| id == "0"))
            };
            let payload_type = self.formats.iter().find(fits).map(|(pt, _)| *pt)?;
            Some(Format { payload_type, rtx: rtx_of(payload_type) })
        });
        let is_repair = |ssrc: &u32| self.repairs.iter().any(|(_, repair)| repair == ssrc);
        let repair_of =
            |ssrc: u32| self.repairs.iter().find(|(of, _)| *of == ssrc).map(|(_, repair)| *repair);
        let primary = self.ssrcs.iter().filter(|ssrc| !is_repair(ssrc));
        Ok(Section {
            mid,
            kind: self.kind.filter(|_| !self.is_rejected),
            direction: self.direction.unwrap_or(Direction::SendRecv),
            formats,
            layers: self.rids.iter().map(|rid| Layer::from_rid(rid)).collect(),
            ssrcs: primary.map(|ssrc| (*ssrc, repair_of(*ssrc))).collect(),
        })
    }

    /// Returns a parameter of a payload type: `name` of `a=fmtp:98 profile-id=0;name=value`.
    fn parameter(&self, pt: u8, name: &str) -> Option<&'a str> {
        let of_type = self.parameters.iter().filter(|(of, _)| *of == pt);
        let mut pairs = of_type.flat_map(|(_, text)| text.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    }
}

fn payload_type(word: &str) -> Option<u8> {
    word.parse().ok().filter(|pt| *pt < 128)
}

/// Splits `98 VP8/90000` in number and rest.
fn numbered(value: &str) -> Option<(u8, &str)> {
    let (pt, rest) = value.split_once(' ')?;
    Some((payload_type(pt)?, rest.trim()))
}

/// Encoding names are compared without regard to case (RFC 4855 section 3).
fn is_encoding(offered: &str, wanted: &str) -> bool {
    offered.eq_ignore_ascii_case(wanted)
}

fn note_extension(ids: &mut Ids, value: &str) {
    let mut words = value.split_ascii_whitespace();
    let (Some(id), Some(uri)) = (words.next(), words.next()) else { return };
    let id = id.split_once('/').map_or(id, |(id, _)| id);
    // The form with one byte of header has numbers up to 14, and nobody sends more extensions.
    let Some(id) = id.parse().ok().filter(|id| (1..=14).contains(id)) else { return };
    let place = match uri {
        extension::MID => &mut ids.mid,
        extension::RID => &mut ids.rid,
        extension::REPAIRED => &mut ids.repaired,
        extension::TRANSPORT_SEQ => &mut ids.transport_seq,
        extension::DEPENDENCY => &mut ids.dependency,
        _ => return,
    };
    place.get_or_insert(id);
}

/// Reads `sha-256 AB:CD:...`.
fn sha256(value: &str) -> Option<[u8; 32]> {
    let (hash, digits) = value.split_once(' ')?;
    if !hash.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut bytes = digits
        .trim()
        .split(':')
        .map(|pair| (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok()).flatten());
    let mut fingerprint = [0; 32];
    for byte in &mut fingerprint {
        *byte = bytes.next()??;
    }
    bytes.next().is_none().then_some(fingerprint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FINGERPRINT: &str =
        "AB:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

    /// As browsers write it: one puts the transport into each section, the other some of it before them.
    fn offer() -> String {
        format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
             a=fingerprint:sha-256 {FINGERPRINT}\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\n\
             a=mid:0\r\na=extmap:4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=rtcp-mux\r\n\
             a=rtpmap:111 OPUS/48000/2\r\na=rtpmap:63 red/48000/2\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:- y\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96 97 100 101 98 99\r\na=mid:1\r\n\
             a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=sendonly\r\na=rtcp-mux\r\n\
             a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
             a=rtpmap:100 VP9/90000\r\na=fmtp:100 profile-id=2\r\na=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\n\
             a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n\
             a=rid:l send\r\na=rid:h send\r\na=rid:q recv\r\na=simulcast:send l;h\r\n\
             m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=bundle-only\r\na=mid:2\r\na=recvonly\r\na=rtcp-mux\r\n\
             a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
             a=ssrc-group:FID 21 22\r\na=ssrc:21 cname:x\r\na=ssrc:22 cname:x\r\n"
        )
    }

    #[test]
    fn offer_is_read() {
        let offer = Offer::parse(&offer()).unwrap();
        assert_eq!((offer.ufrag.as_str(), offer.password.as_str()), ("abcd", "secret"));
        assert_eq!((offer.fingerprint[0], offer.fingerprint[31]), (0xab, 0x1f));
        let ids = Ids { mid: Some(4), rid: Some(10), transport_seq: Some(3), ..Ids::default() };
        assert_eq!(offer.extensions, ids);
        let [audio, camera, down] = &offer.sections[..] else { panic!("three sections") };

        assert_eq!((audio.kind, audio.direction), (Some(MediaKind::Audio), Direction::SendOnly));
        assert_eq!(audio.formats, [Some(Format { payload_type: 111, rtx: None }), None, None]);
        assert_eq!(audio.ssrcs, [(7, None)]);

        let of = |payload_type, rtx| Some(Format { payload_type, rtx: Some(rtx) });
        assert_eq!(camera.formats, [None, of(96, 97), of(98, 99)], "the other profile of VP9 is passed over");
        assert_eq!(camera.layers, [Some(Layer::Low), Some(Layer::High)]);

        assert_eq!((down.kind, down.direction), (Some(MediaKind::Video), Direction::RecvOnly));
        assert_eq!(down.ssrcs, [(21, Some(22))]);
        assert_eq!(down.mid, "2");
    }

    #[test]
    fn what_a_connection_cannot_do_without_is_asked_for() {
        let lacks = |line: &str| Offer::parse(&offer().replace(line, "a=x")).unwrap_err();
        assert_eq!(lacks("a=ice-ufrag:abcd"), Lacking::Credentials);
        assert_eq!(lacks("a=ice-pwd:secret"), Lacking::Credentials);
        assert_eq!(lacks(&format!("a=fingerprint:sha-256 {FINGERPRINT}")), Lacking::Fingerprint);
        assert_eq!(lacks("a=mid:1"), Lacking::Mid);
        assert_eq!(lacks("a=rtcp-mux"), Lacking::Mux);
        assert_eq!(lacks("a=group:BUNDLE 0 1 2"), Lacking::Bundle);
        let partly = offer().replace("BUNDLE 0 1 2", "BUNDLE 0 1");
        assert_eq!(Offer::parse(&partly), Err(Lacking::Bundle));
        for damaged in ["", "0:", "zz:", ":"] {
            let text = offer().replace("sha-256 AB:", &format!("sha-256 {damaged}"));
            assert_eq!(Offer::parse(&text), Err(Lacking::Fingerprint));
        }
    }

    #[test]
    fn rejected_section_is_of_no_kind() {
        let offer = Offer::parse(&offer().replace("a=bundle-only\r\n", "")).unwrap();
        assert_eq!(offer.sections[2].kind, None);
    }

    #[test]
    fn lists_are_cut_off() {
        let many = |line: &str| (0..1000).map(|n| line.replace('#', &n.to_string())).collect::<String>();
        let text =
            offer() + &many("a=rid:x# send\r\n") + &many("a=ssrc:# cname:x\r\n") + &many("a=fmtp:9 x=#\r\n");
        let offer = Offer::parse(&text).unwrap();
        assert!(offer.sections[2].layers.len() <= RIDS_MAX && offer.sections[2].ssrcs.len() <= SSRCS_MAX);
    }

    proptest! {
        #[test]
        fn damaged_offers_are_read_or_refused(cut in 0usize..2000, at in 0usize..2000, with in "\\PC{0,8}") {
            let mut text = offer();
            let at = at.min(text.len());
            text.insert_str(at, &with);
            let end = (0..=cut.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            let _ = Offer::parse(&text[..end]);
            let _ = Offer::parse(&text);
        }
    }
}
