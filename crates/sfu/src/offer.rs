//! Checks a client's offer before and after str0m has read it.
//!
//! The shape is fixed: every media section is an up-slot on which the client only sends or a down-slot on
//! which it only receives, and there are no others. The offer's candidates are not used: ICE-lite (RFC 8445
//! section 2.5) learns the client's addresses from its checks.

use std::collections::HashSet;

use sabha_protocol::{DownSlot, Layer, MediaKind, Mid, Source, UpSlot, limits::VIDEO_SLOTS_MAX};
use str0m::{Rtc, media};

/// Why an offer cannot be answered. The text is for the developer of the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the offer announces {announced} sections but has {found}")]
    SectionCount { announced: usize, found: usize },
    #[error("more than {VIDEO_SLOTS_MAX} video or {audio_max} audio down-slots")]
    TooManySlots { audio_max: usize },
    #[error("two slots share mid {}", .0.as_str())]
    DuplicateMid(Mid),
    #[error("{0:?} is announced twice")]
    DuplicateSource(Source),
    #[error("the offer insists on being the DTLS server (a=setup:passive)")]
    NotPassive,
    #[error("mid {} is missing, rejected or of the wrong kind", .0.as_str())]
    WrongSection(Mid),
    #[error("mid {} has the wrong direction", .0.as_str())]
    WrongDirection(Mid),
    #[error("mid {} offers rids other than l, m and h", .0.as_str())]
    UnknownRid(Mid),
    #[error("no {0} that the server forwards is offered")]
    NoCodec(&'static str),
    #[error("the room has no place for another connection")]
    Full,
    #[error("{0}")]
    Unreadable(String),
}

/// Checks what can be known without parsing, so that a hostile offer costs nothing. `voices` are those that the shard
/// forwards at once; a screen with sound has a slot beside them.
pub(crate) fn check_text(
    offer: &str,
    up: &[UpSlot],
    down: &[DownSlot],
    voices: usize,
) -> Result<(), Refusal> {
    let audio_max = voices + 1;
    let count = |kind| down.iter().filter(|slot| slot.kind == kind).count();
    if up.len() > Source::ALL.len()
        || count(MediaKind::Video) > VIDEO_SLOTS_MAX
        || count(MediaKind::Audio) > audio_max
    {
        return Err(Refusal::TooManySlots { audio_max });
    }
    let mut mids = HashSet::new();
    for mid in up.iter().map(|slot| &slot.mid).chain(down.iter().map(|slot| &slot.mid)) {
        if !mids.insert(mid) {
            return Err(Refusal::DuplicateMid(mid.clone()));
        }
    }
    for (index, slot) in up.iter().enumerate() {
        if up[..index].iter().any(|other| other.source == slot.source) {
            return Err(Refusal::DuplicateSource(slot.source));
        }
    }
    let found = offer.lines().filter(|line| line.starts_with("m=")).count();
    if found != mids.len() {
        return Err(Refusal::SectionCount { announced: mids.len(), found });
    }
    if offer.lines().any(|line| line.trim_end() == "a=setup:passive") {
        return Err(Refusal::NotPassive);
    }
    Ok(())
}

/// Returns the offer without its candidates.
pub(crate) fn without_candidates(offer: &str) -> String {
    let kept = |line: &&str| !line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates");
    offer.split_inclusive('\n').filter(kept).collect()
}

/// Checks an up-slot of the negotiated session. Returns its layers, lowest first: those of its rids, or only
/// `High` when it is sent as a single stream.
pub(crate) fn up_layers(rtc: &Rtc, slot: &UpSlot) -> Result<Vec<Layer>, Refusal> {
    let section = section(rtc, &slot.mid, slot.source.kind())?;
    if section.direction() != media::Direction::RecvOnly {
        return Err(Refusal::WrongDirection(slot.mid.clone()));
    }
    let media::Rids::Specific(rids) = section.rids_rx() else { return Ok(vec![Layer::High]) };
    let mut layers = Vec::new();
    for rid in rids {
        let Some(layer) = Layer::from_rid(rid.trim_end()) else {
            return Err(Refusal::UnknownRid(slot.mid.clone()));
        };
        layers.push(layer);
    }
    layers.sort_unstable();
    layers.dedup();
    Ok(layers)
}

