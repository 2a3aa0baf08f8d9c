//! The way in: what ids, links and made-up rights are worth, and what who waits at the door gets.

use std::time::Duration;

use sabha_crypto::{device::Device, group::Provider, link::LinkSecret};
use sabha_protocol::{
    MeetingId,
    device::{DeviceStage, PasscodeProof},
    opaque::GrantBytes,
    secret::ResumeToken,
    wire::{
        ClientMessage,
        client::{Credential, MediaOffer},
    },
};

use super::{
    Hall, PATIENCE, Target,
    findings::Findings,
    stranger::{Reply, Stranger, kind},
};
use crate::{
    clock,
    error::ClientError,
    link::Invite,
    participant::{Participant, ParticipantConfig, Phase},
};

/// Tries with each kind of id. Each is a connection of its own.
const SAMPLES: usize = 12;

/// Median difference between the answers about a meeting that there is and one that there is not, from which on somebody
/// across a network could tell them apart, in milliseconds. What is below is reported and not judged: ids have 160 bits, so
/// who asks about one has it already.
const TELLING_MS: f64 = 20.0;

/// How long somebody waits at the door while the meeting goes on.
const WAITING: Duration = Duration::from_secs(2);

/// Rows that this looks at.
pub(super) const ROWS: [u8; 4] = [1, 3, 21, 28];

/// Enters under ids that there are and ids that there are not, and compares the answers.
pub(super) async fn try_ids(
    target: &Target<'_>,
    known: &Invite,
    ended: &Invite,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    let dice = Provider::default();
    let (mut existing, mut missing, mut texts) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for _ in 0..SAMPLES {
        let wrong = LinkSecret::from_bytes(dice.random::<16>());
        let unknown = MeetingId::from_bytes(dice.random::<20>());
        let cases = [
            (known.meeting(), wrong.clone(), true),
            (unknown, wrong, false),
            (ended.meeting(), ended.secret().clone(), false),
        ];
        for (meeting, secret, exists) in cases {
            let reply = knock(target, meeting, secret).await?;
            if reply.text.is_empty() || !reply.is_refusal() {
                findings.note(1, false, "a link that opens nothing", reply.summary());
                return Ok(());
            }
            let took = reply.took.as_secs_f64() * 1_000.0;
            if exists {
                existing.push(took)
            } else {
                missing.push(took)
            }
            texts.push(reply.text);
        }
    }
    let tries = texts.len();
    texts.sort();
    texts.dedup();
    let sent = format!("{tries} links: with a wrong secret, to no meeting, to one that has ended");
    let came = match &texts[..] {
        [one] => format!("one answer for all, byte for byte: {one}"),
        several => format!("{} answers that differ: {}", several.len(), several.join(" ")),
    };
    findings.note(1, texts.len() == 1, sent, came);

    let (existing, missing) = (median(&mut existing), median(&mut missing));
    let differ = (existing - missing).abs();
    let came = format!("{existing:.2} ms for a meeting that there is, {missing:.2} ms for none");
    findings.note(1, differ < TELLING_MS, "the same, by the clock (medians)", came);
    findings.figure(1, "existing_median_ms", existing);
    findings.figure(1, "missing_median_ms", missing);
    findings.figure(1, "tries_count", tries as f64);

    let bits = |one: MeetingId, other: MeetingId| {
        let pairs = one.as_bytes().iter().zip(other.as_bytes());
        pairs.map(|(one, other)| (one ^ other).count_ones()).sum::<u32>()
    };
    // Of 160 independent bits 80 differ; fewer than 40, or more than 120, by a chance of 1 in 10^10.
    let differing = bits(known.meeting(), ended.meeting());
    let came =
        format!("ids of 160 bits, of which {differing} differ, made on this device and taken as they are");
    findings.note(28, (40..=120).contains(&differing), "two new meetings", came);
    let came =
        if known.secret() == ended.secret() { "the same secret twice" } else { "two secrets of 128 bits" };
    findings.note(28, known.secret() != ended.secret(), "their links", came);
    Ok(())
}

/// Knocks as a fresh device with a link, and returns what is said to that.
async fn knock(target: &Target<'_>, meeting: MeetingId, secret: LinkSecret) -> Result<Reply, ClientError> {
    let mut stranger = Stranger::connect(target.server, target.trust).await?;
    let enter = stranger.enter(&mut fresh(meeting, secret), None)?;
    stranger.ask(enter).await
}

