//! Whole scenarios against a running server, for figures: how long joining takes, and what a soak leaves behind.

mod join_times;
mod soak;

pub use join_times::{JoinTimesConfig, join_times};
pub use soak::{SoakConfig, soak};

use std::time::Duration;

use crate::{
    error::ClientError,
    http::{CreatedMeeting, create_meeting},
    link::NewMeeting,
    participant::{Participant, ParticipantConfig},
};

/// Time for anything that should take milliseconds. Long, so that a loaded machine does not spoil a run.
const PATIENCE: Duration = Duration::from_secs(20);

/// Creates a meeting and enters it as a host that sends voice and camera and admits everybody.
async fn open(new: &NewMeeting) -> Result<(CreatedMeeting, Participant), ClientError> {
    let meeting = create_meeting(new, None).await?;
    let name = "Host".parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    let config = ParticipantConfig::host(meeting.invite.clone(), meeting.host_token.clone(), name);
    let host = Participant::join(config);
    host.until_joined(PATIENCE).await?;
    Ok((meeting, host))
}

/// Returns the configuration of the guest with this number.
fn guest(meeting: &CreatedMeeting, number: u64) -> Result<ParticipantConfig, ClientError> {
    let name = format!("Guest {number}").parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    Ok(ParticipantConfig { seed: number + 2, ..ParticipantConfig::guest(meeting.invite.clone(), name) })
}
