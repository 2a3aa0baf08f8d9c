//! Guessing: as many wrong passcodes as a host's device looks at in a meeting, and the right one after them. From one address
//! a server passes fewer of them on.

use std::time::Duration;

use super::{PATIENCE, Target, findings::Findings};
use crate::{
    error::ClientError,
    participant::{Participant, ParticipantConfig, Phase, Snapshot},
};
use sabha_crypto::pake::MEETING_FAILURES_MAX;
use sabha_protocol::{
    Rule,
    device::{PasscodeProof, PasscodeView},
    text::Passcode,
};

/// Rows that this looks at.
pub(super) const ROWS: [u8; 1] = [2];

/// Guessers at once.
const AT_ONCE: u32 = 4;

/// How long who knows the right passcode is heard that must not be looked at.
const LATE: Duration = Duration::from_secs(3);

/// Guesses in a meeting of the probe's own, whose host's device counts them.
pub(super) async fn guess(target: &Target<'_>, findings: &mut Findings) -> Result<(), ClientError> {
    let made = target.make().await?;
    let host = Participant::join_with(target.host(&made.invite), made.device);
    host.until_joined(PATIENCE).await?;
    let (mut tried, mut looked_at, mut let_in) = (0, 0, 0);
    while tried < MEETING_FAILURES_MAX {
        let round = AT_ONCE.min(MEETING_FAILURES_MAX - tried);
        let guessers: Vec<_> = (0..round)
            .map(|number| {
                let wrong: Result<Passcode, _> = format!("WRNG-{:04}", tried + number).parse();
                Participant::join(ParticipantConfig {
                    passcode: wrong.ok(),
                    ..target.guest(&made.invite, "Guesser")
                })
            })
            .collect();
        for guesser in guessers {
            let judged = |state: &Snapshot| was_wrong(state) || was_stopped(state) || is_in(state);
            let verdict = guesser.until("a verdict", PATIENCE, judged).await?;
            let_in += u32::from(is_in(&verdict));
            looked_at += u32::from(!was_stopped(&verdict));
            guesser.vanish().await;
        }
        tried += round;
        if let_in > 0 {
            break;
        }
    }
    let stopped = tried - looked_at;
    let came = match (let_in, stopped) {
        (0, 0) => format!("{looked_at} looked at by the host's device, each wrong, nobody let in"),
        (0, _) => format!(
            "{looked_at} looked at by the host's device, each wrong, nobody let in; {stopped} more from this address not passed on"
        ),
        _ => format!("{let_in} of {tried} told that they are in"),
    };
    findings.note(2, let_in == 0, "wrong passcodes, each by another device", came);
    findings.figure(2, "guesses_count", f64::from(looked_at));
    if let_in > 0 {
        drop(host.end().await);
        return Ok(());
    }

    let right = made.passcode.parse().ok();
    let late = Participant::join(ParticipantConfig { passcode: right, ..target.guest(&made.invite, "Late") });
    late.until("the lobby", PATIENCE, |state| state.phase == Phase::Waiting || is_in(state)).await?;
    // Told by the host's device not to ask, or by the server that it passes nothing on; or, by whoever keeps that from it,
    // nothing.
    let heard = |state: &Snapshot| is_off(state) || was_stopped(state) || is_in(state);
    let told = late.until("the host's word", LATE, heard).await.is_ok();
    let (state, seen) = (late.state(), host.state());
    let proven = seen.lobby().iter().any(|one| one.passcode == PasscodeProof::Proven);
    let off = matches!(seen.view.as_ref().map(|view| &view.passcode), Some(PasscodeView::Disabled { .. }));
    let stopped = was_stopped(&state);
    let held = !is_in(&state) && !proven && (off || stopped);
    let came = match (held, off) {
        (true, false) => {
            "not passed on: too many from this address were wrong; others have theirs".to_owned()
        }
        (true, true) if told => {
            "not asked for: the passcode is off until the host sets another, and both are told so".to_owned()
        }
        (true, true) => {
            "not looked at: the passcode is off until the host sets another, who is told so".to_owned()
        }
        (false, true) => "looked at although the passcode is off".to_owned(),
        (false, false) => "the passcode is still on".to_owned(),
    };
    findings.note(2, held, "the right passcode after them", came);
    drop(late);
    let (_, ended) = host.end().await;
    ended
}

fn was_wrong(state: &Snapshot) -> bool {
    // The last of them is told that it was wrong, and at once that nobody is asked any more.
    let wrong = matches!(
        state.view.as_ref().map(|view| &view.passcode),
        Some(PasscodeView::Wanted { wrong: 1.., .. })
    );
    wrong || is_off(state)
}

/// Returns whether the server has not passed the guess on.
fn was_stopped(state: &Snapshot) -> bool {
    state.was_refused_by(Rule::PasscodeRate)
}

fn is_off(state: &Snapshot) -> bool {
    matches!(state.view.as_ref().map(|view| &view.passcode), Some(PasscodeView::Off {}))
}

/// Returns whether the server says that this one is in, true or not.
fn is_in(state: &Snapshot) -> bool {
    state.role.is_some() || matches!(state.phase, Phase::Joining | Phase::Joined)
}
