//! Whole scenarios against a running server, for figures: how long joining takes one by one and in a crowd, and what a
//! soak leaves behind.

mod crowd;
mod doorman;
mod join_times;
mod soak;

pub use crowd::{CrowdConfig, crowd};
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
    tls::Trust,
};

/// Time for anything that should take milliseconds. Long, so that a loaded machine does not spoil a run.
const PATIENCE: Duration = Duration::from_secs(20);

/// Creates a meeting and enters it as a host that sends voice and camera and admits everybody.
async fn open(
    new: &NewMeeting,
    trust: &Trust,
    suite: MeetingSuite,
) -> Result<(Invite, Participant), ClientError> {
    let name = "Host".parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    let options = CreateOptions {
        suite,
        title: None,
        name,
        passcode: None,
        admits: false,
        by_mail: false,
        floor: sabha_crypto::policy::Controls::default(),
        controls: sabha_crypto::policy::Controls::default(),
    };
    let CreatedMeeting { invite, device, .. } = create_meeting(new, trust, options.clone()).await?;
    let config =
        ParticipantConfig { trust: trust.clone(), ..ParticipantConfig::host(invite.clone(), options.name) };
    let host = Participant::join_with(config, device);
    host.until_joined(PATIENCE).await?;
    Ok((invite, host))
}

/// Returns the configuration of the guest with this number.
fn guest(invite: &Invite, trust: &Trust, number: u64) -> Result<ParticipantConfig, ClientError> {
    let name = format!("Guest {number}").parse().map_err(|_| ClientError::Misuse("the name is not one"))?;
    Ok(ParticipantConfig {
        seed: number + 2,
        trust: trust.clone(),
        ..ParticipantConfig::guest(invite.clone(), name)
    })
}
