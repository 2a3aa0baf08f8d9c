//! Answers an offer: checks that it has the announced shape, and says what will be sent and received.

use is::IceCreds;
use sabha_protocol::{DownSlot, Layer, MediaKind, Sdp, UpSlot};

use super::{
    identity::{Identity, Secrets},
    upstream::UpSection,
};
use crate::{
    codec::Codec,
    connection::Sending,
    io::Transport,
    offer::Refusal,
    rtp::Ids,
    sdp::{Answer, AnswerSection, Direction, Format, Host, Offer, Section, Stream},
    shard::ShardConfig,
    steer::ufrag_for,
};

/// The order in which codecs are listed for pictures: who offers VP9 for an up-slot gets to send it.
const PREFERENCE: [Codec; 3] = [Codec::Opus, Codec::Vp9, Codec::Vp8];

/// What was agreed on.
pub(super) struct Agreed {
    pub(super) answer: Sdp,
    pub(super) local: IceCreds,
    pub(super) remote: IceCreds,
    pub(super) hosts: Vec<Host>,
    /// SHA-256 of the client's certificate.
    pub(super) fingerprint: [u8; 32],
    pub(super) extensions: Ids,
    pub(super) up: Vec<(UpSlot, Vec<Layer>)>,
    pub(super) sections: Vec<UpSection>,
    pub(super) sending: Vec<Sending>,
    pub(super) down: Vec<Down>,
    /// Under which reports are sent that are of no stream.
    pub(super) reporter: u32,
    pub(super) cname: String,
}

/// What is sent on a down-slot.
pub(super) struct Down {
    pub(super) kind: MediaKind,
    pub(super) stream: Stream,
    pub(super) formats: [Option<Format>; Codec::ALL.len()],
}

/// Answers `offer`, whose count of sections and slots was checked.
pub(super) fn negotiate(
    config: &ShardConfig,
    identity: &Identity,
    offer: &Sdp,
    up: Vec<UpSlot>,
    down: &[DownSlot],
) -> Result<Agreed, Refusal> {
    let offer = Offer::parse(offer.as_str()).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let Secrets { ufrag, pass, ssrc, cname } = identity.next_secrets();
    let local = IceCreds { ufrag: ufrag_for(config.shard, &ufrag), pass };
    let mut ssrcs = Ssrcs { next: ssrc };

    let mut agreed_up = Vec::with_capacity(up.len());
    let mut sections = Vec::with_capacity(up.len());
    for slot in up {
        let section = section(&offer, &slot.mid, slot.source.kind())?;
        if section.direction != Direction::SendOnly {
            return Err(Refusal::WrongDirection(slot.mid));
        }
        let mut layers: Vec<Layer> = section
            .layers
            .iter()
            .copied()
            .collect::<Option<_>>()
            .ok_or_else(|| Refusal::UnknownRid(slot.mid.clone()))?;
        layers.sort_unstable();
        layers.dedup();
        if layers.is_empty() {
            layers.push(Layer::High);
        }
        sections.push(UpSection { source: slot.source, layers: layers.clone(), offered: section.clone() });
        agreed_up.push((slot, layers));
    }

    let mut sending = Vec::with_capacity(down.len());
    let mut downs = Vec::with_capacity(down.len());
    for (index, slot) in down.iter().enumerate() {
        let section = section(&offer, &slot.mid, slot.kind)?;
        if section.direction != Direction::RecvOnly {
            return Err(Refusal::WrongDirection(slot.mid.clone()));
        }
        let required = Codec::required(slot.kind);
        if section.formats[required as usize].is_none() {
            return Err(Refusal::NoCodec(required.name()));
        }
        let formats = of_kind(section, slot.kind);
        let is_repaired = formats.iter().flatten().any(|format| format.rtx.is_some());
        let stream = Stream { ssrc: ssrcs.next(), rtx: is_repaired.then(|| ssrcs.next()) };
        let pts = formats.map(|format| format.map(|format| format.payload_type));
        sending.push(Sending { mid: slot.mid.clone(), kind: slot.kind, index, ssrc: stream.ssrc, pts });
        downs.push(Down { kind: slot.kind, stream, formats });
    }

    let listed = offer.sections.iter().map(|section| {
        let kind = section.kind.ok_or_else(|| Refusal::Unreadable("a section is of no kind".into()))?;
        let position = sending.iter().position(|slot| slot.mid.as_str() == section.mid);
        let formats = of_kind(section, kind);
        let preferred = PREFERENCE.into_iter().filter_map(|codec| Some((codec, formats[codec as usize]?)));
        Ok(AnswerSection {
            mid: section.mid.clone(),
            kind,
            formats: preferred.collect(),
            sends: position.and_then(|index| downs.get(index)).map(|down| down.stream),
            layers: section.layers.iter().copied().flatten().collect(),
        })
    });
    let listed: Vec<_> = listed.collect::<Result<_, Refusal>>()?;
    let hosts = hosts(config);
    let answer = Answer {
        ufrag: &local.ufrag,
        password: &local.pass,
        fingerprint: identity.fingerprint,
        extensions: offer.extensions,
        hosts: &hosts,
        cname: &cname,
        sections: &listed,
    };
    let answer = Sdp::try_from(answer.write()).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    Ok(Agreed {
        answer,
        local,
        remote: IceCreds { ufrag: offer.ufrag, pass: offer.password },
        hosts,
        fingerprint: offer.fingerprint,
        extensions: offer.extensions,
        up: agreed_up,
        sections,
        sending,
        down: downs,
        reporter: ssrcs.next(),
        cname,
    })
}

fn section<'a>(offer: &'a Offer, mid: &sabha_protocol::Mid, kind: MediaKind) -> Result<&'a Section, Refusal> {
    let mut sections = offer.sections.iter();
    // A section in none of our codecs would have to be rejected.
    let is_usable = |section: &&Section| of_kind(section, kind).iter().any(Option::is_some);
    sections
        .find(|section| section.mid == mid.as_str() && section.kind == Some(kind))
        .filter(is_usable)
        .ok_or_else(|| Refusal::WrongSection(mid.clone()))
}

/// Returns a section's formats, without those that belong to the other kind.
fn of_kind(section: &Section, kind: MediaKind) -> [Option<Format>; Codec::ALL.len()] {
    Codec::ALL.map(|codec| section.formats[codec as usize].filter(|_| codec.kind() == kind))
}

fn hosts(config: &ShardConfig) -> Vec<Host> {
    let of = |transport| move |address: &_| Host { transport, address: *address };
    config.udp.iter().map(of(Transport::Udp)).chain(config.tcp.iter().map(of(Transport::Tcp))).collect()
}

/// SSRCs, from a random one on and each once (RFC 3550 section 8.1).
struct Ssrcs {
    next: u32,
}

impl Ssrcs {
    fn next(&mut self) -> u32 {
        // An odd step, large so that numbers that follow each other do not look like it.
        self.next = self.next.wrapping_add(0x9e37_79b1);
        self.next
    }
}
