//! Guessing: a meeting's twenty wrong passcodes, and the right one after them.

use std::time::Duration;

use super::{PATIENCE, Target, findings::Findings};
use crate::{
    error::ClientError,
    participant::{Participant, ParticipantConfig, Phase, Snapshot},
};
use sabha_crypto::pake::MEETING_FAILURES_MAX;
use sabha_protocol::{
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
    let (mut looked_at, mut let_in) = (0, 0);
    while looked_at < MEETING_FAILURES_MAX {
        let round = AT_ONCE.min(MEETING_FAILURES_MAX - looked_at);
        let guessers: Vec<_> = (0..round)
            .map(|number| {
                let wrong: Result<Passcode, _> = format!("WRNG-{:04}", looked_at + number).parse();
                Participant::join(ParticipantConfig {
                    passcode: wrong.ok(),
                    ..target.guest(&made.invite, "Guesser")
                })
            })
            .collect();
        for guesser in guessers {
            let verdict =
                guesser.until("a verdict", PATIENCE, |state| was_wrong(state) || is_in(state)).await?;
            let_in += u32::from(is_in(&verdict));
            guesser.vanish().await;
        }
        looked_at += round;
        if let_in > 0 {
            break;
        }
    }
    let came = if let_in == 0 {
        format!("{looked_at} looked at by the host's device, each wrong, nobody let in")
    } else {
        format!("{let_in} of {looked_at} told that they are in")
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
    // Told by the host's device not to ask; or, by whoever keeps that from it, nothing.
    let told = late.until("the host's word", LATE, |state| is_off(state) || is_in(state)).await.is_ok();
    let (state, seen) = (late.state(), host.state());
    let proven = seen.lobby().iter().any(|one| one.passcode == PasscodeProof::Proven);
    let off = matches!(seen.view.as_ref().map(|view| &view.passcode), Some(PasscodeView::Disabled { .. }));
    let held = !is_in(&state) && !proven && off;
    let came = match (held, off) {
        (true, _) if told => {
            "not asked for: the passcode is off until the host sets another, and both are told so".to_owned()
        }
        (true, _) => {
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

fn is_off(state: &Snapshot) -> bool {
    matches!(state.view.as_ref().map(|view| &view.passcode), Some(PasscodeView::Off {}))
}

/// Returns whether the server says that this one is in, true or not.
fn is_in(state: &Snapshot) -> bool {
    state.role.is_some() || matches!(state.phase, Phase::Joining | Phase::Joined)
}