/// Checks a down-slot of the negotiated session.
pub(crate) fn check_down(rtc: &Rtc, slot: &DownSlot) -> Result<(), Refusal> {
    if section(rtc, &slot.mid, slot.kind)?.direction() != media::Direction::SendOnly {
        return Err(Refusal::WrongDirection(slot.mid.clone()));
    }
    Ok(())
}

fn section<'a>(rtc: &'a Rtc, mid: &Mid, kind: MediaKind) -> Result<&'a media::Media, Refusal> {
    let wanted = match kind {
        MediaKind::Audio => media::MediaKind::Audio,
        MediaKind::Video => media::MediaKind::Video,
    };
    rtc.media(mid.as_str().into())
        .filter(|section| section.kind() == wanted && !section.disabled())
        .ok_or_else(|| Refusal::WrongSection(mid.clone()))
}

#[cfg(test)]
mod tests {
    use sabha_protocol::limits::{AUDIO_SLOTS_MAX, SPEAKERS_FORWARDED};

    use super::*;

    fn mid(text: &str) -> Mid {
        text.to_owned().try_into().unwrap()
    }

    fn up(text: &str, source: Source) -> UpSlot {
        UpSlot { mid: mid(text), source }
    }

    fn down(text: &str, kind: MediaKind) -> DownSlot {
        DownSlot { mid: mid(text), kind }
    }

    #[test]
    fn source_or_mid_announced_twice_is_refused() {
        let offer = "v=0\r\nm=audio\r\nm=audio\r\n";
        let twice = [up("0", Source::Microphone), up("1", Source::Microphone)];
        assert_eq!(
            check_text(offer, &twice, &[], SPEAKERS_FORWARDED),
            Err(Refusal::DuplicateSource(Source::Microphone))
        );

        let same = check_text(offer, &twice[..1], &[down("0", MediaKind::Audio)], SPEAKERS_FORWARDED);
        assert_eq!(same, Err(Refusal::DuplicateMid(mid("0"))));
    }

    #[test]
    fn section_nobody_announced_is_refused() {
        let offer = "v=0\r\nm=audio\r\nm=application\r\n";
        let refusal = check_text(offer, &[up("0", Source::Microphone)], &[], SPEAKERS_FORWARDED);
        assert_eq!(refusal, Err(Refusal::SectionCount { announced: 1, found: 2 }));
    }

    #[test]
    fn more_slots_than_the_limit_are_refused() {
        let slots: Vec<_> =
            (0..=VIDEO_SLOTS_MAX).map(|index| down(&index.to_string(), MediaKind::Video)).collect();
        let audio_max = AUDIO_SLOTS_MAX;
        let refused = Err(Refusal::TooManySlots { audio_max });
        assert_eq!(check_text("", &[], &slots, SPEAKERS_FORWARDED), refused);

        let sound: Vec<_> =
            (0..=AUDIO_SLOTS_MAX).map(|index| down(&index.to_string(), MediaKind::Audio)).collect();
        assert_eq!(check_text("", &[], &sound, SPEAKERS_FORWARDED), refused);
        let of_more_voices = check_text("", &[], &sound, SPEAKERS_FORWARDED + 1);
        assert!(!matches!(of_more_voices, Err(Refusal::TooManySlots { .. })), "{of_more_voices:?}");
    }

    #[test]
    fn client_that_insists_on_being_the_server_is_refused() {
        let refusal = check_text(
            "m=audio\r\na=setup:passive\r\n",
            &[],
            &[down("0", MediaKind::Audio)],
            SPEAKERS_FORWARDED,
        );
        assert_eq!(refusal, Err(Refusal::NotPassive));
    }

    #[test]
    fn candidates_are_taken_out() {
        let offer = "v=0\r\na=candidate:1 1 udp 1 x.local 9 typ host\r\na=mid:0\r\na=end-of-candidates\r\n";
        assert_eq!(without_candidates(offer), "v=0\r\na=mid:0\r\n");
    }
}
