//! Writes an answer.

use std::{fmt::Write as _, net::SocketAddr};

use sabha_protocol::{Layer, MediaKind};

use super::{extension, offer::Format};
use crate::{codec::Codec, io::Transport, rtp::Ids};

/// An answer: one transport for all sections, which are those of the offer in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) ufrag: &'a str,
    pub(crate) password: &'a str,
    /// SHA-256 of the certificate.
    pub(crate) fingerprint: [u8; 32],
    pub(crate) extensions: Ids,
    /// Best first.
    pub(crate) hosts: &'a [Host],
    /// Tells streams of one sender from those of another (RFC 7022).
    pub(crate) cname: &'a str,
    pub(crate) sections: &'a [AnswerSection],
}

/// A local address at which packets arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

/// A section.
#[derive(Clone, Debug)]
pub(crate) struct AnswerSection {
    pub(crate) mid: String,
    pub(crate) kind: MediaKind,
    /// In the order in which they are to be preferred.
    pub(crate) formats: Vec<(Codec, Format)>,
    /// What is sent on it; `None` on a section on which the client sends.
    pub(crate) sends: Option<Stream>,
    /// Layers that the client sends, in its order; empty for a single stream.
    pub(crate) layers: Vec<Layer>,
}

/// The SSRCs of what is sent on a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    /// That of retransmissions.
    pub(crate) rtx: Option<u32>,
}

impl Answer<'_> {
    /// Returns the text.
    pub(crate) fn write(&self) -> String {
        let mut text = String::with_capacity(1024 * (1 + self.sections.len()));
        // Writing into a string cannot fail.
        let _ = self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) -> std::fmt::Result {
        text.push_str("v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
        for section in self.sections {
            write!(text, " {}", section.mid)?;
        }
        text.push_str("\r\na=msid-semantic: WMS *\r\na=ice-lite\r\n");
        for (index, section) in self.sections.iter().enumerate() {
            self.write_section(text, section, index == 0)?;
        }
        Ok(())
    }

    fn write_section(&self, text: &mut String, section: &AnswerSection, is_first: bool) -> std::fmt::Result {
        let kind = match section.kind {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
        };
        write!(text, "m={kind} 9 UDP/TLS/RTP/SAVPF")?;
        for (_, format) in &section.formats {
            write!(text, " {}", format.payload_type)?;
            if let Some(rtx) = format.rtx {
                write!(text, " {rtx}")?;
            }
        }
        text.push_str("\r\nc=IN IP4 0.0.0.0\r\n");
        if is_first {
            self.write_candidates(text)?;
        }
        write!(
            text,
            "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=ice-options:trickle\r\n",
            self.ufrag, self.password
        )?;
        text.push_str("a=fingerprint:sha-256 ");
        for (index, byte) in self.fingerprint.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(text, "{colon}{byte:02X}")?;
        }
        // The server is always the DTLS server: it then chooses the profile (RFC 5764 section 4.1.2).
        write!(text, "\r\na=setup:passive\r\na=mid:{}\r\n", section.mid)?;
        self.write_extensions(text, section)?;
        text.push_str(if section.sends.is_some() { "a=sendonly\r\n" } else { "a=recvonly\r\n" });
        text.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
        for (codec, format) in &section.formats {
            write_format(text, *codec, *format)?;
        }
        if !section.layers.is_empty() {
            for layer in &section.layers {
                write!(text, "a=rid:{} recv\r\n", layer.rid())?;
            }
            text.push_str("a=simulcast:recv ");
            for (index, layer) in section.layers.iter().enumerate() {
                let semicolon = if index == 0 { "" } else { ";" };
                write!(text, "{semicolon}{}", layer.rid())?;
            }
            text.push_str("\r\n");
        }
        if let Some(Stream { ssrc, rtx }) = section.sends {
            // A stream of its own each: what a slot carries changes, so that slots do not belong together.
            write!(text, "a=msid:{0} {0}\r\n", section.mid)?;
            if let Some(rtx) = rtx {
                write!(text, "a=ssrc-group:FID {ssrc} {rtx}\r\n")?;
            }
            for ssrc in [Some(ssrc), rtx].into_iter().flatten() {
                write!(text, "a=ssrc:{ssrc} cname:{}\r\n", self.cname)?;
                write!(text, "a=ssrc:{ssrc} msid:{0} {0}\r\n", section.mid)?;
            }
        }
        Ok(())
    }

    /// Host candidates, the first with the highest priority (RFC 8445 section 5.1.2.1; ICE-TCP below all datagrams,
    /// RFC 6544 section 4.2).
    fn write_candidates(&self, text: &mut String) -> std::fmt::Result {
        for (index, host) in self.hosts.iter().enumerate() {
            let local = 65_535_u32.saturating_sub(index as u32);
            let (protocol, of_type, suffix) = match host.transport {
                Transport::Udp => ("udp", 126_u32, ""),
                Transport::Tcp => ("tcp", 90, " tcptype passive"),
            };
            let priority = of_type << 24 | local << 8 | 255;
            let (ip, port) = (host.address.ip(), host.address.port());
            write!(
                text,
                "a=candidate:{} 1 {protocol} {priority} {ip} {port} typ host{suffix}\r\n",
                index + 1
            )?;
        }
        Ok(())
    }

    fn write_extensions(&self, text: &mut String, section: &AnswerSection) -> std::fmt::Result {
        // What is sent has the transport-wide number alone.
        let is_sent = section.sends.is_some();
        // Of VP8 everything is in the payload descriptor, as long as this is not there too: who sends it leaves picture
        // ids and temporal layers out of the payload descriptor, and receivers have to do without (Chromium 156).
        let is_described = !is_sent && section.formats.first().is_some_and(|(codec, _)| *codec == Codec::Vp9);
        let known = [
            (self.extensions.transport_seq, extension::TRANSPORT_SEQ, true),
            (self.extensions.mid, extension::MID, !is_sent),
            (self.extensions.rid, extension::RID, !section.layers.is_empty()),
            (self.extensions.repaired, extension::REPAIRED, !section.layers.is_empty()),
            (self.extensions.dependency, extension::DEPENDENCY, is_described),
        ];
        for (id, uri, is_used) in known {
            if let Some(id) = id.filter(|_| is_used) {
                write!(text, "a=extmap:{id} {uri}\r\n")?;
            }
        }
        Ok(())
    }
}

