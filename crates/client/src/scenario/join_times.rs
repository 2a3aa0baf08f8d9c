//! From opening the WebSocket to the first picture that can be decoded, join after join.

use super::{PATIENCE, guest, open};
use crate::{
    error::ClientError,
    link::NewMeeting,
    participant::{Participant, Subscription},
    report::{JoinTimes, Percentiles, first_key_frame_ms},
};

/// What to measure.
#[derive(Clone, Debug)]
pub struct JoinTimesConfig {
    /// Where.
    pub new: NewMeeting,
    /// How many joins, one after the other.
    pub joins: usize,
    /// Height of the tile, in pixels, that each asks for.
    pub height: u16,
}

/// Lets guests join a meeting with one publisher, one after the other, and measures each. Knocking and
/// being admitted by a host that answers at once is part of it.
///
/// # Errors
/// When the meeting cannot be opened. A join that fails is counted.
pub async fn join_times(config: &JoinTimesConfig) -> Result<JoinTimes, ClientError> {
    let (meeting, host) = open(&config.new).await?;
    let (mut joined, mut connected, mut first) = (Vec::new(), Vec::new(), Vec::new());
    let mut failed = 0;
    for number in 0..config.joins {
        let mut watcher = guest(&meeting, number as u64)?;
        watcher.publish = Vec::new();
        watcher.subscription = Subscription::all(config.height);
        let watcher = Participant::join(watcher);
        let found = watcher.until("a picture", PATIENCE, |state| first_key_frame_ms(state).is_some()).await;
        match found {
            Ok(state) => {
                joined.extend(state.joined_ms);
                connected.extend(state.media_connected_ms);
                first.extend(first_key_frame_ms(&state));
            }
            Err(_) => failed += 1,
        }
        // How a guest leaves is not what is measured.
        drop(watcher.leave().await);
    }
    drop(host.end().await);
    Ok(JoinTimes {
        joined: Percentiles::of(joined),
        media_connected: Percentiles::of(connected),
        first_key_frame: Percentiles::of(first),
        failed,
    })
}