fn fresh(meeting: MeetingId, secret: LinkSecret) -> Device {
    Device::guest(meeting, secret, super::name("Stranger"), clock::unix_ms())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Tries to enter by rights that nobody gave.
pub(super) async fn try_rights(
    target: &Target<'_>,
    invite: &Invite,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    let dice = Provider::default();
    let meeting = invite.meeting();
    let wrong = LinkSecret::from_bytes(dice.random::<16>());
    let reply = knock(target, meeting, wrong).await?;
    findings.note(3, reply.is_refusal(), "the meeting's id without the link's secret", reply.summary());

    let nothing = || Credential::Device { grant: None };
    let junk = GrantBytes::try_from(vec![7; 300]).ok();
    let made_up =
        ResumeToken::try_from("A".repeat(43)).map_err(|_| ClientError::Misuse("43 letters are a token"))?;
    let rights = [
        ("a device that says it is in the group", nothing()),
        ("a grant of 300 bytes that no host signed", Credential::Device { grant: junk }),
        ("a place that was made up", Credential::Resume { token: made_up }),
    ];
    for (what, right) in rights {
        let mut stranger = Stranger::connect(target.server, target.trust).await?;
        let enter = stranger.enter(&mut fresh(meeting, invite.secret().clone()), None)?;
        let reply = stranger.ask(with_right(enter, right)).await?;
        findings.note(21, reply.is_refusal(), what, reply.summary());
    }
    // Somebody else's signature.
    let mut stranger = Stranger::connect(target.server, target.trust).await?;
    let (mut one, mut other) =
        (fresh(meeting, invite.secret().clone()), fresh(meeting, invite.secret().clone()));
    let (mine, theirs) = (stranger.enter(&mut one, None)?, stranger.enter(&mut other, None)?);
    if let (
        ClientMessage::Enter { meeting, device, credential, client, .. },
        ClientMessage::Enter { proof, .. },
    ) = (mine, theirs)
    {
        let reply = stranger.ask(ClientMessage::Enter { meeting, device, proof, credential, client }).await?;
        findings.note(21, reply.is_refusal(), "a device with another's signature", reply.summary());
    }
    Ok(())
}

/// Returns the same entry by another right.
pub(super) fn with_right(enter: ClientMessage, right: Credential) -> ClientMessage {
    match enter {
        ClientMessage::Enter { meeting, device, proof, client, .. } => {
            ClientMessage::Enter { meeting, device, proof, credential: right, client }
        }
        other => other,
    }
}

/// Rows of who comes before a host.
pub(super) const EARLY_ROWS: [u8; 1] = [4];

/// Comes before any host, and sees whether it is more than waiting. Returns who waits.
pub(super) async fn come_early(
    invite: &Invite,
    target: &Target<'_>,
    findings: &mut Findings,
) -> Result<Participant, ClientError> {
    let early = Participant::join(target.guest(invite, "Early"));
    let state =
        early.until("the lobby", PATIENCE, |state| state.phase == Phase::Waiting || state.role.is_some());
    let state = state.await?;
    let held = state.phase == Phase::Waiting && state.role.is_none() && !state.host_present;
    let came = match state.role {
        Some(role) => format!("a place, as {role:?}"),
        None => format!("waits; a host is there: {}", state.host_present),
    };
    findings.note(4, held, "a guest with the link, before any host", came);
    Ok(early)
}

/// Rows of who waits.
pub(super) const LOBBY_ROWS: [u8; 3] = [3, 4, 5];

/// While the meeting goes on: what a guest in the lobby gets, and what it is answered when it asks for more.
pub(super) async fn wait_at_the_door(
    target: &Target<'_>,
    hall: &Hall,
    early: &Participant,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    let state = early.state();
    let held = state.phase == Phase::Waiting && state.role.is_none();
    findings.note(4, held, "a host comes in", format!("the one who was early: {:?}", state.phase));

    let mut stranger = Stranger::connect(target.server, target.trust).await?;
    let enter = stranger.enter(&mut fresh(hall.invite.meeting(), hall.invite.secret().clone()), None)?;
    let reply = stranger.ask(enter).await?;
    let waits = matches!(&reply.message, Some(message) if kind(message) == "waiting");
    findings.note(3, waits, "the whole link, while the meeting goes on", reply.summary());

    let before = hall.member.state().decrypted;
    let mut heard = stranger.listen(WAITING).await;
    heard.insert(0, reply.text);
    let inside = hall.member.state().decrypted - before;
    let bytes: usize = heard.iter().map(String::len).sum();
    let strange: Vec<_> = heard.iter().filter(|text| !is_for_the_lobby(text)).map(String::as_str).collect();
    let came = if strange.is_empty() {
        format!("{} messages, {bytes} bytes, none of them about anybody inside", heard.len())
    } else {
        format!("{} that are not for it: {}", strange.len(), strange.join(" "))
    };
    findings.note(5, strange.is_empty(), "everything that a guest in the lobby is told in 2 s", came);
    findings.figure(5, "lobby_bytes", bytes as f64);
    findings.figure(5, "frames_inside_meanwhile_count", inside as f64);

    let state = early.state();
    let got = (state.media_packets, state.media_socket_bytes, state.decrypted);
    let came =
        format!("{} packets, {} bytes, {} frames; {inside} frames inside meanwhile", got.0, got.1, got.2);
    findings.note(5, got == (0, 0, 0) && inside > 0, "the media socket of a guest in the lobby", came);
    let keyless =
        !matches!(state.stage(), DeviceStage::Member | DeviceStage::Sealed) && state.members().is_empty();
    let came = if keyless && state.participants.is_empty() { "no key, no list" } else { "a key, or a list" };
    findings.note(5, keyless && state.participants.is_empty(), "its device", came);

    let offer = MediaOffer {
        sdp: "v=0\r\n".parse().map_err(|_| ClientError::Misuse("a short description is one"))?,
        up: Vec::new(),
        down: Vec::new(),
    };
    let more = [
        ("to join from the lobby", ClientMessage::Join { offer, media: Default::default() }),
        ("for the group, from the lobby", ClientMessage::GroupState {}),
        (
            "for missed handshakes, from the lobby",
            ClientMessage::Missed { epoch: sabha_protocol::GroupEpoch(0) },
        ),
        ("for the end of the meeting, from the lobby", ClientMessage::End {}),
    ];
    for (what, message) in more {
        let reply = stranger.ask(message).await?;
        findings.note(5, reply.is_refusal(), format!("asks {what}"), reply.summary());
        if reply.text.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Returns whether a message is one of those that somebody who waits may be sent, with nothing in it of anybody inside.
fn is_for_the_lobby(text: &str) -> bool {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let fields = |names: &[&str]| {
        value["body"].as_object().is_some_and(|body| body.keys().all(|name| names.contains(&name.as_str())))
    };
    match value["body"]["type"].as_str() {
        Some("waiting") => fields(&["type", "you", "host_present", "title"]),
        Some("welcome") => fields(&["type", "version", "boot_epoch", "challenge"]),
        Some("door") => fields(&["type", "from", "payload"]),
        Some("closed") => fields(&["type", "reason", "by"]),
        Some("draining") => fields(&["type", "remaining_ms"]),
        Some("pong" | "done") => fields(&["type"]),
        Some("refused") => fields(&["type", "rule", "message"]),
        _ => false,
    }
}

/// Lets a guest in by hand, once it has proven the passcode.
pub(super) async fn let_in(
    host: &Participant,
    config: ParticipantConfig,
) -> Result<Participant, ClientError> {
    let guest = Participant::join(config);
    let waits = guest.until("the lobby", PATIENCE, |state| state.phase == Phase::Waiting).await?;
    let id = waits.you.ok_or(ClientError::Misuse("who waits has a number"))?;
    host.until("a proof of the passcode", PATIENCE, |state| {
        state.lobby().iter().any(|one| one.guest == id && one.passcode == PasscodeProof::Proven)
    })
    .await?;
    host.admit(id);
    guest.until_joined(PATIENCE).await?;
    Ok(guest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_somebody_inside_is_not_for_the_lobby() {
        for text in [
            r#"{"re":1,"body":{"type":"waiting","you":3,"host_present":true,"title":null}}"#,
            r#"{"body":{"type":"pong"}}"#,
        ] {
            assert!(is_for_the_lobby(text), "{text}");
        }
        for text in [
            r#"{"re":1,"body":{"type":"waiting","you":3,"host_present":true,"participants":[]}}"#,
            r#"{"body":{"type":"participant_joined","participant":{}}}"#,
            r#"{"body":{"type":"welcomed","welcome":"","tree":""}}"#,
            "junk",
        ] {
            assert!(!is_for_the_lobby(text), "{text}");
        }
    }
}
