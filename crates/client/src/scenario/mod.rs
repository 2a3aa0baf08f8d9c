//! Whole scenarios against a running server, for figures: how long joining takes, and what a soak leaves behind.

mod doorman;
mod join_times;
mod soak;

pub use doorman::{DoorEvent, DoorRules, keep_door};
pub use join_times::{JoinTimesConfig, join_times};
pub use soak::{SoakConfig, soak};

use std::time::Duration;

use sabha_crypto::device::{CreateOptions, MeetingSuite};

use crate::{
    error::ClientError,
    http::{CreatedMeeting, create_meeting},
    link::{Invite, NewMeeting},
    participant::{Participant, ParticipantConfig},
};

/// Time for anything that should take milliseconds. Long, so that a loaded machine does not spoil a run.
const PATIENCE: Duration = Duration::from_secs(20);

/// Creates a meeting and enters it as a host that sends voice and camera and admits everybody.
async fn open(new: &NewMeeting, suite: MeetingSuite) -> Result<(Invite, Participant), ClientError> {
    let name = "Host".parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    let options = CreateOptions { suite, title: None, name, passcode: None, admits: false };
    let CreatedMeeting { invite, device, .. } = create_meeting(new, options.clone()).await?;
    let host = Participant::join_with(ParticipantConfig::host(invite.clone(), options.name), device);
    host.until_joined(PATIENCE).await?;
    Ok((invite, host))
}

/// Returns the configuration of the guest with this number.
fn guest(invite: &Invite, number: u64) -> Result<ParticipantConfig, ClientError> {
    let name = format!("Guest {number}").parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    Ok(ParticipantConfig { seed: number + 2, ..ParticipantConfig::guest(invite.clone(), name) })
}
