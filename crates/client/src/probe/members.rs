//! Inside: what a member can do that it may not, who is in the list, what the server was told, and what who was removed has
//! left.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use sabha_crypto::{
    group::Provider,
    link::LinkSecret,
    sframe::{BaseKey, CipherSuite, Receiver, Sender},
};
use sabha_protocol::{
    DeviceKey, GroupEpoch, Rule, Source,
    opaque::{GroupInfo, HandshakeMessage},
    wire::{ClientMessage, client::Credential},
};
use tokio::time::sleep;

use super::{Hall, PATIENCE, Target, entry::with_right, findings::Findings, stranger::Stranger};
use crate::{
    error::ClientError,
    http::{Ask, ask},
    participant::{Participant, Phase},
    state::DeviceState,
};

/// Rows of members.
pub(super) const ROWS: [u8; 8] = [6, 7, 10, 11, 12, 16, 24, 30];

/// Time for a refusal that comes at once.
const REFUSAL_MAX: Duration = Duration::from_secs(5);

/// Frames that have to be opened before it is said that frames are.
const FRAMES: u64 = 20;

/// What no message of the protocol is, by the row that it belongs to.
fn strange_messages(host: u32) -> Vec<(u8, &'static str, String)> {
    let said = |row, what, body: String| (row, what, format!("{{\"id\":9000,\"body\":{body}}}"));
    vec![
        said(10, "a file with a path of the sender's choice", r#"{"type":"file","name":"../../x","bytes":"AAAA"}"#.to_owned()),
        (11, "two values under one name", r#"{"id":9000,"body":{"type":"ping"},"body":{"type":"end"}}"#.to_owned()),
        (11, "a field that there is not", r#"{"id":9000,"body":{"type":"ping","and":"more"}}"#.to_owned()),
        (11, "a second message after the first", r#"{"id":9000,"body":{"type":"ping"}}{"id":9001,"body":{"type":"end"}}"#.to_owned()),
        (11, "XML", "<message><body>x</body></message>".to_owned()),
        said(11, "a word in another's name", format!(r#"{{"type":"relay","from":{host},"to":null,"payload":"AAAA"}}"#)),
        said(12, "a wish to switch on the host's camera", format!(r#"{{"type":"unmute","participant":{host},"source":"camera"}}"#)),
        said(12, "a wish to control the host's screen", format!(r#"{{"type":"control","participant":{host}}}"#)),
        said(16, "that the host does not look at the window", format!(r#"{{"type":"attention","participant":{host}}}"#)),
        said(30, "a wish to be in the meeting unseen", r#"{"type":"join","hidden":true,"offer":{"sdp":"v=0\r\n","up":[],"down":[]},"media":{"microphone":false,"camera":false,"screen":false,"screen_audio":false}}"#.to_owned()),
    ]
}

/// As a member: says what no client says, and looks at the list, the frames and at what the server was told.
pub(super) async fn misbehave(
    target: &Target<'_>,
    hall: &Hall,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    let host = hall.host.state();
    let number = host.you.ok_or(ClientError::Misuse("who is in has a number"))?;
    for (row, what, text) in strange_messages(number.0) {
        let came = refusal_of(&hall.member, text).await?;
        let held = came == Some(Rule::WellFormed);
        let came =
            came.map_or_else(|| "taken without a word".to_owned(), |rule| format!("refused by {rule}"));
        findings.note(row, held, format!("a guest sends {what}"), came);
    }
    // What only hosts may do, in the protocol's own words.
    let acts = [
        (
            12,
            "to switch off the host's microphone",
            format!(r#"{{"type":"mute","participant":{number},"source":"microphone"}}"#),
        ),
        (12, "to end the meeting", r#"{"type":"end"}"#.to_owned()),
    ];
    for (row, what, body) in acts {
        let came = refusal_of(&hall.member, format!("{{\"id\":9000,\"body\":{body}}}")).await?;
        let held = came == Some(Rule::HostOnly);
        let came =
            came.map_or_else(|| "taken without a word".to_owned(), |rule| format!("refused by {rule}"));
        findings.note(row, held, format!("a guest asks {what}"), came);
    }
    let after = hall.host.state();
    let same =
        after.phase == Phase::Joined && after.media == host.media && after.chat.len() == host.chat.len();
    let came =
        if same { "goes on, with the same on and off, and nothing said to it" } else { "something changed" };
    for row in [11, 12] {
        findings.note(row, same, "the host meanwhile", came);
    }
    look_at_lists(hall, findings);
    look_at_frames(hall, findings).await?;
    look_at_ciphers(target, findings).await?;
    look_at_what_was_told(hall, findings).await
}

/// Says something, and returns the rule by which it is refused; nothing if it is not.
async fn refusal_of(member: &Participant, text: String) -> Result<Option<Rule>, ClientError> {
    let before = member.state().refusals.len();
    member.send_text(text);
    let refused = member
        .until("a refusal", REFUSAL_MAX, |state| state.refusals.len() > before || state.phase == Phase::Over);
    match refused.await {
        Ok(state) if state.phase == Phase::Over => Err(ClientError::Timeout("staying in the meeting")),
        Ok(state) => Ok(state.refusals.last().map(|refusal| refusal.rule)),
        Err(_) => Ok(None),
    }
}

fn look_at_lists(hall: &Hall, findings: &mut Findings) {
    for (who, participant) in [("the host", &hall.host), ("a guest", &hall.member)] {
        let state = participant.state();
        let listed: BTreeSet<DeviceKey> = state.participants.values().map(|one| one.device).collect();
        let keyed: BTreeSet<DeviceKey> = state.members().iter().map(|one| one.device).collect();
        let held = listed == keyed && keyed.len() == 3;
        let came =
            format!("{} in the server's list, {} hold keys by a host's signature", listed.len(), keyed.len());
        for row in [24, 30] {
            findings.note(row, held, format!("the list that {who} has"), &came);
        }
    }
}

async fn look_at_frames(hall: &Hall, findings: &mut Findings) -> Result<(), ClientError> {
    let before = hall.member.state().decrypted;
    let state = hall.member.until("frames", PATIENCE, |state| state.decrypted >= before + FRAMES).await?;
    let held = state.dropped.not_authentic == 0;
    let came = format!("{} opened, {} not authentic", state.decrypted, state.dropped.not_authentic);
    findings.note(6, held, "frames of the host through this server", came);

    // The same two sealed frames that this client would send: what a server or a wire sees of a still picture.
    let failed = |_| ClientError::Misuse("a frame of 4,096 bytes can be sealed");
    let suite = CipherSuite::Aes128GcmSha256;
    let base =
        BaseKey::new(&Provider::default().random::<16>()).map_err(|_| ClientError::Misuse("a key is one"))?;
    let mut sender = Sender::new(suite);
    sender.switch_epoch(1, 0, &base).map_err(failed)?;
    let still = [0_u8; 4_096];
    let (mut one, mut two) = (Vec::new(), Vec::new());
    sender.encrypt_into(Source::Camera, &still, 0, &mut one).map_err(failed)?;
    sender.encrypt_into(Source::Camera, &still, 0, &mut two).map_err(failed)?;
    let blocks: Vec<_> = one.chunks_exact(16).chain(two.chunks_exact(16)).collect();
    let distinct: BTreeSet<_> = blocks.iter().collect();
    let repeated = blocks.len() - distinct.len();
    let came = format!("{} blocks of 16 bytes, {repeated} of them twice", blocks.len());
    findings.note(6, repeated == 0, "two frames of 4,096 zeros, sealed as this client seals", came);
    let mut receiver = Receiver::new(suite);
    receiver.arm(1, &base, [(0, Source::Camera)]).map_err(failed)?;
    if let Some(byte) = two.last_mut() {
        *byte ^= 1;
    }
    let altered = receiver.decrypt_in_place(&mut two, 0).is_err();
    findings.note(6, altered, "one bit changed in one of them", if altered { "refused" } else { "opened" });
    Ok(())
}

/// Under which ciphers media reached this server so far, which it tells programs on its own machine only.
async fn look_at_ciphers(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let metrics =
        ask(target.server, target.trust, Ask { bytes_max: 1024 * 1024, ..Ask::get("GET /metrics") }).await?;
    let text = metrics.text();
    let count = |profile: &str| {
        let name = format!("sabha_media_connections_total{{profile=\"{profile}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok())
    };
    if let Some(strong) = count("aes_gcm").filter(|_| metrics.status == 200) {
        let refused = count("other").unwrap_or_default();
        let came = format!("{strong} under AES-GCM; {refused} offered another, and were closed");
        findings.note(6, strong >= 3, "DTLS-SRTP of media to this server, by its metrics", came);
    }
    Ok(())
}

async fn look_at_what_was_told(hall: &Hall, findings: &mut Findings) -> Result<(), ClientError> {
    let words = "we meet at the banyan tree at noon";
    // A host writes where hosts may; where nobody may, nothing is written.
    hall.host.chat(words.parse().map_err(|_| ClientError::Misuse("a sentence can be said"))?);
    let member = &hall.member;
    let heard =
        member.until("a word", PATIENCE, |state| state.chat.iter().any(|line| line.text.as_str() == words));
    let forbidden = hall.host.until("a refusal", PATIENCE, |state| state.was_refused_by(Rule::ChatSafe));
    let said = tokio::select! {
        heard = heard => heard.map(|_| true)?,
        forbidden = forbidden => !forbidden.map(|_| true)?,
    };
    let mut told: Vec<Vec<u8>> = Vec::new();
    for text in hall.taps.iter().flat_map(crate::signalling::Tap::messages) {
        unfold(&text, &mut told);
    }
    let bytes: usize = told.iter().map(Vec::len).sum();
    let contains = |secret: &[u8]| {
        let in_part =
            |form: &Vec<u8>| told.iter().any(|part| part.windows(form.len()).any(|window| window == form));
        forms(secret).iter().any(in_part)
    };
    // What is not secret is found, or nothing would be.
    let sees = contains(hall.invite.meeting().to_string().as_bytes());
    let compact = hall.passcode.replace('-', "");
    let secrets = [
        ("the link's secret", hall.invite.secret().expose().to_vec()),
        ("the passcode", hall.passcode.clone().into_bytes()),
        ("the passcode as it is compared", compact.into_bytes()),
        ("a name", hall.member_name.as_str().as_bytes().to_vec()),
        ("the meeting's title", super::TITLE.as_bytes().to_vec()),
    ];
    let words = said.then(|| ("what was said", words.as_bytes().to_vec()));
    for (what, secret) in secrets.into_iter().chain(words) {
        let held = sees && !contains(&secret);
        let came = if held { format!("not in the {bytes} bytes") } else { "told".to_owned() };
        findings.note(7, held, format!("{what}, in all that the server was told"), came);
    }
    Ok(())
}

/// Adds a message, and every string in it with the bytes that it stands for.
fn unfold(text: &str, into: &mut Vec<Vec<u8>>) {
    fn strings(value: &serde_json::Value, into: &mut Vec<Vec<u8>>) {
        match value {
            serde_json::Value::String(text) => into.extend(BASE64URL_NOPAD.decode(text.as_bytes())),
            serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
            serde_json::Value::Object(fields) => fields.values().for_each(|value| strings(value, into)),
            _ => {}
        }
    }
    into.push(text.as_bytes().to_vec());
    if let Ok(value) = serde_json::from_str(text) {
        strings(&value, into);
    }
}

/// Returns the forms in which a secret might be told.
fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let texts = [BASE64URL_NOPAD.encode(secret), BASE64.encode(secret), HEXLOWER.encode(secret)];
    texts.into_iter().map(String::into_bytes).chain([secret.to_vec()]).collect()
}

/// Rows of who was removed.
pub(super) const REMOVED_ROWS: [u8; 2] = [20, 21];

/// The member's device on disk, gone when this is.
pub(super) struct Kept(pub(super) PathBuf);

impl Kept {
    pub(super) fn new() -> Self {
        let name = HEXLOWER.encode(&Provider::default().random::<8>());
        Self(std::env::temp_dir().join(format!("sabha-probe-{name}")))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // One that was never written is as good as gone.
        drop(std::fs::remove_file(&self.0));
    }
}

/// Removes the member, who goes on listening with every key it has, and tries each way back. Ends the member.
pub(super) async fn remove(
    target: &Target<'_>,
    hall: Hall,
    findings: &mut Findings,
) -> Result<Hall2, ClientError> {
    let Hall { invite, host, member, other, kept, early, .. } = hall;
    let number = member.state().you.ok_or(ClientError::Misuse("who is in has a number"))?;
    let resume = member.state().resume_token().cloned();
    host.remove(number);
    let removed = member.until("the removal", PATIENCE, |state| state.over.is_some()).await;
    if let Err(error) = removed {
        findings.note(20, false, "a host removes a guest", "the guest is not told, and stays");
        return Err(error);
    }
    host.until("an empty place", PATIENCE, |state| !state.participants.contains_key(&number)).await?;
    // What was on its way at that moment still comes.
    sleep(Duration::from_millis(500)).await;
    let (then, others_then) = (member.state(), other.state().decrypted);
    let began = Instant::now();
    let (report, _) = member.finish().await;
    let listened = began.elapsed();
    let others = other.state().decrypted - others_then;
    let opened = report.decrypted.saturating_sub(then.decrypted);
    let packets = report.media_packets.saturating_sub(then.media_packets);
    let came = format!(
        "{opened} frames opened, {packets} packets received; {others} frames opened by another guest"
    );
    let sent = format!("who was removed listens on with its keys, {:.1} s", listened.as_secs_f64());
    findings.note(20, opened == 0 && packets == 0 && others > 0, sent, came);
    findings.figure(20, "frames_opened_after_removal_count", opened as f64);
    findings.figure(20, "packets_after_removal_count", packets as f64);

    let keeps = DeviceState::load(&kept.0)?;
    let mut device = keeps.restore()?;
    let mut stranger = Stranger::connect(target.server, target.trust).await?;
    let by_grant = stranger.enter(&mut device, None)?;
    let reply = stranger.ask(by_grant.clone()).await?;
    findings.note(20, reply.is_refusal(), "it comes back with the grant it had", reply.summary());

    if let Some(resume) = resume {
        let mut device = keeps.restore()?;
        let mut stranger = Stranger::connect(target.server, target.trust).await?;
        let by_place = stranger.enter(&mut device, Some(resume))?;
        let reply = stranger.ask(by_place).await?;
        findings.note(20, reply.is_refusal(), "it comes back to the place it had", reply.summary());
    }
    if let ClientMessage::Enter { credential: right @ Credential::Device { grant: Some(_) }, .. } = by_grant {
        let mut stranger = Stranger::connect(target.server, target.trust).await?;
        let enter = stranger.enter(&mut ghost(&invite), None)?;
        let reply = stranger.ask(with_right(enter, right)).await?;
        findings.note(21, reply.is_refusal(), "another device with the grant that it had", reply.summary());
    }
    commit_from_outside(target, &invite, findings).await?;
    Ok(Hall2 { host, other, _early: early })
}

fn ghost(invite: &crate::link::Invite) -> sabha_crypto::device::Device {
    let secret: &LinkSecret = invite.secret();
    sabha_crypto::device::Device::guest(
        invite.meeting(),
        secret.clone(),
        super::name("Ghost"),
        crate::clock::unix_ms(),
    )
}

/// From the lobby: a commit that would add somebody, as bytes that no member has made.
async fn commit_from_outside(
    target: &Target<'_>,
    invite: &crate::link::Invite,
    findings: &mut Findings,
) -> Result<(), ClientError> {
    let short = |_| ClientError::Misuse("300 bytes are a message");
    let mut stranger = Stranger::connect(target.server, target.trust).await?;
    let enter = stranger.enter(&mut ghost(invite), None)?;
    stranger.ask(enter).await?;
    let commit = ClientMessage::Commit {
        epoch: GroupEpoch(0),
        commit: HandshakeMessage::try_from(vec![7; 300]).map_err(short)?,
        welcome: None,
        group_info: GroupInfo::try_from(vec![7; 300]).map_err(short)?,
    };
    let reply = stranger.ask(commit).await?;
    findings.note(
        20,
        reply.is_refusal(),
        "a commit from the lobby that would let a ghost in",
        reply.summary(),
    );
    Ok(())
}

/// Who is left once the member is gone.
pub(super) struct Hall2 {
    pub(super) host: Participant,
    pub(super) other: Participant,
    _early: Participant,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form_in_which_it_might_be_told() {
        let secret = b"0123456789abcdef";
        for text in [
            "0123456789abcdef".to_owned(),
            BASE64URL_NOPAD.encode(secret),
            BASE64URL_NOPAD.encode(b"before 0123456789abcdef after"),
            HEXLOWER.encode(secret),
        ] {
            let mut told = Vec::new();
            unfold(&format!("{{\"a\":[\"{text}\"]}}"), &mut told);
            let found = forms(secret).iter().any(|form| {
                told.iter().any(|part| part.windows(form.len()).any(|window| window == &form[..]))
            });
            assert!(found, "{text}");
        }
    }

    #[test]
    fn what_no_message_is_is_none() {
        for (_, what, text) in strange_messages(1) {
            assert!(serde_json::from_str::<sabha_protocol::wire::ClientFrame>(&text).is_err(), "{what}");
        }
    }
}