fn write_format(text: &mut String, codec: Codec, format: Format) -> std::fmt::Result {
    let pt = format.payload_type;
    match codec {
        Codec::Opus => {
            write!(text, "a=rtpmap:{pt} opus/48000/2\r\na=rtcp-fb:{pt} transport-cc\r\n")?;
            write!(text, "a=fmtp:{pt} minptime=10;useinbandfec=1\r\n")?;
        }
        Codec::Vp8 | Codec::Vp9 => {
            write!(text, "a=rtpmap:{pt} {}/90000\r\n", codec.name())?;
            for feedback in ["transport-cc", "nack", "nack pli"] {
                write!(text, "a=rtcp-fb:{pt} {feedback}\r\n")?;
            }
            if codec == Codec::Vp9 {
                write!(text, "a=fmtp:{pt} profile-id=0\r\n")?;
            }
            if let Some(rtx) = format.rtx {
                write!(text, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={pt}\r\n")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{Direction, Offer};

    #[test]
    fn answer_reads_as_it_was_meant() {
        let ids = Ids {
            mid: Some(4),
            rid: Some(10),
            repaired: Some(11),
            transport_seq: Some(3),
            dependency: Some(13),
        };
        let video = vec![
            (Codec::Vp9, Format { payload_type: 98, rtx: Some(99) }),
            (Codec::Vp8, Format { payload_type: 96, rtx: Some(97) }),
        ];
        let sections = [
            AnswerSection {
                mid: "a".into(),
                kind: MediaKind::Audio,
                formats: vec![(Codec::Opus, Format { payload_type: 111, rtx: None })],
                sends: None,
                layers: vec![],
            },
            AnswerSection {
                mid: "b".into(),
                kind: MediaKind::Video,
                formats: video.clone(),
                sends: None,
                layers: vec![Layer::Low, Layer::High],
            },
            AnswerSection {
                mid: "c".into(),
                kind: MediaKind::Video,
                formats: video,
                sends: Some(Stream { ssrc: 5, rtx: Some(6) }),
                layers: vec![],
            },
        ];
        let hosts = [
            Host { transport: Transport::Udp, address: "192.0.2.1:3478".parse().unwrap() },
            Host { transport: Transport::Tcp, address: "[2001:db8::1]:443".parse().unwrap() },
        ];
        let answer = Answer {
            ufrag: "s100abcd",
            password: "pw",
            fingerprint: [0xa1; 32],
            extensions: ids,
            hosts: &hosts,
            cname: "x",
            sections: &sections,
        };
        let text = answer.write();

        let read = Offer::parse(&text).unwrap();
        assert_eq!((read.ufrag.as_str(), read.password.as_str()), ("s100abcd", "pw"));
        assert_eq!((read.fingerprint, read.extensions), ([0xa1; 32], ids));
        let directions: Vec<_> = read.sections.iter().map(|section| section.direction).collect();
        assert_eq!(directions, [Direction::RecvOnly, Direction::RecvOnly, Direction::SendOnly]);
        assert_eq!(read.sections[2].ssrcs, [(5, Some(6))]);
        assert_eq!(read.sections[2].formats[2], Some(Format { payload_type: 98, rtx: Some(99) }));
        let udp = "a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host\r\n";
        let tcp = "a=candidate:2 1 tcp 1526726399 2001:db8::1 443 typ host tcptype passive\r\n";
        assert!(text.contains(udp) && text.contains(tcp), "{text}");
        assert_eq!(text.matches("a=candidate").count(), 2, "in the first section only");
        assert!(text.contains("a=simulcast:recv l;h\r\n"));
        let described = text.split("m=").filter(|section| section.contains("#dependency-descriptor"));
        assert!(described.map(|section| section.contains("a=mid:b\r\n")).eq([true]), "where VP9 comes in");
        assert_eq!(text.matches("a=setup:passive\r\n").count(), 3);
        assert!(text.lines().all(|line| line.get(1..2) == Some("=")));
    }
}
