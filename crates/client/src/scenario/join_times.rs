//! From opening the WebSocket to the first picture that can be decoded, join after join.

use std::time::Duration;

use sabha_crypto::device::MeetingSuite;
use tokio::time::sleep;

use super::{PATIENCE, guest, open};
use crate::{
    error::ClientError,
    link::{Invite, NewMeeting},
    participant::{Participant, ParticipantConfig, Subscription},
    report::{JoinTimes, Percentiles, first_key_frame_ms},
    tls::Trust,
};

/// What to measure.
#[derive(Clone, Debug)]
pub struct JoinTimesConfig {
    /// Where.
    pub new: NewMeeting,
    /// Whose word is taken on who that is.
    pub trust: Trust,
    /// The meeting's cipher suite.
    pub suite: MeetingSuite,
    /// How many joins, one after the other.
    pub joins: usize,
    /// Height of the tile, in pixels, that each asks for.
    pub height: u16,
    /// Between two joins, give or take a tenth. A source gives at most two key frames a second
    /// (`limits::KEYFRAME_INTERVAL`), so joins that follow each other faster measure that limit.
    pub pause: Duration,
}

/// Steps over which the pause varies, so that joins do not keep one phase to the publisher's frames.
const PHASES: u32 = 7;

/// Lets guests join a meeting with one publisher and one watcher, one after the other, and measures each.
/// Knocking and being admitted by a host that answers at once is part of it, and so is asking the publisher
/// for a key frame: its picture is being sent already.
///
/// # Errors
/// When the meeting cannot be opened. A join that fails is counted.
pub async fn join_times(config: &JoinTimesConfig) -> Result<JoinTimes, ClientError> {
    let (meeting, host) = open(&config.new, &config.trust, config.suite).await?;
    let steady = Participant::join(watcher(config, &meeting, 0)?);
    steady.until("a picture", PATIENCE, |state| first_key_frame_ms(state).is_some()).await?;
    let (mut joined, mut connected, mut first) = (Vec::new(), Vec::new(), Vec::new());
    let mut failed = 0;
    for number in 1..=config.joins {
        sleep(config.pause * (90 + 3 * (number as u32 % PHASES)) / 100).await;
        let joiner = Participant::join(watcher(config, &meeting, number as u64)?);
        let found = joiner.until("a picture", PATIENCE, |state| first_key_frame_ms(state).is_some()).await;
        match found {
            Ok(state) => {
                joined.extend(state.joined_ms);
                connected.extend(state.media_connected_ms);
                first.extend(first_key_frame_ms(&state));
            }
            Err(_) => failed += 1,
        }
        // How a guest leaves is not what is measured.
        drop(joiner.leave().await);
    }
    drop(host.end().await);
    drop(steady.finish().await);
    Ok(JoinTimes {
        joined: Percentiles::of(joined),
        media_connected: Percentiles::of(connected),
        first_key_frame: Percentiles::of(first),
        failed,
    })
}

/// Returns the configuration of somebody who only watches.
fn watcher(
    config: &JoinTimesConfig,
    meeting: &Invite,
    number: u64,
) -> Result<ParticipantConfig, ClientError> {
    let subscription = Subscription::all(config.height);
    Ok(ParticipantConfig { publish: Vec::new(), subscription, ..guest(meeting, &config.trust, number)? })
}
